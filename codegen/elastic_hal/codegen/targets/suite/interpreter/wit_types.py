"""Descriptors of WIT types: they build a value of the generated bindings from neutral data, and show such a value as
neutral data again.

Showing is strict. A value that is not of the declared type raises WrongType, so a runtime or binding that returns
something else can't pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, Flag
from typing import Any, Protocol


class WrongType(Exception):
    """A value does not have the type that the contract declares."""


class WitType(Protocol):
    """What every descriptor can do."""

    def build(self, neutral: Any) -> Any:
        """The bindings' value for neutral data."""

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings' value; raises WrongType."""


def _demand(condition: bool, value: object, wanted: str) -> None:
    if not condition:
        raise WrongType(f"{type(value).__name__} where the contract says {wanted}")


def _payload(kind: WitType | None, value: Any) -> Any:
    return None if kind is None else kind.show(value.value)


@dataclass(frozen=True)
class Plain:
    """bool, char and string: the same on both sides."""

    python_type: type
    name: str

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return neutral

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(type(value) is self.python_type, value, self.name)
        _demand(self.name != "char" or len(value) == 1, value, self.name)
        return value


@dataclass(frozen=True)
class Nothing:
    """What a function without result returns."""

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return None

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(value is None, value, "nothing is returned")


@dataclass(frozen=True)
class Integer:
    """An integer type with its bounds."""

    low: int
    high: int

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return neutral

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(
            type(value) is int and self.low <= value <= self.high, value, f"an integer from {self.low} to {self.high}"
        )
        return value


@dataclass(frozen=True)
class Float:
    """f32 and f64; what is not finite is marked, because data has no literal for it."""

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return float(neutral[1]) if isinstance(neutral, tuple) else neutral

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, float), value, "a float")
        return value if math.isfinite(value) else ("float", str(value))


@dataclass(frozen=True)
class Bytes:
    """`list<u8>`; `length` where it is fixed."""

    length: int | None = None

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return neutral

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, bytes) and self.length in {None, len(value)}, value, "list<u8>")
        return value


@dataclass(frozen=True)
class ListOf:
    """`list<T>`; `length` where it is fixed."""

    element: WitType
    length: int | None = None

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return [self.element.build(item) for item in neutral]

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, list) and self.length in {None, len(value)}, value, "a list")
        return [self.element.show(item) for item in value]


@dataclass(frozen=True)
class TupleOf:
    """`tuple<…>`."""

    members: Sequence[WitType]

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return tuple(member.build(item) for member, item in zip(self.members, neutral, strict=True))

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, tuple) and len(value) == len(self.members), value, "a tuple")
        return [member.show(item) for member, item in zip(self.members, value, strict=True)]


@dataclass(frozen=True)
class MapOf:
    """`map<K, V>`, shown as pairs."""

    key: WitType
    value: WitType

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return {self.key.build(key): self.value.build(value) for key, value in neutral}

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, dict), value, "a map")
        return [[self.key.show(key), self.value.show(item)] for key, item in value.items()]


@dataclass(frozen=True)
class RecordOf:
    """A record: its class and (WIT name, attribute, type) of each field."""

    python_type: type
    fields: Sequence[tuple[str, str, WitType]]

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return self.python_type(**{attribute: kind.build(neutral[name]) for name, attribute, kind in self.fields})

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, self.python_type), value, self.python_type.__name__)
        return {name: kind.show(getattr(value, attribute)) for name, attribute, kind in self.fields}


@dataclass(frozen=True)
class VariantOf:
    """A variant: (WIT name, class, payload type) of each case."""

    cases: Sequence[tuple[str, type, WitType | None]]

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        ((wanted, payload),) = neutral.items()
        for name, python_type, kind in self.cases:
            if name == wanted:
                return python_type() if kind is None else python_type(kind.build(payload))
        raise WrongType(f"there is no case {wanted}")

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        for name, python_type, kind in self.cases:
            if type(value) is python_type:
                return {name: _payload(kind, value)}
        raise WrongType(f"{type(value).__name__} is no case of the variant")


@dataclass(frozen=True)
class EnumOf:
    """An enum; the value of a member is its WIT name."""

    python_type: type[Enum]

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return self.python_type(neutral)

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, self.python_type), value, self.python_type.__name__)
        return value.value


@dataclass(frozen=True)
class FlagsOf:
    """Flags: the class and (WIT name, member) in declared order."""

    python_type: type[Flag]
    members: Sequence[tuple[str, str]]

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        combined = self.python_type(0)
        for name, member in self.members:
            if name in neutral:
                combined |= self.python_type[member]
        return combined

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, self.python_type), value, self.python_type.__name__)
        return [name for name, member in self.members if self.python_type[member] in value]


@dataclass(frozen=True)
class OptionOf:
    """`option<T>`; `some` is the wrapper class where T may itself be None."""

    inner: WitType
    some: Callable[[Any], Any] | None = None

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        if neutral is None:
            return None
        return self.inner.build(neutral) if self.some is None else self.some(self.inner.build(neutral["some"]))

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        if value is None:
            return None
        return self.inner.show(value) if self.some is None else {"some": self.inner.show(value.value)}


@dataclass(frozen=True)
class ResultOf:
    """A nested `result<…>` with the bindings' two classes."""

    ok_type: type
    err_type: type
    ok: WitType | None
    err: WitType | None

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        ((case, payload),) = neutral.items()
        python_type, kind = (self.ok_type, self.ok) if case == "ok" else (self.err_type, self.err)
        return python_type(None if kind is None else kind.build(payload))

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        for name, python_type, kind in (("ok", self.ok_type, self.ok), ("err", self.err_type, self.err)):
            if type(value) is python_type:
                return {name: _payload(kind, value)}
        raise WrongType(f"{type(value).__name__} where the contract says a result")


@dataclass(frozen=True)
class HandleOf:
    """A resource, owned or borrowed: the object itself stands for it."""

    python_type: type

    def build(self, neutral: Any) -> Any:
        """The bindings\' value for neutral data."""
        return neutral

    def show(self, value: Any) -> Any:
        """Neutral data for the bindings\' value; raises WrongType."""
        _demand(isinstance(value, self.python_type), value, self.python_type.__name__)
        return value


NOTHING = Nothing()
BOOL = Plain(bool, "bool")
CHAR = Plain(str, "char")
STRING = Plain(str, "string")
U8, U16, U32, U64 = (Integer(0, 2**bits - 1) for bits in (8, 16, 32, 64))
S8, S16, S32, S64 = (Integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64))
F32 = F64 = Float()
BYTES = Bytes()
