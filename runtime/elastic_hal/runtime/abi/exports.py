"""Exported functions as bindings describe them, and how their results become Python's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.aggregates import result as result_codec
from elastic_hal.runtime.abi.codec import Codec, Context
from elastic_hal.runtime.abi.errors import ResultError
from elastic_hal.runtime.abi.functions import Fallible
from elastic_hal.runtime.abi.values import Ok

T_co = TypeVar("T_co", covariant=True)


class Export(Generic[T_co]):
    """An exported function as bindings describe it, once for all guests: `interface` is the exported instance that has
    it, None for a function that the world exports itself.
    """

    __slots__ = ("interface", "label", "name", "parameters", "result")

    def __init__(
        self,
        interface: str | None,
        name: str,
        parameters: Sequence[Codec[Any]] = (),
        result: Codec[Any] | Fallible | None = None,
    ) -> None:
        self.interface = interface
        self.name = name
        self.parameters = tuple(parameters)
        self.result = result
        self.label = f"{interface}.{name}" if interface else name


def may_own(result: Codec[Any] | Fallible | None) -> bool:
    """Whether a result may come in memory of its own."""
    return result is not None and (isinstance(result, Fallible) or result.kind > cells.CHAR)


def may_grow(result: Codec[Any] | Fallible | None) -> bool:
    """Whether what a function gives when all is well can be of any size."""
    given = result.ok if isinstance(result, Fallible) else result
    return given is not None and given.grows


Lift = Callable[[int, Context], Any]


def lift_of(result: Codec[Any] | Fallible | None) -> tuple[Lift, Callable[[Any], Any] | None]:
    """How a result is lifted, and what then gives the `ok` or raises the `err` of a function that may fail."""
    if result is None:
        return lambda cell, context: None, None
    if not isinstance(result, Fallible):
        return result.lift, None
    as_exception = _exception_maker(result)

    def finish(outcome: Any) -> Any:
        if isinstance(outcome, Ok):
            return outcome.value
        raise as_exception(outcome.value)

    return result_codec(result.ok, result.err).lift, finish


def _exception_maker(result: Fallible) -> Callable[[Any], BaseException]:
    """How an `err` becomes the exception that also a provider raises for it."""
    err, of = result.err, getattr(result.raised[0], "of", None)
    if err is not None and err.kind == cells.ENUM and of is not None:
        return cast("Callable[[Any], BaseException]", of)
    return lambda value: value if isinstance(value, BaseException) else ResultError(value)
