"""Whatever bytes a stranger sends, in whatever format they begin, the verifier answers with an appraisal."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.eat.binding import PREFIX
from elastic_hal.reference_impl.verify import EvidenceFormat, Verdict, evidence_format, verify

BEGINNINGS = {
    b"\xd2\x84": EvidenceFormat.TOKEN,
    PREFIX: EvidenceFormat.HARDWARE,
    bytes.fromhex("02000000"): EvidenceFormat.SNP_REPORT,
    bytes.fromhex("05000000"): EvidenceFormat.SNP_REPORT,
    bytes.fromhex("0400020081000000"): EvidenceFormat.TDX_QUOTE,
    bytes.fromhex("0500020081000000"): EvidenceFormat.TDX_QUOTE,
    bytes.fromhex("0300020000000000"): EvidenceFormat.TDX_QUOTE,
}


@given(st.sampled_from(sorted(BEGINNINGS)), st.binary(max_size=2000), st.binary(max_size=64) | st.none())
def test_every_beginning(beginning: bytes, rest: bytes, nonce: bytes | None) -> None:
    appraisal = verify(beginning + rest, nonce=nonce, at=datetime(2026, 6, 1, tzinfo=UTC), collateral=rest)
    assert appraisal.format is evidence_format(beginning + rest) is BEGINNINGS[beginning]
    assert appraisal.verdict is Verdict.FAIL
    assert appraisal.reason
    assert appraisal.claims is None


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert verify(data).verdict is Verdict.FAIL


def test_more_than_any_evidence_has() -> None:
    for beginning in BEGINNINGS:
        appraisal = verify(beginning + bytes(2**20))
        assert appraisal.format is EvidenceFormat.UNKNOWN
        assert "more than 1048576 bytes" in str(appraisal.reason)
