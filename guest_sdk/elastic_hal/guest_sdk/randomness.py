"""Random bytes of the platform's cryptographically secure source (RND-1).

Named so that it does not hide the standard library's `random`, which is no source of secrets.
"""

from __future__ import annotations

from .bindings.wasi_random import random as _random

_LARGEST_REQUEST = 1024 * 1024


def random_bytes(count: int) -> bytes:
    """Gives `count` random bytes. Raises ValueError for a negative count."""
    if count < 0:
        raise ValueError(f"cannot make {count} random bytes")
    parts = [_random.get_random_bytes(min(_LARGEST_REQUEST, count - at)) for at in range(0, count, _LARGEST_REQUEST)]
    return b"".join(parts)


def random_below(bound: int) -> int:
    """Gives an integer from 0 up to `bound` (exclusive), each equally likely. Raises ValueError for a bound below 1."""
    if bound < 1:
        raise ValueError(f"there is no integer from 0 below {bound}")
    bits = (bound - 1).bit_length()
    length = (bits + 7) // 8
    while True:
        number = int.from_bytes(random_bytes(length), "big") >> (8 * length - bits)
        if number < bound:
            return number
