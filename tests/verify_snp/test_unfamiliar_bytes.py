"""Bytes that people take for evidence: the refusal says what they are."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify import EvidenceFormat, Verdict, verify
from elastic_hal.reference_impl.verify.unfamiliar import describe

Machine = Any
TD_REPORT = b"\x81" + bytes(1023)


def refusal(data: bytes) -> str:
    appraisal = verify(data)
    assert (appraisal.verdict, appraisal.format) == (Verdict.FAIL, EvidenceFormat.UNKNOWN)
    return str(appraisal.reason)


def test_what_the_kernel_puts_before_a_report(genoa: Machine) -> None:
    report = genoa.report()
    head = bytes(4) + len(report).to_bytes(4, "little") + bytes(24)
    assert "answer to SNP_GET_REPORT" in refusal(head + report + bytes(4000 - 32 - len(report)))
    assert "SNP_GET_REPORT" not in refusal(b"\0\0\0\1" + head[4:] + report)


def test_what_a_paravisor_puts_around_a_report(genoa: Machine) -> None:
    assert "Azure's paravisor" in refusal(b"HCLA" + bytes(28) + genoa.report() + bytes(500))


def test_a_report_that_only_its_machine_can_check() -> None:
    for version in (0, 1):
        assert "have the guest ask for a quote" in refusal(TD_REPORT[:2] + bytes([version]) + TD_REPORT[3:])
    assert verify(TD_REPORT + b"\0").format is EvidenceFormat.SNP_REPORT


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (bytes.hex, "hexadecimal"),
        (lambda report: f"0x{report.hex()}", "hexadecimal"),
        (lambda report: "\n".join(report.hex()[at : at + 61] for at in range(0, 2368, 61)), "hexadecimal"),
        (lambda report: base64.b64encode(report).decode(), "base64"),
        (lambda report: base64.encodebytes(report).decode(), "base64"),
        (lambda report: json.dumps({"report": report.hex()}), "JSON"),
        (lambda report: f" {json.dumps([report.hex()])}", "JSON"),
    ],
)
def test_evidence_that_was_written_down_as_text(genoa: Machine, write: Any, reason: str) -> None:
    assert reason in refusal(write(genoa.report()).encode())


def test_certificates_in_place_of_evidence(genoa: Machine) -> None:
    assert "it is PEM" in refusal(genoa.certificates()[0].public_bytes(Encoding.PEM))
    assert "does not begin like any" in refusal(genoa.certificates()[0].public_bytes(Encoding.DER))


def test_nothing() -> None:
    assert "it is empty" in refusal(b"")


@given(st.binary(max_size=400) | st.text(alphabet="0123456789abcdef \n=+/{-", max_size=400).map(str.encode))
def test_any_bytes_are_described(data: bytes) -> None:
    assert describe(data)
