"""`list<u8>` in a window: what travels through an adapter is the address and the length of the bytes.

Every other type with bytes in it has a twin made of its own parts and this (`codec.twin_of`), so that a call through
an adapter takes and gives the same Python values as one without.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import CELL_SIZE, PAYLOAD, bytes_at, span_cell
from elastic_hal.runtime.abi.codec import Codec, Context, wrong_kind, wrong_value

_PLACE: Final = struct.Struct("=B7xI20xB7xI20x")
"""Two cells: kind and value of the address, kind and value of the length."""
_PLACE_SIZE: Final = 2 * CELL_SIZE
_U32: Final = cells.U32


def _lift_bytes(cell: int, context: Context) -> bytes:
    view = span_cell(cell)
    if view.kind != cells.TUPLE or view.size != 2:
        raise wrong_kind(cell, "the place of a list<u8>")
    address_kind, address, length_kind, length = _PLACE.unpack(bytes_at(view.data, _PLACE_SIZE))
    if address_kind != _U32 or length_kind != _U32:
        raise wrong_kind(view.data, "the place of a list<u8>")
    return context.window.read(address, length)


def _lower_bytes(value: bytes, cell: int, context: Context) -> None:
    if type(value) is not bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise wrong_value(value, "list<u8>")
        value = bytes(value)
    place = _PLACE.pack(_U32, context.window.place(value), _U32, len(value))
    cells.new_tuple_of(cell + PAYLOAD, 2, place)
    span_cell(cell).kind = cells.TUPLE


def _lift_numbers(cell: int, context: Context) -> list[int]:
    return list(_lift_bytes(cell, context))


def _lower_numbers(value: list[int], cell: int, context: Context) -> None:
    if not isinstance(value, list | tuple):
        raise wrong_value(value, "list<u8>")
    for member in value:
        if isinstance(member, bool) or not isinstance(member, int):
            raise wrong_value(member, "u8")
        if not 0 <= member <= 255:
            raise wrong_value(member, "u8", "outside 0 to 255")
    _lower_bytes(bytes(value), cell, context)


windowed_bytes = Codec("list<u8>", cells.TUPLE, _lift_bytes, _lower_bytes)
"""`list<u8>` as bytes."""

windowed_numbers: Codec[Any] = Codec("list<u8>", cells.TUPLE, _lift_numbers, _lower_numbers)
"""`list<u8>` as a list of integers, for bindings that have it so."""
