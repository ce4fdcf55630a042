"""How the canonical ABI lays out values: in memory, and as core values of a call.

A list and a window (two u32) are laid out alike in both, which is what lets an adapter pass values on untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from elastic_hal.runtime.bridge.errors import UnsupportedTypeError
from elastic_hal.runtime.bridge.types import (
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    RecordOf,
    ResultOf,
    Scalar,
    TupleOf,
    Type,
    VariantOf,
)

I32, I64, F32, F64 = "i32", "i64", "f32", "f64"
MAX_FLAT_PARAMETERS = 16
MAX_FLAT_RESULTS = 1
POINTER_SIZE = 4

_SCALARS: dict[Scalar, tuple[int, tuple[str, ...]]] = {
    Scalar.BOOL: (1, (I32,)),
    Scalar.S8: (1, (I32,)),
    Scalar.U8: (1, (I32,)),
    Scalar.S16: (2, (I32,)),
    Scalar.U16: (2, (I32,)),
    Scalar.S32: (4, (I32,)),
    Scalar.U32: (4, (I32,)),
    Scalar.S64: (8, (I64,)),
    Scalar.U64: (8, (I64,)),
    Scalar.F32: (4, (F32,)),
    Scalar.F64: (8, (F64,)),
    Scalar.CHAR: (4, (I32,)),
    Scalar.ERROR_CONTEXT: (4, (I32,)),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Size and alignment in memory, and the core values that carry the value in a call."""

    size: int
    alignment: int
    flat: tuple[str, ...]


_POINTER_AND_LENGTH = Layout(2 * POINTER_SIZE, POINTER_SIZE, (I32, I32))
_HANDLE = Layout(4, 4, (I32,))


@lru_cache(maxsize=4096)
def layout(type_: Type) -> Layout:
    """How a type is laid out."""
    match type_:
        case Scalar.STRING | ListOf() | MapOf():
            return _POINTER_AND_LENGTH
        case Scalar():
            size, flat = _SCALARS[type_]
            return Layout(size, size, flat)
        case RecordOf() | TupleOf():
            return record_layout(members(type_))
        case FlagsOf(names):
            if len(names) > 32:
                raise UnsupportedTypeError("flags with more than 32 names")
            size = 1 if len(names) <= 8 else 2 if len(names) <= 16 else 4
            return Layout(size, size, (I32,))
        case Own() | Borrow():
            return _HANDLE
        case _:
            return _variant_layout(payloads(type_))


def record_layout(types: tuple[Type, ...]) -> Layout:
    """The layout of values one after another."""
    size, alignment = 0, 1
    flat: list[str] = []
    for part in map(layout, types):
        size = aligned(size, part.alignment) + part.size
        alignment = max(alignment, part.alignment)
        flat.extend(part.flat)
    return Layout(aligned(size, alignment), alignment, tuple(flat))


def members(type_: RecordOf | TupleOf) -> tuple[Type, ...]:
    """The types of a record's fields or a tuple's elements."""
    return type_.elements if isinstance(type_, TupleOf) else tuple(member for _, member in type_.fields)


def offsets(types: Iterable[Type]) -> Iterator[tuple[int, Type]]:
    """Where each of several values lies that stand one after another."""
    position = 0
    for type_ in types:
        part = layout(type_)
        position = aligned(position, part.alignment)
        yield position, type_
        position += part.size


def payloads(type_: VariantOf | EnumOf | OptionOf | ResultOf) -> tuple[Type | None, ...]:
    """What each case carries of a type that is one of several cases."""
    match type_:
        case VariantOf(cases):
            return tuple(payload for _, payload in cases)
        case EnumOf(names):
            return (None,) * len(names)
        case OptionOf(payload):
            return (None, payload)
        case ResultOf(ok, error):
            return (ok, error)


def discriminant_size(cases: int) -> int:
    """How many bytes tell the case."""
    return 1 if cases <= 1 << 8 else 2 if cases <= 1 << 16 else 4


def payload_offset(carried: tuple[Type | None, ...]) -> int:
    """Where the payload lies in memory, the same for every case."""
    alignment = max((layout(payload).alignment for payload in carried if payload is not None), default=1)
    return aligned(discriminant_size(len(carried)), alignment)


def _variant_layout(carried: tuple[Type | None, ...]) -> Layout:
    parts = [layout(payload) for payload in carried if payload is not None]
    tag = discriminant_size(len(carried))
    alignment = max([tag, *(part.alignment for part in parts)])
    size = payload_offset(carried) + max((part.size for part in parts), default=0)
    joined: list[str] = []
    for part in parts:
        for place, kind in enumerate(part.flat):
            if place == len(joined):
                joined.append(kind)
            else:
                joined[place] = _join(joined[place], kind)
    return Layout(aligned(size, alignment), alignment, (I32, *joined))


def _join(first: str, second: str) -> str:
    if first == second:
        return first
    return I32 if {first, second} == {I32, F32} else I64


def aligned(position: int, alignment: int) -> int:
    """The first multiple of an alignment that is not before a position."""
    return -(-position // alignment) * alignment


@dataclass(frozen=True, slots=True)
class Call:
    """How a function is called.

    `parameters` are the core values that both sides exchange. Where `spilled`, that is one pointer to the parameters
    in memory. Where `returned` is True, the result lies in memory too: the caller of an import gives its address, an
    export returns it. Else `result` is its core value, if there is any.
    """

    parameters: tuple[str, ...]
    spilled: bool
    result: str | None
    returned: bool
    result_layout: Layout | None


def call(function: Function) -> Call:
    """How a function is called."""
    flat = record_layout(tuple(type_ for _, type_ in function.parameters)).flat
    spilled = len(flat) > MAX_FLAT_PARAMETERS
    result = None if function.result is None else layout(function.result)
    values = () if result is None else result.flat
    returned = len(values) > MAX_FLAT_RESULTS
    return Call((I32,) if spilled else flat, spilled, values[0] if values and not returned else None, returned, result)
