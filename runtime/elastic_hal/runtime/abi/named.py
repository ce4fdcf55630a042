"""Codecs of types that are made of names: record, variant, enum, flags."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from elastic_hal.common.text import counted
from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import (
    NAME_SIZE,
    PAYLOAD,
    RECORD_ENTRY_SIZE,
    RECORD_ENTRY_VALUE,
    bytes_at,
    span_cell,
    word_at,
)
from elastic_hal.runtime.abi.codec import Codec, Context, any_grows, twin_of, wrong_kind, wrong_value
from elastic_hal.runtime.abi.errors import LiftingError

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=enum.Enum)
FlagT = TypeVar("FlagT", bound=enum.Flag)
_WORD = 8


def record(build: Callable[..., T], fields: Sequence[tuple[str, str, Codec[Any]]]) -> Codec[T]:
    """A record as the dataclass `build`; `fields` gives, in WIT order, the WIT name, the attribute and the codec of
    each field.
    """
    wit = f"record {getattr(build, '__name__', 'record')}"
    count = len(fields)
    template = cells.RecordTemplate([name.encode() for name, _, _ in fields])
    offsets = range(RECORD_ENTRY_VALUE, count * RECORD_ENTRY_SIZE, RECORD_ENTRY_SIZE)
    lifts = tuple((offset, codec.lift) for offset, (_, _, codec) in zip(offsets, fields, strict=True))
    lowers = tuple((offset, name, codec.lower) for offset, (_, name, codec) in zip(offsets, fields, strict=True))

    def lift(cell: int, context: Context) -> T:
        view = span_cell(cell)
        if view.kind != cells.RECORD:
            raise wrong_kind(cell, wit)
        if view.size != count:
            raise LiftingError(f"the guest passed a record of {counted(view.size, 'field')} where {wit} has {count}")
        data: int = view.data
        return build(*[lift_field(data + offset, context) for offset, lift_field in lifts])

    def lower(value: T, cell: int, context: Context) -> None:
        data = template.copy(cell)
        for offset, attribute, lower_field in lowers:
            try:
                member = getattr(value, attribute)
            except AttributeError:
                raise wrong_value(value, wit, f"it has no attribute {attribute}") from None
            lower_field(member, data + offset, context)

    def twin(*codecs: Codec[Any]) -> Codec[T]:
        return record(
            build, [(name, attribute, codec) for (name, attribute, _), codec in zip(fields, codecs, strict=True)]
        )

    members = [codec for _, _, codec in fields]
    return Codec(wit, cells.RECORD, lift, lower, twin=twin_of(twin, *members), grows=any_grows(*members))


def variant(cases: Sequence[tuple[str, Callable[..., Any], Codec[Any] | None]]) -> Codec[Any]:
    """A variant as one class per case, whose payload is its attribute `value`. Exception classes serve as well as
    dataclasses.
    """
    wit = f"variant {{ {', '.join(name for name, _, _ in cases)} }}"
    by_name = {name.encode(): (build, codec) for name, build, codec in cases}
    by_class: dict[Any, tuple[bytes, Codec[Any] | None]] = {
        build: (name.encode(), codec) for name, build, codec in cases
    }

    def lift(cell: int, context: Context) -> Any:
        view = span_cell(cell)
        if view.kind != cells.VARIANT:
            raise wrong_kind(cell, wit)
        case = by_name.get(bytes_at(view.data, view.size))
        if case is None or (case[1] is None) != (not view.extra):
            raise LiftingError(f"the guest passed a case that {wit} does not have")
        build, codec = case
        return build() if codec is None else build(codec.lift(view.extra, context))

    def lower(value: Any, cell: int, context: Context) -> None:
        case = by_class.get(type(value)) or next(
            (by_class[base] for base in type(value).__mro__ if base in by_class), None
        )
        if case is None:
            raise wrong_value(value, wit)
        name, codec = case
        view = span_cell(cell)
        cells.new_bytes(cell + PAYLOAD, len(name), name)
        view.extra = 0 if codec is None else cells.new_boxed()
        view.kind = cells.VARIANT
        if codec is not None:
            codec.lower(value.value, view.extra, context)

    classes: dict[str, tuple[Any, Codec[Any] | None]] = {name: (build, codec) for name, build, codec in cases}

    def twin(*codecs: Codec[Any] | None) -> Codec[Any]:
        return variant([(name, case, codec) for (name, case, _), codec in zip(cases, codecs, strict=True)])

    parts = [codec for _, _, codec in cases]
    return Codec(wit, cells.VARIANT, lift, lower, cases=classes, twin=twin_of(twin, *parts), grows=any_grows(*parts))


def enum_(members: type[EnumT]) -> Codec[EnumT]:
    """An enum as `enum.Enum` whose values are the WIT names."""
    wit = f"enum {members.__name__}"
    by_name = {member.value.encode(): member for member in members}
    names = {member: name for name, member in by_name.items()}

    def lift(cell: int, context: Context) -> EnumT:
        view = span_cell(cell)
        if view.kind != cells.ENUM:
            raise wrong_kind(cell, wit)
        member = by_name.get(bytes_at(view.data, view.size))
        if member is None:
            raise LiftingError(f"the guest passed a case that {wit} does not have")
        return member

    def lower(value: EnumT, cell: int, context: Context) -> None:
        if not isinstance(value, members):
            raise wrong_value(value, wit)
        name = names[value]
        cells.new_bytes(cell + PAYLOAD, len(name), name)
        span_cell(cell).kind = cells.ENUM

    return Codec(wit, cells.ENUM, lift, lower)


def flags(members: type[FlagT], names: Sequence[str]) -> Codec[FlagT]:
    """Flags as `enum.Flag`; `names` are the WIT names in bit order, so that the first is bit 0."""
    wit = f"flags {members.__name__}"
    bits = {name.encode(): 1 << index for index, name in enumerate(names)}
    every = (1 << len(names)) - 1
    template = cells.FlagsTemplate(list(bits))

    def lift(cell: int, context: Context) -> FlagT:
        view = span_cell(cell)
        if view.kind != cells.FLAGS:
            raise wrong_kind(cell, wit)
        value = 0
        data: int = view.data
        for entry in range(data, data + view.size * NAME_SIZE, NAME_SIZE):
            bit = bits.get(bytes_at(word_at(entry + _WORD).value, word_at(entry).value))
            if bit is None:
                raise LiftingError(f"the guest passed a flag that {wit} does not have")
            value |= bit
        return members(value)

    def lower(value: FlagT, cell: int, context: Context) -> None:
        if not isinstance(value, members) or not isinstance(value.value, int):
            raise wrong_value(value, wit)
        if not 0 <= value.value <= every:
            raise wrong_value(value, wit, "it has bits that no flag has")
        template.copy(cell, value.value)

    return Codec(wit, cells.FLAGS, lift, lower)
