"""Codecs of lists whose length is part of the type: `list<T, 4>`.

They travel as lists do; the length is checked on both ways. Their bytes lie inside the value and not behind an address,
so that a window has no use for them.
"""

from __future__ import annotations

from typing import TypeVar

from elastic_hal.common.text import counted
from elastic_hal.runtime.abi.aggregates import list_
from elastic_hal.runtime.abi.codec import Codec, Context, any_grows, twin_of, wrong_value
from elastic_hal.runtime.abi.errors import LiftingError
from elastic_hal.runtime.abi.scalars import bytes_

T = TypeVar("T")


def fixed_list(element: Codec[T], length: int) -> Codec[list[T]]:
    """`list<T, length>` as a Python list of exactly that length; for `list<u8, length>` see `fixed_bytes`."""
    plain = list_(element)
    wit = f"list<{element.wit}, {length}>"
    lift_list, lower_list = plain.lift, plain.lower

    def lift(cell: int, context: Context) -> list[T]:
        value = lift_list(cell, context)
        if len(value) != length:
            raise LiftingError(f"the guest passed {counted(len(value), 'element')} where the interface has {wit}")
        return value

    def lower(value: list[T], cell: int, context: Context) -> None:
        if not isinstance(value, list | tuple):
            raise wrong_value(value, wit)
        elements = list(value)
        if len(elements) != length:
            raise wrong_value(value, wit, f"it has {counted(len(elements), 'element')}")
        lower_list(elements, cell, context)

    def twin(windowed: Codec[T]) -> Codec[list[T]]:
        return fixed_list(windowed, length)

    return Codec(wit, plain.kind, lift, lower, twin=twin_of(twin, element), grows=any_grows(element))


def fixed_bytes(length: int) -> Codec[bytes]:
    """`list<u8, length>` as bytes of exactly that length."""
    wit = f"list<u8, {length}>"
    lift_bytes, lower_bytes = bytes_.lift, bytes_.lower

    def lift(cell: int, context: Context) -> bytes:
        value = lift_bytes(cell, context)
        if len(value) != length:
            raise LiftingError(f"the guest passed {counted(len(value), 'byte')} where the interface has {wit}")
        return value

    def lower(value: bytes, cell: int, context: Context) -> None:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise wrong_value(value, wit)
        data = bytes(value)
        if len(data) != length:
            raise wrong_value(value, wit, f"it has {counted(len(data), 'byte')}")
        lower_bytes(data, cell, context)

    return Codec(wit, bytes_.kind, lift, lower)
