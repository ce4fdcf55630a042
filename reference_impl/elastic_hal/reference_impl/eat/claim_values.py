"""The values of claims that several profiles share: how each is written, and a reader that takes nothing else."""

from typing import Final

from elastic_hal.runtime.platform import EvidencePurpose, Measurement

from .cbor import Key, Value, is_integer
from .cose_key import spki_from_cose_key
from .errors import EvidenceError

# CWT claim keys: RFC 8392 and RFC 8747, RFC 9711, then the private-use range.
ISSUED_AT, CONFIRMATION, NONCE = 6, 8, 10
UEID, DEBUG_STATUS, EAT_PROFILE, SUBMODULES_KEY = 256, 263, 265, 266
PLATFORM_TYPE, DIGEST, PURPOSE = -70000, -70001, -70002
COSE_KEY: Final = 1

NONCE_BYTES: Final = (8, 64)
"""Smallest and largest nonce (RFC 9711 section 4.1)."""

_HASHES: Final = {"sha-256": (-16, 32), "sha-384": (-43, 48), "sha-512": (-44, 64)}
"""Identifier in the COSE registry (RFC 9054) and digest size of each hash that measurements use."""
_MAX_TIME: Final = 253_402_300_799


def encode_digest(measured: Measurement) -> list[object]:
    """Give the digest of a measurement as evidence states it. Raises `ValueError` for a hash that it cannot name."""
    if measured.algorithm not in _HASHES:
        raise ValueError(f"measurement {measured.name} uses {measured.algorithm}, which evidence cannot name")
    return [_HASHES[measured.algorithm][0], measured.value]


def sized_bytes(value: Value, what: str, least: int, most: int) -> bytes:
    """Give a byte string of `least` to `most` bytes, or raise `EvidenceError`."""
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        raise EvidenceError(f"the {what} is not a byte string of {least} to {most} bytes")
    return value


def time_of_issue(value: Value) -> int:
    """Give a number of seconds since 1970, or raise `EvidenceError`."""
    if not is_integer(value) or not 0 <= value <= _MAX_TIME:
        raise EvidenceError("the time of issue is not a number of seconds before the year 10000")
    return value


def short_text(value: Value, what: str) -> str:
    """Give a text of 1 to 64 printable ASCII characters, or raise `EvidenceError`."""
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isascii() or not value.isprintable():
        raise EvidenceError(f"the {what} is not a short printable text")
    return value


def purpose(value: Value) -> EvidencePurpose:
    """Give the purpose that a claim names, or raise `EvidenceError`. One that is unknown cannot be judged."""
    for known in EvidencePurpose:
        if value == known.value:
            return known
    raise EvidenceError(f"the purpose is none of {', '.join(known.value for known in EvidencePurpose)}")


def measurement(name: str, value: Value) -> Measurement:
    """Give the measurement that a submodule consists of, or raise `EvidenceError`."""
    digest = value.get(DIGEST) if isinstance(value, dict) and set(value) == {DIGEST} else None
    if not isinstance(digest, list) or len(digest) != 2:
        raise EvidenceError(f"submodule {name} does not consist of one digest")
    for algorithm, (identifier, size) in _HASHES.items():
        if digest[0] == identifier:
            return Measurement(name, algorithm, sized_bytes(digest[1], f"measurement {name}", size, size))
    raise EvidenceError(f"measurement {name} uses an unknown hash algorithm")


def confirmation(value: Value) -> bytes:
    """Give the key of a confirmation claim as DER of SubjectPublicKeyInfo, or raise `EvidenceError`."""
    fields: dict[Key, Value] = value if isinstance(value, dict) else {}
    if set(fields) != {COSE_KEY}:
        raise EvidenceError("the confirmation claim does not consist of one COSE_Key")
    return spki_from_cose_key(fields[COSE_KEY])
