"""Lists of plain numbers, read and written in one go instead of element by element.

The cells of a list lie side by side, so that their kinds and their payloads are slices of the same memory. Values that
are not what they should be are left to the codec of the element, whose message tells what is wrong.
"""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any, TypeVar

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import CELL_SIZE, PAYLOAD, span_cell
from elastic_hal.runtime.abi.codec import Codec, Context, wrong_kind

T = TypeVar("T")
LowerList = Callable[[tuple[T, ...], int, Context], None]
"""Makes a cell the list of some elements."""

_WORTHWHILE = 4
"""From how many elements on the slices cost less than the elements."""

_EXACT_TYPES: dict[str, type] = {**dict.fromkeys("BHIQbhiq", int), "d": float}
"""What each format packs without changing the value. A float that is too large for `f` would become infinite."""


def lift_numbers(element: Codec[T], numbers: str, wit: str) -> Callable[[int, Context], list[T]]:
    """Makes the `lift` of a list: its elements are of one kind, since wasmtime lifted them as one type."""

    def lift(cell: int, context: Context) -> list[T]:
        view = span_cell(cell)
        if view.kind != cells.LIST:
            raise wrong_kind(cell, wit)
        count: int = view.size
        if not count:
            return []
        data: int = view.data
        if cells.kind_at(data).value != element.kind:
            raise wrong_kind(data, element.wit)
        memory: Any = cells.readable(data, count * CELL_SIZE)
        typed = memory.cast(numbers)
        values: list[T] = typed[PAYLOAD // typed.itemsize :: CELL_SIZE // typed.itemsize].tolist()
        return values

    return lift


def lower_numbers(element: Codec[T], numbers: str, one_by_one: LowerList[T]) -> LowerList[T]:
    """Makes the `lower` of a list; `one_by_one` is for short lists and for those with something wrong in them."""
    exact = _EXACT_TYPES.get(numbers)
    if exact is None:
        return one_by_one

    def lower(elements: tuple[T, ...], cell: int, context: Context) -> None:
        count = len(elements)
        if count < _WORTHWHILE or set(map(type, elements)) != {exact}:
            return one_by_one(elements, cell, context)
        try:
            packed: Any = array.array(numbers, elements)
        except OverflowError:
            return one_by_one(elements, cell, context)
        data = cells.new_array(cells.LIST, count, cell)
        memory: Any = cells.writable(data, count * CELL_SIZE)
        memory[::CELL_SIZE] = bytes((element.kind,)) * count
        typed = memory.cast(numbers)
        typed[PAYLOAD // typed.itemsize :: CELL_SIZE // typed.itemsize] = packed
        return None

    return lower
