"""Amounts of bytes as people write them: `256MiB`."""

from __future__ import annotations

import re
from typing import Final

from .errors import USAGE, ElasticHalError
from .text import shown

# Far below 2^63, so that no sum or product of sizes ever wraps in an integer of 64 bits.
MAX_SIZE: Final = 2**60
_MAX_DIGITS: Final = 19
_UNITS: Final = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


class QuantityError(ElasticHalError):
    """A text is not an amount, or the amount is more than any machine has."""

    exit_status = USAGE


def parse_size(text: str) -> int:
    """Return the bytes of a size such as `256MiB`.

    Raises:
        QuantityError: It is not a whole number of B, KiB, MiB or GiB, or more than `MAX_SIZE`.
    """
    match = re.fullmatch(r"0*([0-9]+) ?(B|KiB|MiB|GiB)?", text, re.ASCII)
    if match is None:
        raise QuantityError(
            f"'{shown(text)}' is not a size", "write a whole number and B, KiB, MiB or GiB, such as 256MiB"
        )
    size = int(match[1]) * _UNITS[match[2] or ""] if len(match[1]) <= _MAX_DIGITS else MAX_SIZE + 1
    if size > MAX_SIZE:
        raise QuantityError(f"{shown(text)} is more than {format_size(MAX_SIZE)}", "write the size that is meant")
    return size


def format_size(size: int) -> str:
    """Return bytes as `parse_size` reads them, in the largest unit that gives a whole number."""
    unit = max((unit for unit, factor in _UNITS.items() if size % factor == 0), key=lambda unit: _UNITS[unit])
    return f"{size // _UNITS[unit]}{unit or 'B'}"
