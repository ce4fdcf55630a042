"""The one entry of the verifier: tells the formats of evidence apart by content and hands each to its appraisal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509

from elastic_hal.common.clock import now
from elastic_hal.reference_impl.eat.binding import PREFIX

from .appraisal import Appraisal, Check, EvidenceFormat, Verdict
from .context import Context
from .eat_evidence import appraise_token
from .hardware import appraise_hardware
from .policy import AppraisalPolicy
from .snp.appraise import appraise_report
from .tdx.appraise import appraise_quote
from .unfamiliar import describe, is_td_report

MAX_EVIDENCE_BYTES: Final = 1024 * 1024
"""Longer input is refused before it is read."""

_COSE_SIGN1: Final = b"\xd2"
_QUOTE_KEY_TYPES: Final = (2, 3)
_QUOTE_TEE_TYPES: Final = (0x00, 0x81)


def verify(
    evidence: bytes,
    *,
    anchors: Sequence[x509.Certificate] = (),
    nonce: bytes | None = None,
    policy: AppraisalPolicy | None = None,
    at: datetime | None = None,
    certificates: Sequence[x509.Certificate] = (),
    revocation_lists: Sequence[x509.CertificateRevocationList] = (),
    collateral: bytes | None = None,
    event_logs: Sequence[bytes] = (),
) -> Appraisal:
    """Appraise `evidence` of any known format and list every check.

    `anchors` are roots that the relying party trusts besides AMD's and Intel's, which are pinned. `certificates` are
    helpers that came along: they complete a chain and are believed as far as their signatures go. `nonce` is the
    challenge; None leaves freshness unchecked. Without a `policy` the strict default holds, which refuses debugging,
    simulated and emulated platforms. `at` is the time to judge by, with a time zone; None means now. `collateral` is
    what a TDX quote is judged by, and `event_logs` are replayed to its registers in their order. Whatever the bytes
    are, the answer is an appraisal, never an exception.
    """
    if at is not None and at.tzinfo is None:
        raise ValueError("`at` must have a time zone")
    context = Context(
        at=at or now(),
        policy=policy or AppraisalPolicy(),
        nonce=nonce,
        anchors=tuple(anchors),
        certificates=tuple(certificates),
        revocation_lists=tuple(revocation_lists),
        collateral=collateral,
        event_logs=tuple(event_logs),
    )
    found = evidence_format(evidence)
    if found is EvidenceFormat.TOKEN:
        return appraise_token(evidence, context)
    if found is EvidenceFormat.HARDWARE:
        return appraise_hardware(evidence, context)
    if found is EvidenceFormat.SNP_REPORT:
        return appraise_report(evidence, context)
    if found is EvidenceFormat.TDX_QUOTE:
        return appraise_quote(evidence, context)
    return _unknown(evidence)


def evidence_format(evidence: bytes) -> EvidenceFormat:
    """Tell which format the bytes seem to be of, judged by how they begin."""
    if len(evidence) > MAX_EVIDENCE_BYTES:
        return EvidenceFormat.UNKNOWN
    if evidence.startswith(_COSE_SIGN1):
        return EvidenceFormat.TOKEN
    if evidence.startswith(PREFIX):
        return EvidenceFormat.HARDWARE
    if _begins_like_a_quote(evidence):
        return EvidenceFormat.TDX_QUOTE
    if is_td_report(evidence):
        return EvidenceFormat.UNKNOWN
    if len(evidence) >= 4 and 0 < int.from_bytes(evidence[:4], "little") <= 0xFF:
        return EvidenceFormat.SNP_REPORT
    return EvidenceFormat.UNKNOWN


def _begins_like_a_quote(evidence: bytes) -> bool:
    """Look at version, type of key and type of environment in a quote's header."""
    return (
        len(evidence) >= 8
        and int.from_bytes(evidence[2:4], "little") in _QUOTE_KEY_TYPES
        and int.from_bytes(evidence[4:8], "little") in _QUOTE_TEE_TYPES
    )


def _unknown(evidence: bytes) -> Appraisal:
    expected = "a token or hardware evidence of this project, a SEV-SNP report, or a TDX quote"
    too_long = len(evidence) > MAX_EVIDENCE_BYTES
    detail = f"it has more than {MAX_EVIDENCE_BYTES} bytes" if too_long else describe(evidence)
    check = Check("structure", Verdict.FAIL, f"{len(evidence)} bytes", expected, detail)
    return Appraisal((check,), format=EvidenceFormat.UNKNOWN)
