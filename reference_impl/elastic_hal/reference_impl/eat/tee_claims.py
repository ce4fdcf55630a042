"""The claims beside a hardware report: what the runtime states, and what the hardware signs a digest of.

The set of claims is closed, as that of the token is. What the hardware states itself (its measurement, whether
debugging is enabled, which device it is) is in its report and nowhere else.
"""

from dataclasses import dataclass
from typing import Final

import cbor2

from elastic_hal.runtime.platform import Measurement

from .cbor import Value, decode
from .claim_values import (
    CONFIRMATION,
    COSE_KEY,
    DIGEST,
    EAT_PROFILE,
    ISSUED_AT,
    NONCE,
    NONCE_BYTES,
    PLATFORM_TYPE,
    SUBMODULES_KEY,
    confirmation,
    encode_digest,
    measurement,
    short_text,
    sized_bytes,
    time_of_issue,
)
from .cose_key import cose_key_from_spki
from .errors import EvidenceError

TEE_PROFILE: Final = "tag:elastic-hal,2026:tee"
HARDWARE_PLATFORMS: Final = ("sev-snp", "tdx")
TEE_SUBMODULES: Final = ("runtime", "workload")

_REQUIRED: Final = {ISSUED_AT, NONCE, EAT_PROFILE, SUBMODULES_KEY, PLATFORM_TYPE}


@dataclass(frozen=True, slots=True)
class TeeClaims:
    """What the runtime states beside a hardware report.

    `issued_at` counts seconds since 1970 by the guest's clock; `attested_key` is DER of SubjectPublicKeyInfo;
    `measurements` are those of the runtime and the workload, in this order, or none.
    """

    nonce: bytes
    issued_at: int
    platform_type: str
    measurements: tuple[Measurement, ...] = ()
    attested_key: bytes | None = None
    profile: str = TEE_PROFILE

    def to_json(self) -> dict[str, object]:
        """Give the claims in the form of a JSON document."""
        return {
            "profile": self.profile,
            "platform-type": self.platform_type,
            "nonce": self.nonce.hex(),
            "issued-at": self.issued_at,
            "measurements": {
                measured.name: f"{measured.algorithm}:{measured.value.hex()}" for measured in self.measurements
            },
            "attested-key": None if self.attested_key is None else self.attested_key.hex(),
        }


def encode_tee_claims(claims: TeeClaims) -> bytes:
    """Encode deterministically. Raises `ValueError` for claims that the decoder would not take back."""
    document: dict[int, object] = {
        ISSUED_AT: claims.issued_at,
        NONCE: claims.nonce,
        EAT_PROFILE: claims.profile,
        SUBMODULES_KEY: {measured.name: {DIGEST: encode_digest(measured)} for measured in claims.measurements},
        PLATFORM_TYPE: claims.platform_type,
    }
    if claims.attested_key is not None:
        document[CONFIRMATION] = {COSE_KEY: cose_key_from_spki(claims.attested_key)}
    encoded = cbor2.dumps(document, canonical=True)
    if decode_tee_claims(encoded) != claims:
        raise ValueError("the claims cannot be stated: the measurements are not in the order runtime, workload")
    return encoded


def decode_tee_claims(encoded: bytes) -> TeeClaims:
    """Decode claims of this profile, or raise `EvidenceError`."""
    document = decode(encoded)
    if not isinstance(document, dict):
        raise EvidenceError("the claims are not a map")
    # The profile is read first: of another profile, nothing else can be said.
    if document.get(EAT_PROFILE) != TEE_PROFILE:
        raise EvidenceError(f"the claims are not of profile {TEE_PROFILE}")
    missing = sorted(_REQUIRED - set(document), key=str)
    if missing:
        raise EvidenceError(f"claim {missing[0]} is missing")
    unknown = sorted(set(document) - _REQUIRED - {CONFIRMATION}, key=str)
    if unknown:
        raise EvidenceError(f"claim {unknown[0]!r} is not of profile {TEE_PROFILE}")
    return TeeClaims(
        nonce=sized_bytes(document[NONCE], "nonce", *NONCE_BYTES),
        issued_at=time_of_issue(document[ISSUED_AT]),
        platform_type=_hardware_platform(document[PLATFORM_TYPE]),
        measurements=_measurements(document[SUBMODULES_KEY]),
        attested_key=confirmation(document[CONFIRMATION]) if CONFIRMATION in document else None,
    )


def _hardware_platform(value: Value) -> str:
    name = short_text(value, "platform type")
    if name not in HARDWARE_PLATFORMS:
        raise EvidenceError(f"the platform type is none of {', '.join(HARDWARE_PLATFORMS)}")
    return name


def _measurements(value: Value) -> tuple[Measurement, ...]:
    if not isinstance(value, dict):
        raise EvidenceError("the submodules are not a map")
    unknown = sorted(set(value) - set(TEE_SUBMODULES), key=str)
    if unknown:
        raise EvidenceError(f"submodule {unknown[0]!r} is not of profile {TEE_PROFILE}")
    return tuple(measurement(name, value[name]) for name in TEE_SUBMODULES if name in value)
