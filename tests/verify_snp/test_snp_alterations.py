"""Altered copies, byte for byte: each is refused, or what was altered provably has no part in the verdict.

The second holds for text around PEM blocks, for entries of the host's table that belong to others, and for
certificates that the chain does not need. There the certificates that are left must be ones of the genuine copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify import (
    AppraisalPolicy,
    CertificateFileError,
    Verdict,
    load_certificates,
    load_revocation_lists,
    verify,
)
from elastic_hal.reference_impl.verify.snp.certificate_table import parse_certificate_table
from elastic_hal.reference_impl.verify.snp.errors import SnpError

from .conftest import START
from .test_snp_certificates import table
from .test_snp_revocation import revocation_list

Machine = Any
LENIENT = AppraisalPolicy(allow_debug=True)


@pytest.fixture
def stride(soak_seconds: float) -> int:
    """Every byte with `--soak`, else one of some."""
    return 1 if soak_seconds >= 60 else 17


@pytest.fixture(scope="module")
def samples(vectors: Path, vectors_index: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "report": (vectors / entry["report"]).read_bytes(),
            "vek": (vectors / entry["vek"]).read_bytes(),
            "chain": (vectors / entry["chain"]).read_bytes(),
            "kind": entry["vek_type"],
            "at": datetime.fromisoformat(entry["verify_time"]),
        }
        for entry in vectors_index["snp"]
    ]


def flipped(content: bytes, stride: int, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Copies with one bit changed, another one in each byte."""
    for position in range(start, len(content), stride):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        yield position, bytes(changed)


def der(certificates: list[x509.Certificate]) -> set[bytes]:
    return {certificate.public_bytes(Encoding.DER) for certificate in certificates}


def test_no_byte_of_a_chain_in_a_file_can_be_changed_unseen(samples: list[dict[str, Any]], stride: int) -> None:
    refused = 0
    for sample in samples:
        good = der(load_certificates(sample["chain"]))
        for position, changed in flipped(sample["chain"], stride):
            try:
                chain = load_certificates(changed)
            except CertificateFileError:
                refused += 1
                continue
            certificates = [*load_certificates(sample["vek"]), *chain]
            appraisal = verify(sample["report"], certificates=certificates, at=sample["at"], policy=LENIENT)
            if appraisal.verdict is Verdict.FAIL:
                refused += 1
            else:
                assert der(chain) <= good, position
    assert refused


def test_no_byte_of_a_genuine_table_can_be_changed_unseen(samples: list[dict[str, Any]], stride: int) -> None:
    for sample in samples:
        ask, ark = load_certificates(sample["chain"])
        entries = (("ark", ark), ("ask", ask))
        encoded = [(name, entry.public_bytes(Encoding.DER)) for name, entry in entries]
        content = table(*encoded, (sample["kind"], sample["vek"]), gap=3, end=bytes(64))
        assert verify(sample["report"] + content, at=sample["at"], policy=LENIENT).verdict is Verdict.PASS
        for position, changed in flipped(content, stride):
            if verify(sample["report"] + changed, at=sample["at"], policy=LENIENT).verdict is Verdict.PASS:
                # An entry may end among the zeros behind it.
                assert der(parse_certificate_table(changed)) == der(parse_certificate_table(content)), position


@pytest.mark.parametrize("kind", ["vcek", "vlek"])
@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_no_byte_of_a_table_can_be_changed_unseen(genoa: Machine, kind: str, encoding: Encoding, stride: int) -> None:
    leaf, middle = genoa.certificates(kind)
    root = genoa.authority.root
    entries = (("ark", root), ("ask", middle), (kind, leaf))
    content = table(("other", b"firmware"), *((name, entry.public_bytes(encoding)) for name, entry in entries))
    good, report = der([root, leaf, middle]), genoa.report(kind)
    for position, changed in flipped(content, stride):
        if genoa.appraise(report + changed, kind, certificates=[]).verdict is Verdict.PASS:
            # The root is named by the relying party as well, and entries of others say nothing.
            genuine = [entry for entry in parse_certificate_table(changed) if der([entry]) <= good]
            assert genoa.appraise(report, kind, certificates=genuine).verdict is Verdict.PASS, position


def with_unused_bits(encoded: bytes, signature: bytes) -> Iterator[bytes]:
    """Copies that declare the last bits of the signature unused, where these are zero: readable, but others."""
    place = len(encoded) - len(signature) - 1
    assert encoded[place] == 0
    for count in range(1, 8):
        if signature[-1] & (1 << count) - 1 == 0:
            yield encoded[:place] + bytes([count]) + encoded[place + 1 :]


def test_a_signature_has_one_spelling(genoa: Machine) -> None:
    authority, report = genoa.authority, genoa.report()
    leaf, middle = genoa.certificates()
    tried = 0
    # Each certificate is signed anew, until a signature ends with a zero bit.
    while not tried:
        fresh = authority.vcek(genoa.tcb, genoa.chip_id, START)
        signed = fresh.sign(report[:0x2A0])
        assert genoa.appraise(signed, certificates=[fresh.certificate, middle]).verdict is Verdict.PASS
        for changed in with_unused_bits(fresh.certificate.public_bytes(Encoding.DER), fresh.certificate.signature):
            refused = genoa.appraise(signed, certificates=[*load_certificates(changed), middle])
            assert str(refused.reason).startswith("certificate chain")
            tried += 1
    for certificate, others in ((leaf, [middle]), (middle, [leaf])):
        for changed in with_unused_bits(certificate.public_bytes(Encoding.DER), certificate.signature):
            refused = genoa.appraise(report, certificates=[*load_certificates(changed), *others])
            assert str(refused.reason).startswith("certificate chain")


def test_no_byte_of_a_revocation_list_can_be_changed(genoa: Machine, authority_keys: Any, stride: int) -> None:
    good = revocation_list(genoa, authority_keys, 12345)
    while good.signature[-1] & 1:
        good = revocation_list(genoa, authority_keys, 12345)
    encoded, report = good.public_bytes(Encoding.DER), genoa.report()
    altered = [changed for _, changed in flipped(encoded, stride)]
    for changed in (*altered, *with_unused_bits(encoded, good.signature)):
        try:
            lists = load_revocation_lists(changed)
        except CertificateFileError:
            continue
        assert genoa.appraise(report, revocation_lists=lists).verdict is Verdict.FAIL


def test_the_second_form_of_a_signature_states_the_same(genoa: Machine) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
    report = genoa.report()
    second = (order - int.from_bytes(report[0x2E8:0x330], "little")).to_bytes(72, "little")
    changed = report[:0x2E8] + second + report[0x330:]
    first, other = genoa.appraise(report), genoa.appraise(changed)
    assert (first.verdict, other.verdict) == (Verdict.PASS, Verdict.PASS)
    assert first.require().to_json() == other.require().to_json()


def test_a_report_and_its_table_cannot_be_cut(genoa: Machine, stride: int) -> None:
    leaf, middle = genoa.certificates()
    content = table(("ask", middle.public_bytes(Encoding.DER)), ("vcek", leaf.public_bytes(Encoding.DER)))
    extended = genoa.report() + content
    assert genoa.appraise(extended, certificates=[]).verdict is Verdict.PASS
    assert genoa.appraise(extended + bytes(4096), certificates=[]).verdict is Verdict.PASS
    for length in (*range(0, len(extended), stride), 1183, 1184, 1185, len(extended) - 1):
        assert genoa.appraise(extended[:length], certificates=[]).verdict is Verdict.FAIL, length
    for extra in (1, 2, 24, 100):
        assert genoa.appraise(extended + bytes(extra - 1) + b"\1", certificates=[]).verdict is Verdict.FAIL
    with pytest.raises(SnpError):
        parse_certificate_table(content + b"\1")


def test_bytes_cannot_be_moved(samples: list[dict[str, Any]], stride: int) -> None:
    """A byte less in one place and one more in another: every field behind the place is another one."""
    for sample in samples:
        certificates = [*load_certificates(sample["vek"]), *load_certificates(sample["chain"])]
        report = sample["report"]
        for position in range(0, len(report) - 1, stride):
            for changed in (
                report[:position] + report[position + 1 :] + b"\0",
                report[:position] + b"\0" + report[position:-1],
            ):
                appraisal = verify(changed, certificates=certificates, at=sample["at"], policy=LENIENT)
                # Among zeros a byte can move and nothing has changed.
                assert changed == report or appraisal.verdict is Verdict.FAIL, position


def test_only_the_challenge_answers_the_challenge(genoa: Machine) -> None:
    data = bytes(range(1, 65))
    report = genoa.report(report_data=data)
    assert genoa.appraise(report, nonce=data).verdict is Verdict.PASS
    for length in range(64):
        assert genoa.appraise(report, nonce=data[:length]).verdict is Verdict.FAIL, length
    for bit in range(512):
        changed = (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(64, "big")
        assert genoa.appraise(report, nonce=changed).verdict is Verdict.FAIL, bit
    for other in (data + b"\0", b"\0" + data[:-1], data[::-1], bytes(64)):
        assert genoa.appraise(report, nonce=other).verdict is Verdict.FAIL
    short = genoa.report(report_data=b"\1\2\3".ljust(64, b"\0"))
    for nonce in (b"\1\2\3", b"\1\2\3\0", b"\1\2\3".ljust(64, b"\0")):
        assert genoa.appraise(short, nonce=nonce).verdict is Verdict.PASS
    for nonce in (b"\1\2", b"\0\1\2\3", b"\1\2\3".ljust(65, b"\0")):
        assert genoa.appraise(short, nonce=nonce).verdict is Verdict.FAIL
