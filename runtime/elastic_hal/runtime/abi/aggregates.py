"""Codecs of types that are made of other types by position: list, tuple, option, result, map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from elastic_hal.common.text import counted
from elastic_hal.runtime.abi import cells, window_codecs
from elastic_hal.runtime.abi.cells import CELL_SIZE, MAP_ENTRY_SIZE, pointer_cell, result_cell, span_cell
from elastic_hal.runtime.abi.codec import Codec, Context, any_grows, twin_of, wrong_kind, wrong_value
from elastic_hal.runtime.abi.errors import LiftingError
from elastic_hal.runtime.abi.numbers import lift_numbers, lower_numbers
from elastic_hal.runtime.abi.values import Err, Ok, Some

T = TypeVar("T")
K = TypeVar("K")


def list_(element: Codec[T]) -> Codec[list[T]]:
    """`list<T>` as a Python list; for `list<u8>` as bytes see `bytes_`."""
    wit = f"list<{element.wit}>"
    lift_element, lower_element = element.lift, element.lower

    def lift(cell: int, context: Context) -> list[T]:
        view = span_cell(cell)
        if view.kind != cells.LIST:
            raise wrong_kind(cell, wit)
        first: int = view.data
        return [lift_element(item, context) for item in range(first, first + view.size * CELL_SIZE, CELL_SIZE)]

    def lower_one_by_one(elements: tuple[T, ...], cell: int, context: Context) -> None:
        item = cells.new_array(cells.LIST, len(elements), cell)
        for member in elements:
            lower_element(member, item, context)
            item += CELL_SIZE

    numbers = element.numbers
    lower_elements = lower_numbers(element, numbers, lower_one_by_one) if numbers else lower_one_by_one

    def lower(value: list[T], cell: int, context: Context) -> None:
        if not isinstance(value, list | tuple):
            raise wrong_value(value, wit)
        # A copy, since another thread of the provider may change the list while it is written.
        lower_elements(tuple(value), cell, context)

    if numbers:
        numbers_twin = (lambda: window_codecs.windowed_numbers) if element.kind == cells.U8 else None
        return Codec(wit, cells.LIST, lift_numbers(element, numbers, wit), lower, twin=numbers_twin, grows=True)
    return Codec(wit, cells.LIST, lift, lower, twin=twin_of(list_, element), grows=True)


def tuple_(*elements: Codec[Any]) -> Codec[Any]:
    """`tuple<A, B, …>` as a Python tuple of exactly that length."""
    wit = f"tuple<{', '.join(element.wit for element in elements)}>"
    count = len(elements)
    lifts = tuple((index * CELL_SIZE, element.lift) for index, element in enumerate(elements))
    lowers = tuple((index * CELL_SIZE, element.lower) for index, element in enumerate(elements))

    def lift(cell: int, context: Context) -> tuple[Any, ...]:
        view = span_cell(cell)
        if view.kind != cells.TUPLE:
            raise wrong_kind(cell, wit)
        if view.size != count:
            raise LiftingError(f"the guest passed a tuple of {view.size} where the interface has {wit}")
        data: int = view.data
        return tuple([lift_element(data + offset, context) for offset, lift_element in lifts])

    def lower(value: tuple[Any, ...], cell: int, context: Context) -> None:
        if not isinstance(value, tuple):
            raise wrong_value(value, wit)
        if len(value) != count:
            raise wrong_value(value, wit, counted(len(value), "element"))
        data = cells.new_array(cells.TUPLE, count, cell)
        for member, (offset, lower_element) in zip(value, lowers, strict=True):
            lower_element(member, data + offset, context)

    return Codec(wit, cells.TUPLE, lift, lower, twin=twin_of(tuple_, *elements), grows=any_grows(*elements))


def option(payload: Codec[T]) -> Codec[T | None]:
    """`option<T>` as `T | None`, for a T that is never None itself."""
    wit = f"option<{payload.wit}>"
    lift_payload, lower_payload = payload.lift, payload.lower

    def lift(cell: int, context: Context) -> T | None:
        view = pointer_cell(cell)
        if view.kind != cells.OPTION:
            raise wrong_kind(cell, wit)
        return lift_payload(view.value, context) if view.value else None

    def lower(value: T | None, cell: int, context: Context) -> None:
        view = pointer_cell(cell)
        view.value = 0 if value is None else cells.new_boxed()
        view.kind = cells.OPTION
        if value is not None:
            lower_payload(value, view.value, context)

    return Codec(wit, cells.OPTION, lift, lower, twin=twin_of(option, payload), grows=any_grows(payload))


def option_some(payload: Codec[T]) -> Codec[Some[T] | None]:
    """`option<T>` as `Some[T] | None`, for a T that can be None itself."""
    plain = option(payload)
    wit, lower_payload = plain.wit, payload.lower
    lift_payload = payload.lift

    def lift(cell: int, context: Context) -> Some[T] | None:
        view = pointer_cell(cell)
        if view.kind != cells.OPTION:
            raise wrong_kind(cell, wit)
        return Some(lift_payload(view.value, context)) if view.value else None

    def lower(value: Some[T] | None, cell: int, context: Context) -> None:
        if value is not None and not isinstance(value, Some):
            raise wrong_value(value, wit, "neither Some(…) nor None")
        view = pointer_cell(cell)
        view.value = 0 if value is None else cells.new_boxed()
        view.kind = cells.OPTION
        if value is not None:
            lower_payload(value.value, view.value, context)

    return Codec(wit, cells.OPTION, lift, lower, twin=twin_of(option_some, payload), grows=any_grows(payload))


def result(ok: Codec[Any] | None, err: Codec[Any] | None) -> Codec[Any]:
    """`result<A, E>` as a value: `Ok(…) | Err(…)`. For the result of a function see `fallible`."""
    wit = f"result<{ok.wit if ok else '_'}, {err.wit if err else '_'}>"

    def lift(cell: int, context: Context) -> Ok[Any] | Err[Any]:
        view = result_cell(cell)
        if view.kind != cells.RESULT:
            raise wrong_kind(cell, wit)
        payload = ok if view.is_ok else err
        if (payload is None) != (not view.data):
            raise LiftingError(f"the guest passed another result than {wit}")
        value = payload.lift(view.data, context) if payload is not None else None
        return Ok(value) if view.is_ok else Err(value)

    lower_case = result_lower(ok, err, wit)

    def lower(value: Ok[Any] | Err[Any], cell: int, context: Context) -> None:
        if not isinstance(value, Ok | Err):
            raise wrong_value(value, wit, "neither Ok(…) nor Err(…)")
        lower_case(isinstance(value, Ok), value.value, cell, context)

    return Codec(wit, cells.RESULT, lift, lower, twin=twin_of(result, ok, err), grows=any_grows(ok, err))


def result_lower(
    ok: Codec[Any] | None, err: Codec[Any] | None, wit: str
) -> Callable[[bool, object, int, Context], None]:
    """Makes the function that writes one case of a result: `(is_ok, payload, cell, context)`."""

    def lower(is_ok: bool, value: object, cell: int, context: Context) -> None:
        payload = ok if is_ok else err
        if payload is None and value is not None:
            raise wrong_value(value, wit, f"{'ok' if is_ok else 'err'} carries nothing")
        view = result_cell(cell)
        view.is_ok = is_ok
        view.data = 0 if payload is None else cells.new_boxed()
        view.kind = cells.RESULT
        if payload is not None:
            payload.lower(value, view.data, context)

    return lower


def map_(key: Codec[K], value: Codec[T]) -> Codec[dict[K, T]]:
    """`map<K, V>` as a dict. Where a guest passes a key twice the last value counts."""
    wit = f"map<{key.wit}, {value.wit}>"

    def lift(cell: int, context: Context) -> dict[K, T]:
        view = span_cell(cell)
        if view.kind != cells.MAP:
            raise wrong_kind(cell, wit)
        first: int = view.data
        entries = range(first, first + view.size * MAP_ENTRY_SIZE, MAP_ENTRY_SIZE)
        return {key.lift(entry, context): value.lift(entry + CELL_SIZE, context) for entry in entries}

    def lower(mapping: dict[K, T], cell: int, context: Context) -> None:
        if not isinstance(mapping, dict):
            raise wrong_value(mapping, wit)
        # A copy, as for lists.
        items = list(mapping.items())
        entry = cells.new_array(cells.MAP, len(items), cell)
        for member_key, member in items:
            key.lower(member_key, entry, context)
            value.lower(member, entry + CELL_SIZE, context)
            entry += MAP_ENTRY_SIZE

    return Codec(wit, cells.MAP, lift, lower, twin=twin_of(map_, key, value), grows=True)
