"""How much one call into a guest may carry.

wasmtime converts at most 128 MiB of values that a call gives back, and when there is more it is too late: the guest has
run, and cannot be called again. So arguments are held to the same measure before the guest is entered, where what
comes back may be as large as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import (
    CELL_SIZE,
    MAP_ENTRY_SIZE,
    RECORD_ENTRY_SIZE,
    RECORD_ENTRY_VALUE,
    kind_at,
    pointer_cell,
    result_cell,
    span_cell,
)
from elastic_hal.runtime.abi.errors import CallTooLargeError

MAX_WEIGHT: Final = 128 * 1024**2
"""Bytes as `weight` counts them. That is 2,796,202 bytes in a `list<u8>`, or 128 MiB in a `string`."""

VALUE_WEIGHT: Final = 48
"""What wasmtime takes for each value in a list, tuple, option or result."""

FIELD_WEIGHT: Final = VALUE_WEIGHT + 24
"""The same for a field of a record."""

TOO_LARGE: Final = "fuel allocated for hostcalls has been exhausted"
"""wasmtime's words for more than it converts."""

_DISTANCES: Final = {cells.LIST: CELL_SIZE, cells.TUPLE: CELL_SIZE, cells.RECORD: RECORD_ENTRY_SIZE}


def check_lengths(label: str, arguments: Iterable[object]) -> None:
    """Raises CallTooLargeError where an argument is too large by its length alone: before memory is taken for it."""
    for argument in arguments:
        if isinstance(argument, bytes | bytearray | memoryview | list):
            if len(argument) > MAX_WEIGHT // VALUE_WEIGHT:
                raise _too_large(label)
        elif isinstance(argument, str) and len(argument) > MAX_WEIGHT:
            raise _too_large(label)


def check_weight(label: str, lowered: Iterable[int]) -> None:
    """Raises CallTooLargeError where arguments are so large that the guest could not give as much back."""
    if sum(map(weight, lowered)) > MAX_WEIGHT:
        raise _too_large(label)


def _too_large(label: str) -> CallTooLargeError:
    return CallTooLargeError(
        f"the arguments of {label} are more than a call that gives lists or text back may carry: "
        f"{MAX_WEIGHT >> 20} MiB, {VALUE_WEIGHT} bytes for each element of a list; pass them in pieces"
    )


def weight(cell: int) -> int:
    """What a value takes of `MAX_WEIGHT` besides its own cell. Where it is more than that, counting stops there."""
    kind: int = kind_at(cell).value
    if kind == cells.STRING:
        size: int = span_cell(cell).size
        return size
    if kind in _DISTANCES:
        return _weight_of_parts(kind, span_cell(cell).data, span_cell(cell).size)
    if kind == cells.MAP:
        view = span_cell(cell)
        entries = range(view.data, view.data + view.size * MAP_ENTRY_SIZE, MAP_ENTRY_SIZE)
        return sum(2 * VALUE_WEIGHT + weight(entry) + weight(entry + CELL_SIZE) for entry in entries)
    payload = 0
    if kind == cells.OPTION:
        payload = pointer_cell(cell).value
    elif kind == cells.RESULT:
        payload = result_cell(cell).data
    elif kind == cells.VARIANT:
        payload = span_cell(cell).extra
    return VALUE_WEIGHT + weight(payload) if payload else 0


def _weight_of_parts(kind: int, first: int, count: int) -> int:
    """What the elements of a list or tuple or the fields of a record take."""
    total = count * VALUE_WEIGHT
    if kind == cells.LIST and (not count or kind_at(first).value <= cells.CHAR):
        return total
    distance, offset = _DISTANCES[kind], 0
    if kind == cells.RECORD:
        total, offset = count * FIELD_WEIGHT, RECORD_ENTRY_VALUE
    for part in range(first, first + count * distance, distance):
        total += weight(part + offset)
        if total > MAX_WEIGHT:
            break
    return total
