"""The parser of quotes: every byte has a meaning, and whatever the bytes are, nothing but its own error comes out."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify.tdx.errors import TdxError
from elastic_hal.reference_impl.verify.tdx.quote import parse_quote

from .conftest import Machine, new_machine

MACHINE = new_machine()
QUOTES = [
    MACHINE.quote(),
    MACHINE.quote(version=5),
    MACHINE.quote(version=5, body_type=3, padding=64),
    MACHINE.extended_quote(padding=7),
]


def test_both_versions_and_every_body() -> None:
    forms = [(4, 2, 0), (5, 2, 0), (5, 3, 64), (5, 4, 7)]
    for quote, (version, body_type, trailing) in zip(QUOTES, forms, strict=True):
        parsed = parse_quote(quote)
        assert (parsed.version, parsed.body_type, parsed.trailing) == (version, body_type, trailing)
        assert parsed.exact + bytes(trailing) == quote
        assert (parsed.report.mr_service_td is None) == (body_type == 2)
        assert (parsed.report.extension is None) == (body_type != 4)


def test_fields_stand_where_they_belong(machine: Machine) -> None:
    registers = tuple(bytes([number]) * 48 for number in (10, 11, 12, 13))
    quote = machine.quote(mrtd=b"\x01" * 48, mr_config_id=b"\x02" * 48, rtmrs=registers, report_data=b"\x03" * 64)
    assert quote[48 + 136 : 48 + 184] == b"\x01" * 48
    assert quote[48 + 520 : 48 + 584] == b"\x03" * 64
    report = parse_quote(quote).report
    assert (report.mrtd, report.mr_config_id, report.rtmrs) == (b"\x01" * 48, b"\x02" * 48, registers)
    assert report.xfam.hex() == "e702060000000000"


def test_the_extension_stands_behind_the_service_td(machine: Machine) -> None:
    content = bytes(range(237))
    extension = parse_quote(machine.extended_quote(content)).report.extension
    assert extension is not None
    assert extension.vmid == 0
    assert extension.td_id == content[1:33]
    assert extension.dev_info == content[33:81]
    assert (extension.init_service_td_hash, extension.init_service_td_attributes) == (content[81:129], content[129:137])
    assert (extension.init_cpu_svn, extension.init_tee_tcb_svn) == (content[137:153], content[153:169])
    assert extension.init_tee_fmspc == content[169:181]
    assert (extension.cur_service_td_hash, extension.cur_service_td_attributes) == (content[181:229], content[229:])


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_quote_of_an_enclave_is_named_whatever_its_version(version: int) -> None:
    header = struct.pack("<HHIHH16s20s", version, 2, 0, 0, 0, QUOTES[0][12:28], bytes(20))
    with pytest.raises(TdxError, match="SGX enclave"):
        parse_quote(header + bytes(400))


@pytest.mark.parametrize(
    ("position", "form", "value", "reason"),
    [
        (0, "<H", 3, "version 3 is unknown"),
        (0, "<H", 6, "version 6 is unknown"),
        (2, "<H", 3, "ECDSA P-384"),
        (2, "<H", 9, "unknown type 9"),
        (4, "<I", 0, "SGX enclave"),
        (4, "<I", 0x82, "environment type 0x82"),
        (12, "<B", 0, "vendor"),
        (632, "<I", 0xFFFF_FFFF, "the signature needs"),
        (764, "<H", 5, "type 5 stands where type 6"),
        (1218, "<H", 0xFFFF, "the authentication data needs"),
        (1252, "<H", 3, "type 3 stands where type 5"),
        (1254, "<I", 1, "stand behind the certification data"),
    ],
)
def test_what_is_unknown_is_refused_with_its_reason(position: int, form: str, value: int, reason: str) -> None:
    changed = bytearray(QUOTES[0])
    struct.pack_into(form, changed, position, value)
    with pytest.raises(TdxError, match=reason):
        parse_quote(bytes(changed))


@pytest.mark.parametrize(("body_type", "size"), [(1, 384), (4, 648), (4, 886), (5, 885), (2, 648), (3, 584)])
def test_bodies_of_other_types_or_sizes_are_refused(body_type: int, size: int) -> None:
    changed = bytearray(QUOTES[1])
    struct.pack_into("<HI", changed, 48, body_type, size)
    with pytest.raises(TdxError):
        parse_quote(bytes(changed))


def test_what_stands_behind_the_signature_must_be_zero() -> None:
    assert parse_quote(QUOTES[0] + bytes(70)).trailing == 70
    with pytest.raises(TdxError, match="not all of them are zero"):
        parse_quote(QUOTES[0] + bytes(69) + b"\1")


@given(st.sampled_from(QUOTES), st.data())
def test_a_cut_quote_is_refused(quote: bytes, data: st.DataObject) -> None:
    exact = parse_quote(quote).exact
    with pytest.raises(TdxError):
        parse_quote(exact[: data.draw(st.integers(0, len(exact) - 1))])


@given(st.binary(max_size=2000))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with pytest.raises(TdxError):
        parse_quote(content)


@given(st.sampled_from(QUOTES), st.data())
def test_no_changed_quote_raises_anything_else(quote: bytes, data: st.DataObject) -> None:
    changed = bytearray(quote)
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(quote) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        changed[position] = value
    try:
        parsed = parse_quote(bytes(changed))
    except TdxError:
        return
    assert parsed.exact + bytes(parsed.trailing) == bytes(changed)
