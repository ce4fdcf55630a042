"""The 64 bytes of report data that a guest has its hardware sign: the challenge itself, or a digest over more."""

import hmac
from typing import Final

from .appraisal import Check, Verdict
from .context import Context

REPORT_DATA: Final = "report data"
REPORT_DATA_BYTES: Final = 64


def check_report_data(report_data: bytes, context: Context) -> Check:
    """Compare the report data with what the evidence around it demands, else with the nonce, padded with zeros."""
    value = report_data.hex()
    if context.report_data is not None:
        if hmac.compare_digest(report_data, context.report_data):
            return Check(REPORT_DATA, Verdict.PASS, value, context.report_data.hex(), "binds the claims")
        detail = "the hardware signed other claims than those of this evidence"
        return Check(REPORT_DATA, Verdict.FAIL, value, context.report_data.hex(), detail)
    if context.nonce is None:
        detail = "no nonce was given: the evidence may be a replay"
        return Check(REPORT_DATA, Verdict.NOT_CHECKED, value, None, detail)
    if not 1 <= len(context.nonce) <= REPORT_DATA_BYTES:
        detail = f"a nonce of {len(context.nonce)} bytes cannot be report data, which has 1 to {REPORT_DATA_BYTES}"
        return Check(REPORT_DATA, Verdict.FAIL, value, context.nonce.hex(), detail)
    expected = context.nonce.ljust(REPORT_DATA_BYTES, b"\0")
    if hmac.compare_digest(report_data, expected):
        return Check(REPORT_DATA, Verdict.PASS, value, expected.hex(), "is the nonce, padded with zeros")
    return Check(REPORT_DATA, Verdict.FAIL, value, expected.hex(), "the evidence answers another challenge")
