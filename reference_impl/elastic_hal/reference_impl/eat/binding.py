"""Hardware evidence: a report or quote of the processor, and the claims that its report data binds.

It is a conceptual message wrapper (draft-ietf-rats-msg-wrap) in deterministic CBOR: `[type, value, 4]`, where the value
is `[claims, report, certificates, aux]`, byte strings all, and null for certificates or aux that there are not. The
hardware signs its report over SHA-512 of the claims' bytes, so that nothing in them can be changed afterwards.
Whether to believe it is the business of `elastic_hal.reference_impl.verify`.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import cbor2

from .cbor import Value, decode
from .errors import EvidenceError

MEDIA_TYPE: Final = "application/vnd.elastic-hal.tee+cbor"
PREFIX: Final = b"\x83\x78" + bytes([len(MEDIA_TYPE)]) + MEDIA_TYPE.encode()
"""How all hardware evidence begins."""
MAX_HARDWARE_EVIDENCE_BYTES: Final = 262_144
"""Longer input is refused before it is read."""

_DOMAIN: Final = b"elastic-hal report data 1\0"
_EVIDENCE_INDICATOR: Final = 4


@dataclass(frozen=True, slots=True)
class HardwareEvidence:
    """Hardware evidence taken apart, nothing of it believed yet.

    `claims` are in the encoding that the report data binds. `certificates` is what the platform gave along with its
    report: on SEV-SNP the host's certificate table. `aux` is what else explains the report: on TDX the event log.
    """

    claims: bytes
    report: bytes
    certificates: bytes | None = None
    aux: bytes | None = None


def report_data(claims: bytes) -> bytes:
    """Give the 64 bytes that the hardware signs for these claims."""
    return hashlib.sha512(_DOMAIN + claims).digest()


def encode_hardware_evidence(evidence: HardwareEvidence) -> bytes:
    """Encode deterministically. Raises `ValueError` for evidence that the parser would not take back."""
    value = cbor2.dumps([evidence.claims, evidence.report, evidence.certificates, evidence.aux], canonical=True)
    encoded = cbor2.dumps([MEDIA_TYPE, value, _EVIDENCE_INDICATOR], canonical=True)
    parse_hardware_evidence(encoded)
    return encoded


def parse_hardware_evidence(data: bytes) -> HardwareEvidence:
    """Take hardware evidence apart, or raise `EvidenceError`. Every byte of `data` is accounted for."""
    if len(data) > MAX_HARDWARE_EVIDENCE_BYTES:
        raise EvidenceError(f"the evidence has {len(data)} bytes, more than {MAX_HARDWARE_EVIDENCE_BYTES}")
    wrapper = decode(data)
    if not isinstance(wrapper, list) or len(wrapper) != 3 or wrapper[0] != MEDIA_TYPE:
        raise EvidenceError(f"the evidence is not a wrapper of type {MEDIA_TYPE}")
    if wrapper[2] != _EVIDENCE_INDICATOR:
        raise EvidenceError("the wrapper does not say that it holds evidence")
    value = wrapper[1]
    parts = decode(value) if isinstance(value, bytes) else None
    if not isinstance(parts, list) or len(parts) != 4:
        raise EvidenceError("the evidence does not have its four parts: claims, report, certificates, aux")
    claims, report, certificates, aux = parts
    return HardwareEvidence(
        _needed(claims, "claims"),
        _needed(report, "report"),
        None if certificates is None else _needed(certificates, "certificates"),
        None if aux is None else _needed(aux, "auxiliary data"),
    )


def _needed(value: Value, what: str) -> bytes:
    if not isinstance(value, bytes) or not value:
        raise EvidenceError(f"the {what} of the evidence are not a byte string with something in it")
    return value
