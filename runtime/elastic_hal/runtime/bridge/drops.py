"""Code that gives back the handles that were lent to an adapter for a call.

Borrowed handles may stand anywhere in the parameters: as core values, behind cases of variants whose core values are
joined with those of other cases, and in lists in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from elastic_hal.runtime.bridge.instructions import (
    ADD,
    EQUAL,
    LESS,
    WRAP,
    call,
    constant,
    get,
    load,
    put,
    when,
    while_true,
)
from elastic_hal.runtime.bridge.layout import (
    I64,
    POINTER_SIZE,
    discriminant_size,
    layout,
    members,
    offsets,
    payload_offset,
    payloads,
)
from elastic_hal.runtime.bridge.types import (
    Borrow,
    EnumOf,
    ListOf,
    MapOf,
    OptionOf,
    RecordOf,
    ResultOf,
    TupleOf,
    Type,
    VariantOf,
    walk,
)

_COUNTERS = 2


def has_borrows(type_: Type) -> bool:
    """Whether a type holds borrowed handles."""
    return any(isinstance(part, Borrow) for part in walk(type_))


def borrows_in_memory(type_: Type) -> bool:
    """Whether a type holds borrowed handles that are in memory even where it is given as core values."""
    return any(has_borrows(part) for part in walk(type_) if isinstance(part, ListOf | MapOf))


class DropCode:
    """Writes the code for the parameters of one function.

    `drop` gives the index of the core function that drops handles of a resource; further locals, all i32, are numbered
    from `first_local` on.
    """

    def __init__(self, drop: Callable[[int], int], first_local: int) -> None:
        self._drop = drop
        self._first_local = first_local
        self.locals = 0

    def flat(self, type_: Type, kinds: Sequence[str], first: int) -> bytes:
        """Drops what a value holds whose core values are locals of these kinds from `first` on."""
        if not has_borrows(type_):
            return b""
        match type_:
            case Borrow(resource):
                return _number(kinds[0], first) + call(self._drop(resource))
            case ListOf() | MapOf():
                return self._elements(_element(type_), _number(kinds[0], first), _number(kinds[1], first + 1))
            case RecordOf() | TupleOf():
                return self._flat_members(members(type_), kinds, first)
            case VariantOf() | EnumOf() | OptionOf() | ResultOf():
                return self._flat_cases(payloads(type_), kinds, first)
            case _:
                return b""

    def memory(self, type_: Type, address: bytes, offset: int) -> bytes:
        """Drops what a value holds that lies in memory at an offset from an address."""
        if not has_borrows(type_):
            return b""
        match type_:
            case Borrow(resource):
                return address + load(offset) + call(self._drop(resource))
            case ListOf() | MapOf():
                pointer, length = address + load(offset), address + load(offset + POINTER_SIZE)
                return self._elements(_element(type_), pointer, length)
            case RecordOf() | TupleOf():
                placed = offsets(members(type_))
                return b"".join(self.memory(part, address, offset + place) for place, part in placed)
            case VariantOf() | EnumOf() | OptionOf() | ResultOf():
                return self._memory_cases(payloads(type_), address, offset)
            case _:
                return b""

    def _flat_members(self, types: Sequence[Type], kinds: Sequence[str], first: int) -> bytes:
        code, place = b"", 0
        for type_ in types:
            width = len(layout(type_).flat)
            code += self.flat(type_, kinds[place : place + width], first + place)
            place += width
        return code

    def _flat_cases(self, carried: Sequence[Type | None], kinds: Sequence[str], first: int) -> bytes:
        return b"".join(
            when(_number(kinds[0], first) + constant(number) + EQUAL, self.flat(payload, kinds[1:], first + 1))
            for number, payload in enumerate(carried)
            if payload is not None and has_borrows(payload)
        )

    def _memory_cases(self, carried: tuple[Type | None, ...], address: bytes, offset: int) -> bytes:
        tag = address + load(offset, discriminant_size(len(carried)))
        inside = offset + payload_offset(carried)
        return b"".join(
            when(tag + constant(number) + EQUAL, self.memory(payload, address, inside))
            for number, payload in enumerate(carried)
            if payload is not None and has_borrows(payload)
        )

    def _elements(self, element: Type, pointer: bytes, length: bytes) -> bytes:
        current, left = self._first_local + self.locals, self._first_local + self.locals + 1
        self.locals += _COUNTERS
        step = get(current) + constant(layout(element).size) + ADD + put(current)
        fewer = get(left) + constant(-1) + ADD + put(left)
        some_left = constant(0) + get(left) + LESS
        body = self.memory(element, get(current), 0) + step + fewer
        return pointer + put(current) + length + put(left) + while_true(some_left, body)


def _element(type_: ListOf | MapOf) -> Type:
    return type_.element if isinstance(type_, ListOf) else TupleOf((type_.key, type_.value))


def _number(kind: str, local: int) -> bytes:
    """The i32 in a local that other cases may use for something wider."""
    return get(local) + (WRAP if kind == I64 else b"")
