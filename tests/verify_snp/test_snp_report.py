"""The parser of reports: what it accepts it accepts whole, and nothing makes it fail in another way than its own."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.platforms.emulator.snp_report import CPUID, ReportFields, unsigned_report
from elastic_hal.reference_impl.verify import EvidenceFormat, evidence_format
from elastic_hal.reference_impl.verify.snp.certificate_table import parse_certificate_table, split_certificate_table
from elastic_hal.reference_impl.verify.snp.errors import SnpError
from elastic_hal.reference_impl.verify.snp.report import REPORT_BYTES, SIGNED_BYTES, VERSIONS, parse_report
from elastic_hal.reference_impl.verify.snp.tcb import (
    Product,
    Tcb,
    decode_tcb,
    encode_tcb,
    product_of_cpuid,
    product_of_name,
)

SIGNATURE = (5).to_bytes(72, "little") + (7).to_bytes(72, "little")
RESERVED = {
    2: [*range(0x4C, 0x50), *range(0x188, 0x1A0), 0x1EB, 0x1EF, *range(0x1F8, SIGNED_BYTES)],
    3: [*range(0x4C, 0x50), *range(0x18B, 0x1A0), 0x1EB, 0x1EF, *range(0x1F8, SIGNED_BYTES)],
    5: [*range(0x4C, 0x50), *range(0x18B, 0x1A0), 0x1EB, 0x1EF, *range(0x208, SIGNED_BYTES)],
}
PADDING = [
    *range(SIGNED_BYTES + 48, SIGNED_BYTES + 72),
    *range(SIGNED_BYTES + 72 + 48, SIGNED_BYTES + 144),
    *range(SIGNED_BYTES + 144, REPORT_BYTES),
]


def report(version: int = 3, product: Product = Product.GENOA, **changes: Any) -> bytes:
    tcb = Tcb(9 if product is Product.TURIN else None, 1, 2, 3, 4)
    fields = ReportFields(product=product, version=version, tcb=tcb, **changes)
    return (unsigned_report(fields) + SIGNATURE).ljust(REPORT_BYTES, b"\0")


def octets(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


FIELDS = st.fixed_dictionaries(
    {
        "report_data": octets(64),
        "measurement": octets(48),
        "host_data": octets(32),
        "policy": st.integers(0, 0xFFFF).map(lambda abi: abi | 0x30000),
        "guest_svn": st.integers(0, 2**32 - 1),
        "family_id": octets(16),
        "image_id": octets(16),
        "vmpl": st.sampled_from([0, 1, 2, 3, 0xFFFFFFFF]),
        "platform_info": st.integers(0, 2**64 - 1),
        "id_key_digest": octets(48),
        "author_key_digest": octets(48),
        "report_id": octets(32),
        "report_id_ma": octets(32),
        "chip_id": octets(64),
        "firmware": st.tuples(*[st.integers(0, 255)] * 3),
    }
)


@given(st.sampled_from(VERSIONS), st.sampled_from(Product), FIELDS)
def test_what_is_written_is_read_again(version: int, product: Product, fields: dict[str, Any]) -> None:
    parsed = parse_report(report(version, product, **fields))
    for name, value in fields.items():
        if name == "firmware":
            assert parsed.current == parsed.committed == value
        else:
            assert getattr(parsed, name) == value
    assert parsed.version == version
    assert parsed.cpuid == (CPUID[product] if version >= 3 else None)
    assert parsed.signature == (5, 7)
    tcb = decode_tcb(parsed.reported_tcb, product, "it")
    assert (tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode) == (1, 2, 3, 4)
    assert encode_tcb(tcb, product) == parsed.current_tcb == parsed.launch_tcb == parsed.committed_tcb


@pytest.mark.parametrize("version", VERSIONS)
def test_every_reserved_byte_must_be_zero(version: int) -> None:
    good = report(version)
    for position in RESERVED[version]:
        changed = good[:position] + b"\x80" + good[position + 1 :]
        with pytest.raises(SnpError, match="reserved"):
            parse_report(changed)


def test_every_byte_of_padding_must_be_zero() -> None:
    good = report()
    for position in PADDING:
        with pytest.raises(SnpError, match=r"padded|reserved"):
            parse_report(good[:position] + b"\1" + good[position + 1 :])


def test_the_signatures_numbers_must_be_in_range() -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
    good = report()
    for place in (SIGNED_BYTES, SIGNED_BYTES + 72):
        for number, fits in ((0, False), (1, True), (order - 1, True), (order, False), (2**384 - 1, False)):
            changed = good[:place] + number.to_bytes(72, "little") + good[place + 72 :]
            if fits:
                parse_report(changed)
            else:
                with pytest.raises(SnpError, match="out of range"):
                    parse_report(changed)


@pytest.mark.parametrize("algorithm", [0, 2, 0x10001])
def test_other_algorithms(algorithm: int) -> None:
    good = report()
    with pytest.raises(SnpError, match="signature algorithm"):
        parse_report(good[:0x34] + algorithm.to_bytes(4, "little") + good[0x38:])


@given(st.binary(max_size=2 * REPORT_BYTES))
def test_any_bytes(data: bytes) -> None:
    evidence_format(data)
    for parse in (parse_report, parse_certificate_table, split_certificate_table):
        with contextlib.suppress(SnpError):
            parse(data)


@given(st.data())
def test_mutated_reports(data: st.DataObject) -> None:
    changed = bytearray(report(data.draw(st.sampled_from(VERSIONS))))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, REPORT_BYTES - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SnpError):
        assert parse_report(bytes(changed)).signed == bytes(changed[:SIGNED_BYTES])


@given(octets(8), st.sampled_from(Product))
def test_versions_of_the_trusted_base(raw: bytes, product: Product) -> None:
    try:
        tcb = decode_tcb(raw, product, "it")
    except SnpError:
        used = 5 if product is Product.TURIN else 4
        assert sum(map(bool, raw)) > 0
        assert used < 8
    else:
        assert encode_tcb(tcb, product) == raw


def test_formats_are_told_apart_by_their_beginnings() -> None:
    assert evidence_format(report()) is EvidenceFormat.SNP_REPORT
    assert evidence_format(b"\xd2\x84") is EvidenceFormat.TOKEN
    assert evidence_format(bytes.fromhex("04000200810000000000")) is EvidenceFormat.TDX_QUOTE
    assert evidence_format(bytes.fromhex("05000200810000000000")) is EvidenceFormat.TDX_QUOTE
    assert evidence_format(b"") is evidence_format(b"text") is EvidenceFormat.UNKNOWN
    assert evidence_format(report() + bytes(2**20)) is EvidenceFormat.UNKNOWN


def test_products() -> None:
    known = {
        product_of_cpuid(family, model)
        for family, model in ((0x19, 0), (0x19, 15), (0x19, 16), (0x19, 0xAF), (0x1A, 0), (0x1A, 0x11))
    }
    assert known == set(Product)
    for family, model in ((0x19, 0x20), (0x19, 0x9F), (0x1A, 0x12), (0x18, 0), (0, 0)):
        with pytest.raises(SnpError, match="no known product"):
            product_of_cpuid(family, model)
    assert product_of_name("Milan-B0") is Product.MILAN
    for name in ("", "milan", "Rome", "Milan B0", "-Milan", "Mil\0an" * 100):
        with pytest.raises(SnpError, match="no known product"):
            product_of_name(name)
