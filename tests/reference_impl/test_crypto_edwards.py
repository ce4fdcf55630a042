"""Validation of Edwards public keys against the curves' own figures and against the library's keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.crypto.edwards import ED448, ED25519, Curve, is_strong_public_key

P25519, P448 = ED25519.prime, ED448.prime
# The y coordinates of the points of order 8 on edwards25519 are roots of a quartic; these are their usual encodings.
ORDER_8 = [
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]


def encode(number: int, curve: Curve) -> bytes:
    return number.to_bytes(curve.encoded_bytes, "little")


@given(st.binary(min_size=32, max_size=32))
def test_keys_of_the_library_are_strong_ed25519(seed: bytes) -> None:
    public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert is_strong_public_key(ED25519, public)


@given(st.binary(min_size=57, max_size=57))
def test_keys_of_the_library_are_strong_ed448(seed: bytes) -> None:
    public = ed448.Ed448PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert is_strong_public_key(ED448, public)


@pytest.mark.parametrize(
    "encoded",
    [
        encode(1, ED25519),  # the neutral point
        encode(P25519 - 1, ED25519),  # order 2
        encode(0, ED25519),  # order 4
        encode(1 << 255, ED25519),  # order 4, the other one
        *(bytes.fromhex(text) for text in ORDER_8),
        *(bytes.fromhex(text[:-2]) + bytes([int(text[-2:], 16) | 0x80]) for text in ORDER_8),
    ],
)
def test_points_of_small_order_are_weak_ed25519(encoded: bytes) -> None:
    assert not is_strong_public_key(ED25519, encoded)


@pytest.mark.parametrize("y", [1, P448 - 1, 0, 1 << 455])
def test_points_of_small_order_are_weak_ed448(y: int) -> None:
    assert not is_strong_public_key(ED448, encode(y, ED448))


@pytest.mark.parametrize(
    ("curve", "number"),
    [
        (ED25519, 2),  # no x for it
        (ED25519, P25519),  # 0 in another spelling
        (ED25519, P25519 + 1),
        (ED25519, (1 << 255) + 1),  # x is 0, yet said to be odd
        (ED25519, (1 << 255) - 1),
        (ED448, P448),
        (ED448, P448 + 1),
        (ED448, (1 << 455) + 1),
        (ED448, 1 << 448),
        (ED448, (1 << 456) - 1),
    ],
)
def test_what_is_no_canonical_point_is_refused(curve: Curve, number: int) -> None:
    assert not is_strong_public_key(curve, encode(number, curve))


@pytest.mark.parametrize("size", [0, 31, 33, 57])
def test_other_lengths_are_refused(size: int) -> None:
    assert not is_strong_public_key(ED25519, bytes(size))
