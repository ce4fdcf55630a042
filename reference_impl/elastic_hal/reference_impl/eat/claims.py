"""The claims of the token: which there are, how they are encoded, and a decoder that accepts nothing else.

`docs/evidence.md` is the prose of this module. The set of claims is closed: a verifier cannot judge what it does not
know, so a new claim means a new profile.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import cbor2

from elastic_hal.runtime.platform import Measurement

from .cbor import Value, decode, is_integer
from .claim_values import (
    CONFIRMATION,
    COSE_KEY,
    DEBUG_STATUS,
    DIGEST,
    EAT_PROFILE,
    ISSUED_AT,
    NONCE,
    NONCE_BYTES,
    PLATFORM_TYPE,
    SUBMODULES_KEY,
    UEID,
    confirmation,
    encode_digest,
    measurement,
    short_text,
    sized_bytes,
    time_of_issue,
)
from .cose_key import cose_key_from_spki
from .errors import EvidenceError

PROFILE: Final = "tag:elastic-hal,2026:eat"
PLATFORM_SIMULATED: Final = "simulated"
SUBMODULES: Final = ("platform", "runtime", "workload")

_REQUIRED: Final = {ISSUED_AT, NONCE, UEID, DEBUG_STATUS, EAT_PROFILE, SUBMODULES_KEY, PLATFORM_TYPE}


class DebugStatus(Enum):
    """Whether somebody can look into the environment (RFC 9711 section 4.2.9)."""

    ENABLED = 0
    DISABLED = 1
    DISABLED_SINCE_BOOT = 2
    DISABLED_PERMANENTLY = 3
    DISABLED_FULLY_AND_PERMANENTLY = 4


@dataclass(frozen=True, slots=True)
class Claims:
    """What the token states.

    `issued_at` counts seconds since 1970; `attested_key` is DER of SubjectPublicKeyInfo; `measurements` come in the
    order platform, runtime, workload.
    """

    nonce: bytes
    issued_at: int
    device: bytes
    debug: DebugStatus
    platform_type: str
    measurements: tuple[Measurement, ...]
    attested_key: bytes | None = None
    profile: str = PROFILE

    @property
    def token(self) -> "Claims":
        """These claims themselves: evidence of other formats has them beside what its hardware states."""
        return self

    def to_json(self) -> dict[str, object]:
        """Give the claims in the form of a JSON document."""
        return {
            "profile": self.profile,
            "platform-type": self.platform_type,
            "debug": self.debug.name.lower().replace("_", "-"),
            "device": self.device.hex(),
            "nonce": self.nonce.hex(),
            "issued-at": self.issued_at,
            "measurements": {
                measured.name: f"{measured.algorithm}:{measured.value.hex()}" for measured in self.measurements
            },
            "attested-key": None if self.attested_key is None else self.attested_key.hex(),
        }


def encode_claims(claims: Claims) -> bytes:
    """Encode deterministically. Raises `ValueError` for claims that the decoder would not take back."""
    document: dict[int, object] = {
        ISSUED_AT: claims.issued_at,
        NONCE: claims.nonce,
        UEID: claims.device,
        DEBUG_STATUS: claims.debug.value,
        EAT_PROFILE: claims.profile,
        SUBMODULES_KEY: {measured.name: {DIGEST: encode_digest(measured)} for measured in claims.measurements},
        PLATFORM_TYPE: claims.platform_type,
    }
    if claims.attested_key is not None:
        document[CONFIRMATION] = {COSE_KEY: cose_key_from_spki(claims.attested_key)}
    encoded = cbor2.dumps(document, canonical=True)
    if decode_claims(encoded) != claims:
        raise ValueError(
            "the claims cannot be stated: the measurements are not in the order platform, runtime, workload"
        )
    return encoded


def decode_claims(encoded: bytes) -> Claims:
    """Decode claims of our profile, or raise `EvidenceError`."""
    document = decode(encoded)
    if not isinstance(document, dict):
        raise EvidenceError("the claims are not a map")
    # The profile is read first: of another profile, nothing else can be said.
    profile = document.get(EAT_PROFILE)
    if profile != PROFILE:
        raise EvidenceError(f"the token is not of profile {PROFILE}")
    missing = sorted(_REQUIRED - set(document), key=str)
    if missing:
        raise EvidenceError(f"claim {missing[0]} is missing")
    unknown = sorted(set(document) - _REQUIRED - {CONFIRMATION}, key=str)
    if unknown:
        raise EvidenceError(f"claim {unknown[0]!r} is not of profile {PROFILE}")
    return Claims(
        nonce=sized_bytes(document[NONCE], "nonce", *NONCE_BYTES),
        issued_at=time_of_issue(document[ISSUED_AT]),
        device=_device(document[UEID]),
        debug=_debug_status(document[DEBUG_STATUS]),
        platform_type=short_text(document[PLATFORM_TYPE], "platform type"),
        measurements=_measurements(document[SUBMODULES_KEY]),
        attested_key=confirmation(document[CONFIRMATION]) if CONFIRMATION in document else None,
    )


def _device(value: Value) -> bytes:
    identifier = sized_bytes(value, "device identifier", 17, 33)
    if identifier[0] != 1 or len(identifier) not in (17, 25, 33):
        raise EvidenceError("the device identifier is not a UEID of type RAND")
    return identifier


def _debug_status(value: Value) -> DebugStatus:
    if not is_integer(value) or value not in [status.value for status in DebugStatus]:
        raise EvidenceError("the debug status is none of RFC 9711")
    return DebugStatus(value)


def _measurements(value: Value) -> tuple[Measurement, ...]:
    if not isinstance(value, dict) or SUBMODULES[0] not in value:
        raise EvidenceError("the submodules are not a map with an entry for the platform")
    unknown = sorted(set(value) - set(SUBMODULES), key=str)
    if unknown:
        raise EvidenceError(f"submodule {unknown[0]!r} is not of profile {PROFILE}")
    return tuple(measurement(name, value[name]) for name in SUBMODULES if name in value)
