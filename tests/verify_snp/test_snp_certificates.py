"""Certificates in files and in the host's table, in every form that they come in."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify import (
    CertificateFileError,
    Verdict,
    load_certificates,
    load_revocation_lists,
)
from elastic_hal.reference_impl.verify.snp.certificate_table import split_certificate_table
from elastic_hal.reference_impl.verify.snp.errors import SnpError

Machine = Any
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
GUIDS = {
    "ark": "c0b406a4-a803-4952-9743-3fb6014cd0ae",
    "ask": "4ab7b379-bbac-4fe4-a02f-05aef327c782",
    "vcek": "63da758d-e664-4564-adc5-f4b93be8accd",
    "vlek": "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
    "other": "ecae0c0f-9502-43b1-afa2-0ae2e0d565b6",
}


def table(*entries: tuple[str, bytes], gap: int = 0, end: bytes = b"") -> bytes:
    """A certificate table as hosts lay it out."""
    place = 24 * (len(entries) + 1)
    head, body = b"", b""
    for name, content in entries:
        start = place + len(body) + gap
        body += bytes(gap) + content
        head += uuid.UUID(GUIDS[name]).bytes + start.to_bytes(4, "little") + len(content).to_bytes(4, "little")
    return head + bytes(24) + body + end


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize("encode", [der, pem])
@pytest.mark.parametrize("kind", ["vcek", "vlek"])
def test_a_report_with_its_certificate_table(
    genoa: Machine, kind: str, encode: Callable[[x509.Certificate], bytes]
) -> None:
    leaf, middle = genoa.certificates(kind)
    entries = [("ark", encode(genoa.authority.root)), ("ask", encode(middle)), (kind, encode(leaf))]
    for extended in (
        table(*entries),
        table(*reversed(entries)),
        table(*entries, gap=8, end=bytes(4096)),
        table(("other", b"whatever"), *entries),
        table(*((name, content + bytes(5)) for name, content in entries)),
    ):
        appraisal = genoa.appraise(genoa.report(kind) + extended, kind, certificates=[])
        assert (appraisal.reason, appraisal.verdict) == (None, Verdict.PASS)
    # The host's root is only a helper: without the relying party's word it is nobody's.
    alone = genoa.appraise(genoa.report(kind) + table(*entries), certificates=[], anchors=[])
    assert "unknown root" in str(alone.reason)


def test_tables_that_are_none(genoa: Machine) -> None:
    leaf, middle = map(der, genoa.certificates())
    good = table(("ask", middle), ("vcek", leaf))
    gapped = table(("ask", middle), ("vcek", leaf), gap=4)
    cases = {
        b"\0": "does not end",
        bytes(24): "has no entries",
        bytes(4096): "has no entries",
        good[:24]: "does not end",
        good[:-1]: "does not lie within",
        good + b"\1": "not zero",
        gapped[:73] + b"\1" + gapped[74:]: "between the entries",
        table(("vcek", b"no certificate")): "entry VCEK",
        table(("vcek", b"")): "does not lie within",
        table(("vcek", leaf + b"\1")): "entry VCEK",
        table(("vcek", leaf[:-1])): "entry VCEK",
        table(("vcek", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")): "entry VCEK",
        (uuid.UUID(GUIDS["ask"]).bytes + b"\xff" * 8) + bytes(24): "does not lie within",
        b"\1" * 24 * 40: "more than 32 entries",
    }
    for content, reason in cases.items():
        refused = genoa.appraise(genoa.report() + content, certificates=[])
        assert refused.verdict is Verdict.FAIL
        assert str(refused.reason).startswith("structure: "), refused.reason
        assert reason in str(refused.reason), (reason, refused.reason)
    overlapping = bytearray(good)
    overlapping[24 + 16 : 24 + 20] = overlapping[16:20]
    with pytest.raises(SnpError, match="on its own"):
        split_certificate_table(bytes(overlapping))


def test_files_of_certificates(genoa: Machine) -> None:
    every = [*genoa.certificates(), genoa.authority.root]
    together = b"".join(map(pem, every))
    assert load_certificates(together) == every
    assert load_certificates(b"A chain\r\n" + together.replace(b"\n", b"\r\n") + b"end") == every
    assert load_certificates(b"".join(map(der, every))) == every
    assert load_certificates(der(every[0]) + bytes(100)) == every[:1]
    whole = der(every[0])
    for bad in (b"", b"text", bytes(50), whole[:-1], whole + b"x", b"\x30\x80\0\0", b"\x30\x85" + bytes(9)):
        with pytest.raises(CertificateFileError, match="holds"):
            load_certificates(bad)
    for bad in (
        b"-----BEGIN ",
        b"-----BEGIN A-----" * 60_000,
        pem(every[0])[:-8],
        b"-----BEGIN A-----\n-----END B-----\n",
    ):
        with pytest.raises(CertificateFileError, match="without its end"):
            load_certificates(bad)
    with pytest.raises(CertificateFileError, match="more than"):
        load_certificates(pem(every[0]) * 65)
    with pytest.raises(CertificateFileError, match="revocation list"):
        load_revocation_lists(together)


@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda inside: b"-----BEGIN CERTIFICATE-----\n" + inside))
def test_files_of_anything(content: bytes) -> None:
    for load in (load_certificates, load_revocation_lists):
        with pytest.raises(CertificateFileError):
            load(content)
