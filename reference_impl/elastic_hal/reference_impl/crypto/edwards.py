"""Validation of Ed25519 and Ed448 public keys (RFC 8032 sections 5.1.3 and 5.2.3).

The library below takes any bytes of the right length and finds out at verification; a key is refused here when it is
imported: where it is no point of the curve, where it is not encoded canonically, and where its order is small, since
such a key has signatures that anybody can make. Public values only, so the arithmetic need not be constant in time.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Curve:
    """a·x² + y² = 1 + d·x²·y² modulo a prime; `doublings` is the logarithm of the cofactor."""

    prime: int
    a: int
    d: int
    doublings: int
    encoded_bytes: int


_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
ED25519: Final = Curve(_P25519, -1, -121665 * pow(121666, -1, _P25519) % _P25519, 3, 32)
ED448: Final = Curve(_P448, 1, -39081 % _P448, 2, 57)


def is_strong_public_key(curve: Curve, encoded: bytes) -> bool:
    """Tell whether `encoded` is a canonical point whose order is not small."""
    point = _decode(curve, encoded)
    if point is None:
        return False
    for _ in range(curve.doublings):
        point = _double(curve, point)
    return point != (0, 1)


def _decode(curve: Curve, encoded: bytes) -> tuple[int, int] | None:
    if len(encoded) != curve.encoded_bytes:
        return None
    number = int.from_bytes(encoded, "little")
    sign_position = 8 * curve.encoded_bytes - 1
    sign, y = number >> sign_position, number & ((1 << sign_position) - 1)
    if y >= curve.prime:
        return None
    square = (1 - y * y) * pow(curve.a - curve.d * y * y, -1, curve.prime) % curve.prime
    x = _square_root(square, curve.prime)
    if x is None or (x == 0 and sign == 1):
        return None
    return (x if x & 1 == sign else curve.prime - x), y


def _square_root(square: int, prime: int) -> int | None:
    if prime % 4 == 3:
        root = pow(square, (prime + 1) // 4, prime)
    else:
        root = pow(square, (prime + 3) // 8, prime)
        if root * root % prime != square:
            root = root * pow(2, (prime - 1) // 4, prime) % prime
    return root if root * root % prime == square else None


def _double(curve: Curve, point: tuple[int, int]) -> tuple[int, int]:
    """Double a point; the denominators are never zero because d is not a square."""
    x, y = point
    product = curve.d * x * x * y * y
    doubled_x = 2 * x * y * pow(1 + product, -1, curve.prime)
    doubled_y = (y * y - curve.a * x * x) * pow(1 - product, -1, curve.prime)
    return doubled_x % curve.prime, doubled_y % curve.prime
