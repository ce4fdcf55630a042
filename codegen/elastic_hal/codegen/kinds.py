"""The kinds that a type of the resolved model can be; `model` has what they belong to.

Terms are those of the component model's WIT.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elastic_hal.codegen.model import Type, TypeDef


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record."""

    name: str
    type: Type
    docs: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A product type with named fields."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a variant; `type` is None where it carries nothing."""

    name: str
    type: Type | None
    docs: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A tagged union; each case may carry a value."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class EnumCase:
    """A case of an enum."""

    name: str
    docs: str | None = None


@dataclass(frozen=True, slots=True)
class Enum:
    """A choice among names that carry nothing."""

    cases: tuple[EnumCase, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of a set."""

    name: str
    docs: str | None = None


@dataclass(frozen=True, slots=True)
class Flags:
    """A set of named flags; the first is bit 0."""

    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Tuple:
    """`tuple<…>`."""

    types: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """`option<type>`."""

    type: Type


@dataclass(frozen=True, slots=True)
class Result:
    """`result<ok, err>`; a side that carries nothing is None."""

    ok: Type | None
    err: Type | None


@dataclass(frozen=True, slots=True)
class List:
    """`list<type>`."""

    type: Type


@dataclass(frozen=True, slots=True)
class FixedLengthList:
    """`list<type, length>`."""

    type: Type
    length: int


@dataclass(frozen=True, slots=True)
class Map:
    """`map<key, value>`."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class Future:
    """`future<type>`, or bare `future`."""

    type: Type | None


@dataclass(frozen=True, slots=True)
class Stream:
    """`stream<type>`, or bare `stream`."""

    type: Type | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type. Its functions stand in the interface's `functions`, under names such as `[method]key.sign`."""


@dataclass(frozen=True, slots=True)
class Own:
    """`own<r>`, also where the source writes just `r`. `resource` may be an alias of the resource."""

    resource: TypeDef


@dataclass(frozen=True, slots=True)
class Borrow:
    """`borrow<r>`: lent for the duration of a call."""

    resource: TypeDef


@dataclass(frozen=True, slots=True)
class Alias:
    """`type a = b;`, or a type brought in by `use`."""

    target: Type


TypeKind = (
    Record
    | Variant
    | Enum
    | Flags
    | Tuple
    | Option
    | Result
    | List
    | FixedLengthList
    | Map
    | Future
    | Stream
    | Resource
    | Own
    | Borrow
    | Alias
)


def parts_of(kind: TypeKind) -> Iterator[Type | None]:
    """The types that a type is directly made of, in order; None where a place carries nothing. Handles lead to their
    resource, aliases to their target.
    """
    match kind:
        case Record(fields):
            yield from (field.type for field in fields)
        case Variant(cases):
            yield from (case.type for case in cases)
        case Tuple(types):
            yield from types
        case Result(ok, err):
            yield from (ok, err)
        case Map(key, value):
            yield from (key, value)
        case Option(inner) | List(inner) | FixedLengthList(inner) | Alias(inner):
            yield inner
        case Future(payload) | Stream(payload):
            yield payload
        case Own(resource) | Borrow(resource):
            yield resource
        case Enum() | Flags() | Resource():
            return
