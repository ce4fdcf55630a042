"""The claims of the token: which there are, how they are encoded, and a decoder that accepts nothing else.

`docs/evidence.md` is the prose of this module. The set of claims is closed: a verifier cannot judge what it does not
know, so a new claim means a new profile.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import cbor2

from elastic_hal.runtime.platform import Measurement

from .cbor import Key, Value, decode, is_integer
from .cose_key import cose_key_from_spki, spki_from_cose_key
from .errors import EvidenceError

PROFILE: Final = "tag:elastic-hal,2026:eat"
PLATFORM_SIMULATED: Final = "simulated"
SUBMODULES: Final = ("platform", "runtime", "workload")
NONCE_BYTES: Final = (8, 64)
"""Smallest and largest nonce (RFC 9711 section 4.1)."""

# CWT claim keys: RFC 8392 and RFC 8747, RFC 9711, then the private-use range.
_ISSUED_AT, _CONFIRMATION, _NONCE = 6, 8, 10
_UEID, _DEBUG_STATUS, _EAT_PROFILE, _SUBMODULES = 256, 263, 265, 266
_PLATFORM_TYPE, _DIGEST = -70000, -70001
_COSE_KEY = 1

_REQUIRED: Final = {_ISSUED_AT, _NONCE, _UEID, _DEBUG_STATUS, _EAT_PROFILE, _SUBMODULES, _PLATFORM_TYPE}
_HASHES: Final = {"sha-256": (-16, 32), "sha-384": (-43, 48), "sha-512": (-44, 64)}
"""Identifier in the COSE registry (RFC 9054) and digest size of each hash that measurements use."""
_MAX_TIME: Final = 253_402_300_799


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


def encode_claims(claims: Claims) -> bytes:
    """Encode deterministically. Raises `ValueError` for claims that the decoder would not take back."""
    document: dict[int, object] = {
        _ISSUED_AT: claims.issued_at,
        _NONCE: claims.nonce,
        _UEID: claims.device,
        _DEBUG_STATUS: claims.debug.value,
        _EAT_PROFILE: claims.profile,
        _SUBMODULES: {measured.name: {_DIGEST: _encode_digest(measured)} for measured in claims.measurements},
        _PLATFORM_TYPE: claims.platform_type,
    }
    if claims.attested_key is not None:
        document[_CONFIRMATION] = {_COSE_KEY: cose_key_from_spki(claims.attested_key)}
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
    profile = document.get(_EAT_PROFILE)
    if profile != PROFILE:
        raise EvidenceError(f"the token is not of profile {PROFILE}")
    missing = sorted(_REQUIRED - set(document), key=str)
    if missing:
        raise EvidenceError(f"claim {missing[0]} is missing")
    unknown = sorted(set(document) - _REQUIRED - {_CONFIRMATION}, key=str)
    if unknown:
        raise EvidenceError(f"claim {unknown[0]!r} is not of profile {PROFILE}")
    return Claims(
        nonce=_sized_bytes(document[_NONCE], "nonce", *NONCE_BYTES),
        issued_at=_time(document[_ISSUED_AT]),
        device=_device(document[_UEID]),
        debug=_debug_status(document[_DEBUG_STATUS]),
        platform_type=_text(document[_PLATFORM_TYPE], "platform type"),
        measurements=_measurements(document[_SUBMODULES]),
        attested_key=_confirmation(document[_CONFIRMATION]) if _CONFIRMATION in document else None,
    )


def _encode_digest(measured: Measurement) -> list[object]:
    if measured.algorithm not in _HASHES:
        raise ValueError(f"measurement {measured.name} uses {measured.algorithm}, which evidence cannot name")
    return [_HASHES[measured.algorithm][0], measured.value]


def _sized_bytes(value: Value, what: str, least: int, most: int) -> bytes:
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        raise EvidenceError(f"the {what} is not a byte string of {least} to {most} bytes")
    return value


def _time(value: Value) -> int:
    if not is_integer(value) or not 0 <= value <= _MAX_TIME:
        raise EvidenceError("the time of issue is not a number of seconds before the year 10000")
    return value


def _device(value: Value) -> bytes:
    identifier = _sized_bytes(value, "device identifier", 17, 33)
    if identifier[0] != 1 or len(identifier) not in (17, 25, 33):
        raise EvidenceError("the device identifier is not a UEID of type RAND")
    return identifier


def _debug_status(value: Value) -> DebugStatus:
    if not is_integer(value) or value not in [status.value for status in DebugStatus]:
        raise EvidenceError("the debug status is none of RFC 9711")
    return DebugStatus(value)


def _text(value: Value, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isascii() or not value.isprintable():
        raise EvidenceError(f"the {what} is not a short printable text")
    return value


def _measurements(value: Value) -> tuple[Measurement, ...]:
    if not isinstance(value, dict) or SUBMODULES[0] not in value:
        raise EvidenceError("the submodules are not a map with an entry for the platform")
    unknown = sorted(set(value) - set(SUBMODULES), key=str)
    if unknown:
        raise EvidenceError(f"submodule {unknown[0]!r} is not of profile {PROFILE}")
    return tuple(_measurement(name, value[name]) for name in SUBMODULES if name in value)


def _measurement(name: str, value: Value) -> Measurement:
    digest = value.get(_DIGEST) if isinstance(value, dict) and set(value) == {_DIGEST} else None
    if not isinstance(digest, list) or len(digest) != 2:
        raise EvidenceError(f"submodule {name} does not consist of one digest")
    for algorithm, (identifier, size) in _HASHES.items():
        if digest[0] == identifier:
            return Measurement(name, algorithm, _sized_bytes(digest[1], f"measurement {name}", size, size))
    raise EvidenceError(f"measurement {name} uses an unknown hash algorithm")


def _confirmation(value: Value) -> bytes:
    fields: dict[Key, Value] = value if isinstance(value, dict) else {}
    if set(fields) != {_COSE_KEY}:
        raise EvidenceError("the confirmation claim does not consist of one COSE_Key")
    return spki_from_cose_key(fields[_COSE_KEY])
