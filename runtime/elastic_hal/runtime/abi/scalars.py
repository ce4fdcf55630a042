"""Codecs of bool, integers, floats, char, string and list<u8>.

Integers are checked against their range and never wrapped. Text must be Unicode scalar values: surrogates, which
Python strings can hold, are refused.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

from elastic_hal.runtime.abi import cells, window_codecs
from elastic_hal.runtime.abi.cells import CELL_SIZE, PAYLOAD, bytes_at, span_cell
from elastic_hal.runtime.abi.codec import Codec, Context, wrong_kind, wrong_value
from elastic_hal.runtime.abi.errors import LiftingError


def _integer(wit: str, kind: int, payload: Any, numbers: str) -> Codec[int]:
    bits = 8 * ctypes.sizeof(payload)
    signed = numbers.islower()
    lowest, highest = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    cell_at: Callable[[int], Any] = cells.cell_type(payload).from_address

    def lift(cell: int, context: Context) -> int:
        view = cell_at(cell)
        if view.kind != kind:
            raise wrong_kind(cell, wit)
        value: int = view.value
        return value

    def lower(value: int, cell: int, context: Context) -> None:
        if type(value) is not int and (isinstance(value, bool) or not isinstance(value, int)):
            raise wrong_value(value, wit)
        if not lowest <= value <= highest:
            raise wrong_value(value, wit, f"outside {lowest} to {highest}")
        view = cell_at(cell)
        view.value = value
        view.kind = kind

    return Codec(wit, kind, lift, lower, numbers)


def _float(wit: str, kind: int, payload: Any, numbers: str) -> Codec[float]:
    cell_at: Callable[[int], Any] = cells.cell_type(payload).from_address

    def lift(cell: int, context: Context) -> float:
        view = cell_at(cell)
        if view.kind != kind:
            raise wrong_kind(cell, wit)
        value: float = view.value
        return value

    def lower(value: float, cell: int, context: Context) -> None:
        if isinstance(value, bool) or not isinstance(value, float | int):
            raise wrong_value(value, wit)
        try:
            number = float(value)
        except OverflowError:
            raise wrong_value(value, wit, "too large") from None
        view = cell_at(cell)
        view.value = number
        if math.isinf(view.value) and not math.isinf(number):
            raise wrong_value(value, wit, "too large")
        view.kind = kind

    return Codec(wit, kind, lift, lower, numbers)


_bool_at: Callable[[int], Any] = cells.cell_type(ctypes.c_uint8).from_address
_char_at: Callable[[int], Any] = cells.cell_type(ctypes.c_uint32).from_address


def _lift_bool(cell: int, context: Context) -> bool:
    view = _bool_at(cell)
    if view.kind != cells.BOOL:
        raise wrong_kind(cell, "bool")
    return bool(view.value)


def _lower_bool(value: bool, cell: int, context: Context) -> None:
    if not isinstance(value, bool):
        raise wrong_value(value, "bool")
    view = _bool_at(cell)
    view.value = value
    view.kind = cells.BOOL


def _is_scalar_value(code: int) -> bool:
    return code < 0xD800 or 0xDFFF < code < 0x110000


def _lift_char(cell: int, context: Context) -> str:
    view = _char_at(cell)
    if view.kind != cells.CHAR:
        raise wrong_kind(cell, "char")
    code: int = view.value
    if not _is_scalar_value(code):
        raise LiftingError("the guest passed a char that is no Unicode scalar value")
    return chr(code)


def _lower_char(value: str, cell: int, context: Context) -> None:
    if not isinstance(value, str):
        raise wrong_value(value, "char")
    if len(value) != 1 or not _is_scalar_value(ord(value)):
        raise wrong_value(value, "char", "not exactly one Unicode scalar value")
    view = _char_at(cell)
    view.value = ord(value)
    view.kind = cells.CHAR


def _lift_string(cell: int, context: Context) -> str:
    view = span_cell(cell)
    if view.kind != cells.STRING:
        raise wrong_kind(cell, "string")
    try:
        return bytes_at(view.data, view.size).decode()
    except UnicodeDecodeError:
        raise LiftingError("the guest passed a string that is not UTF-8") from None


def _lower_string(value: str, cell: int, context: Context) -> None:
    if not isinstance(value, str):
        raise wrong_value(value, "string")
    try:
        data = str.encode(value)
    except UnicodeEncodeError:
        raise wrong_value(value, "string", "it holds a lone surrogate") from None
    cells.new_bytes(cell + PAYLOAD, len(data), data)
    span_cell(cell).kind = cells.STRING


def _lift_bytes(cell: int, context: Context) -> bytes:
    view = span_cell(cell)
    if view.kind != cells.LIST:
        raise wrong_kind(cell, "list<u8>")
    count: int = view.size
    if not count:
        return b""
    data: int = view.data
    if cells.kind_at(data).value != cells.U8:
        raise wrong_kind(data, "u8")
    return cells.readable(data, count * CELL_SIZE)[PAYLOAD::CELL_SIZE].tobytes()


def _lower_bytes(value: bytes, cell: int, context: Context) -> None:
    if type(value) is not bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise wrong_value(value, "list<u8>")
        value = bytes(value)
    count = len(value)
    data = cells.new_array(cells.LIST, count, cell)
    if count:
        memory = cells.writable(data, count * CELL_SIZE)
        memory[::CELL_SIZE] = bytes((cells.U8,)) * count
        memory[PAYLOAD::CELL_SIZE] = value


bool_ = Codec("bool", cells.BOOL, _lift_bool, _lower_bool)
u8 = _integer("u8", cells.U8, ctypes.c_uint8, "B")
u16 = _integer("u16", cells.U16, ctypes.c_uint16, "H")
u32 = _integer("u32", cells.U32, ctypes.c_uint32, "I")
u64 = _integer("u64", cells.U64, ctypes.c_uint64, "Q")
s8 = _integer("s8", cells.S8, ctypes.c_int8, "b")
s16 = _integer("s16", cells.S16, ctypes.c_int16, "h")
s32 = _integer("s32", cells.S32, ctypes.c_int32, "i")
s64 = _integer("s64", cells.S64, ctypes.c_int64, "q")
f32 = _float("f32", cells.F32, ctypes.c_float, "f")
f64 = _float("f64", cells.F64, ctypes.c_double, "d")
char = Codec("char", cells.CHAR, _lift_char, _lower_char)
string = Codec("string", cells.STRING, _lift_string, _lower_string, grows=True)
bytes_ = Codec("list<u8>", cells.LIST, _lift_bytes, _lower_bytes, twin=lambda: window_codecs.windowed_bytes, grows=True)
