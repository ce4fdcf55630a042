"""WIT types as plain values, equal where they have the same structure.

Resources are numbers: who reads types from somewhere says which resource a number stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Scalar(Enum):
    """Types without parts, by their code in binaries."""

    BOOL = 0x7F
    S8 = 0x7E
    U8 = 0x7D
    S16 = 0x7C
    U16 = 0x7B
    S32 = 0x7A
    U32 = 0x79
    S64 = 0x78
    U64 = 0x77
    F32 = 0x76
    F64 = 0x75
    CHAR = 0x74
    STRING = 0x73
    ERROR_CONTEXT = 0x64


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    element: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class TupleOf:
    """A tuple."""

    elements: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class RecordOf:
    """A record: names and types of its fields."""

    fields: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class VariantOf:
    """A variant: names of its cases and what they carry."""

    cases: tuple[tuple[str, Type | None], ...]


@dataclass(frozen=True, slots=True)
class EnumOf:
    """An enum."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagsOf:
    """Flags."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptionOf:
    """An option."""

    payload: Type


@dataclass(frozen=True, slots=True)
class ResultOf:
    """A result."""

    ok: Type | None
    error: Type | None


@dataclass(frozen=True, slots=True)
class Own:
    """A handle that owns a resource."""

    resource: int


@dataclass(frozen=True, slots=True)
class Borrow:
    """A handle lent for a call."""

    resource: int


Type = Scalar | ListOf | MapOf | TupleOf | RecordOf | VariantOf | EnumOf | FlagsOf | OptionOf | ResultOf | Own | Borrow
NOMINAL = (RecordOf, VariantOf, EnumOf, FlagsOf)
"""Types that a component must have named before an import or an export mentions them."""

BYTES = ListOf(Scalar.U8)
WINDOW = TupleOf((Scalar.U32, Scalar.U32))
"""What stands for bytes on a bridge: address and length. In memory and as core values it is laid out like a list."""


@dataclass(frozen=True, slots=True)
class Function:
    """The type of a function."""

    parameters: tuple[tuple[str, Type], ...]
    result: Type | None


def parts(type_: Type) -> tuple[Type, ...]:
    """The types that a type is made of directly."""
    match type_:
        case ListOf(element):
            return (element,)
        case MapOf(key, value):
            return (key, value)
        case TupleOf(elements):
            return elements
        case RecordOf(members):
            return tuple(member for _, member in members)
        case VariantOf(cases):
            return tuple(payload for _, payload in cases if payload is not None)
        case OptionOf(payload):
            return (payload,)
        case ResultOf(ok, error):
            return tuple(part for part in (ok, error) if part is not None)
        case _:
            return ()


def walk(type_: Type) -> Iterator[Type]:
    """A type and all that it is made of."""
    yield type_
    for part in parts(type_):
        yield from walk(part)


def has_bytes(function: Function) -> bool:
    """Whether a function takes or gives bytes, at any depth."""
    types = [type_ for _, type_ in function.parameters]
    if function.result is not None:
        types.append(function.result)
    return any(BYTES in walk(type_) for type_ in types)


def windowed_function(function: Function) -> Function:
    """The function with windows in place of bytes."""
    result = function.result
    return Function(
        tuple((name, windowed(type_)) for name, type_ in function.parameters),
        None if result is None else windowed(result),
    )


def windowed(type_: Type) -> Type:
    """The type with windows in place of bytes, at any depth."""
    if type_ == BYTES:
        return WINDOW
    match type_:
        case ListOf(element):
            return ListOf(windowed(element))
        case MapOf(key, value):
            return MapOf(windowed(key), windowed(value))
        case TupleOf(elements):
            return TupleOf(tuple(windowed(element) for element in elements))
        case RecordOf(members):
            return RecordOf(tuple((name, windowed(member)) for name, member in members))
        case VariantOf(cases):
            return VariantOf(tuple((name, _windowed_payload(payload)) for name, payload in cases))
        case OptionOf(payload):
            return OptionOf(windowed(payload))
        case ResultOf(ok, error):
            return ResultOf(_windowed_payload(ok), _windowed_payload(error))
        case _:
            return type_


def _windowed_payload(payload: Type | None) -> Type | None:
    return None if payload is None else windowed(payload)
