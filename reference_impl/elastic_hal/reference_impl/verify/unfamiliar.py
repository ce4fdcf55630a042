"""What bytes are that are no evidence, but are often taken for it: said in the refusal, so that the way out is clear.

Nothing is unwrapped here. What the kernel, a paravisor or a terminal puts around a report was not signed, and whoever
verifies must know which bytes were.
"""

import re
from typing import Final

_REPORT_BYTES: Final = 0x4A0
_HEAD_BYTES: Final = 32
_TD_REPORT_BYTES: Final = 1024
_TD_REPORT_TYPE: Final = 0x81
_LOOKED_AT: Final = 256

_HEXADECIMAL: Final = re.compile(rb"(?:0[xX])?[0-9a-fA-F]{16,}")
_BASE64: Final = re.compile(rb"[0-9A-Za-z+/_-]{16,}=*")


def is_td_report(data: bytes) -> bool:
    """Tell whether the bytes seem to be a TDREPORT, of which a quoting enclave would make a quote."""
    return len(data) == _TD_REPORT_BYTES and data[0] == _TD_REPORT_TYPE and data[1] == 0


def describe(data: bytes) -> str:
    """Say what the bytes seem to be instead of evidence, and what to do about it."""
    if not data:
        return "it is empty"
    if is_td_report(data):
        return "it is a TDREPORT, which only its own machine can check: have the guest ask for a quote instead"
    if _is_kernel_answer(data):
        return (
            f"it is the kernel's answer to SNP_GET_REPORT: its report has {_REPORT_BYTES} bytes from {_HEAD_BYTES} on"
        )
    if data.startswith(b"HCLA"):
        return (
            "it is what Azure's paravisor keeps in the vTPM: the hardware's report is in it from byte"
            f" {_HEAD_BYTES} on ({_REPORT_BYTES} bytes of SEV-SNP, or a TDREPORT that must be made a quote)"
        )
    return _describe_text(data) or "it does not begin like any of them"


def _is_kernel_answer(data: bytes) -> bool:
    """Look for status 0, the size of a report, and zeros up to where it begins."""
    head = bytes(4) + _REPORT_BYTES.to_bytes(4, "little") + bytes(_HEAD_BYTES - 8)
    return len(data) >= _HEAD_BYTES + _REPORT_BYTES and data.startswith(head)


def _describe_text(data: bytes) -> str | None:
    if b"-----BEGIN " in data[:_LOOKED_AT]:
        return "it is PEM, such as certificates, which only complete evidence"
    if data.lstrip()[:1] in (b"{", b"["):
        return "it is JSON: collateral, or a document that has the evidence inside"
    beginning = b"".join(data[:_LOOKED_AT].split())
    if _HEXADECIMAL.fullmatch(beginning):
        return "it is text in hexadecimal digits; decode it first"
    if _BASE64.fullmatch(beginning):
        return "it is text in base64; decode it first"
    return None
