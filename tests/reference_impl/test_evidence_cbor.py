"""The strict CBOR decoder: what it takes, what it refuses, and that nothing makes it fail in any other way."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.eat import EvidenceError
from elastic_hal.reference_impl.eat.cbor import MAX_DEPTH, Tagged, decode

# RFC 8949, appendix A.
ACCEPTED = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1_000_000),
    ("1bffffffffffffffff", 2**64 - 1),
    ("20", -1),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("62c3bc", "ü"),
    ("83010203", [1, 2, 3]),
    ("a201020304", {1: 2, 3: 4}),
    ("d818456449455446", Tagged(24, b"dIETF")),
]
REFUSED = [
    ("", "ends after"),
    ("1800", "shortest"),
    ("190017", "shortest"),
    ("1a0000ffff", "shortest"),
    ("1b00000000ffffffff", "shortest"),
    ("f90000", "float"),
    ("f7", "simple value"),
    ("5f42010243030405ff", "indefinite"),
    ("9fff", "indefinite"),
    ("ff", "indefinite"),
    ("1c", "reserved"),
    ("61ff", "UTF-8"),
    ("a201020102", "repeated"),
    ("a203040102", "out of order"),
    ("a1f501", "neither an integer nor a text"),
    ("a1410101", "neither an integer nor a text"),
    ("0000", "follow the end"),
    ("9b00ffffffffffffff", "more than the input holds"),
    ("bb7fffffffffffffff", "more than the input holds"),
    ("5bffffffffffffffff", "ends after"),
]


@pytest.mark.parametrize(("encoded", "value"), ACCEPTED)
def test_takes_the_examples_of_the_standard(encoded: str, value: object) -> None:
    assert decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(("encoded", "reason"), REFUSED)
def test_refuses_what_has_another_spelling_or_no_meaning(encoded: str, reason: str) -> None:
    with pytest.raises(EvidenceError, match=reason):
        decode(bytes.fromhex(encoded))


def test_bounds_the_depth() -> None:
    assert decode(b"\x81" * (MAX_DEPTH - 1) + b"\x00")
    with pytest.raises(EvidenceError, match="nested"):
        decode(b"\x81" * MAX_DEPTH + b"\x00")
    with pytest.raises(EvidenceError, match="nested"):
        decode(b"\xc1" * 100_000)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_typed_error(data: bytes) -> None:
    try:
        decode(data)
    except EvidenceError:
        return


_leaves = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=20) | st.text(max_size=20) | st.booleans() | st.none()
# Keys of one length each, where the two canonical orders (RFC 7049 and RFC 8949) agree.
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=4),
    max_leaves=6,
)


@given(_values)
def test_gives_back_what_a_deterministic_encoder_wrote(value: Any) -> None:
    assert decode(cbor2.dumps(value, canonical=True)) == value
