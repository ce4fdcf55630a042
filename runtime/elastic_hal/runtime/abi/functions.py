"""Host functions: from a provider's Python callable to what wasmtime calls.

A bound function lifts the arguments, calls the provider, lowers what it returns or raises, and never lets an
exception through to wasmtime:

- an exception that the function's error type covers becomes the `err` of its result; why a call was refused is logged
  (`refusals`);
- a full handle table becomes `limit-exceeded`, where the error type has that case;
- any other `Exception` is logged with its traceback under an incident id; the guest gets `internal` with that id
  where the error type has the case, and a trap otherwise;
- what is no `Exception` (KeyboardInterrupt, SystemExit) stops the guest and is kept, to be raised again where the
  host called the guest.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.aggregates import result_lower
from elastic_hal.runtime.abi.cells import CELL_SIZE
from elastic_hal.runtime.abi.codec import Codec, Context
from elastic_hal.runtime.abi.errors import HandleLimitError, LiftingError, ResultError
from elastic_hal.runtime.abi.leftovers import resources_in
from elastic_hal.runtime.abi.refusals import Refusals
from elastic_hal.runtime.abi.resources import ResourceTable, drop_object

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fallible:
    """The result of a function that returns `result<ok, err>`; made by `fallible`."""

    ok: Codec[Any] | None
    err: Codec[Any] | None
    raised: tuple[type[BaseException], ...]
    internal: Callable[[str], BaseException] | None
    limit: Callable[[str], BaseException] | None
    wit: str

    @property
    def windowed(self) -> Fallible | None:
        """As `Codec.windowed`."""
        ok, err = self.ok and self.ok.windowed, self.err and self.err.windowed
        return replace(self, ok=ok or self.ok, err=err or self.err) if ok or err else None


def fallible(
    ok: Codec[Any] | None,
    err: Codec[Any] | None,
    raised: tuple[type[BaseException], ...],
    internal: Callable[[str], BaseException] | None = None,
) -> Fallible:
    """Describes the result of a function that returns `result<ok, err>`.

    What the provider returns is `ok`; an exception of a class in `raised` is `err` (its `code` where the error type
    is an enum, its `value` where it is a ResultError). `internal` makes the exception for a failure of the host
    itself; without it such a failure is a trap.
    """
    case = err.cases.get("limit-exceeded") if err is not None else None
    limit = case[0] if case is not None and case[1] is not None and case[1].kind == cells.STRING else None
    wit = f"result<{ok.wit if ok else '_'}, {err.wit if err else '_'}>"
    return Fallible(ok, err, raised, internal, limit, wit)


@dataclass(frozen=True, slots=True)
class HostFailure:
    """A failure of the host that a guest ran into: where, and the incident id under which the log has the details."""

    function: str
    incident: str


class HostState:
    """What the bound functions of one workload share, and what its caller looks at when the guest has stopped."""

    def __init__(self, handles: int) -> None:
        self.table = ResourceTable(handles)
        self.context = Context(self.table)
        self.closed = False
        self._closing = threading.Lock()
        self.pending: BaseException | None = None
        self.failure: HostFailure | None = None
        self.last_words: Callable[[], str] = str
        self.refusals = Refusals()

    def close(self) -> bool:
        """Lets every further call trap. True for the first caller, which then drops what is alive."""
        with self._closing:
            first, self.closed = not self.closed, True
            return first

    def report(self, function: str, error: Exception) -> str:
        """Logs a failure of the host and gives the text that a guest may see of it."""
        incident = secrets.token_hex(4)
        self.failure = HostFailure(function, incident)
        _log.error("%s failed, incident %s", function, incident, exc_info=error)
        return f"the host failed in {function}; its log has the details under incident {incident}"

    def undo(self) -> None:
        """Drops what a call that failed half-way had taken over from the guest or made for it."""
        context = self.context
        context.window.clear()
        received, context.received = context.received, []
        given, context.given = context.given, []
        for obj in received:
            drop_object(obj)
        for rep in given:
            self.table.drop(rep)

    def discard(self, value: object) -> None:
        """Drops the resources in a value that could not be lowered, as far as they have no handle."""
        for obj in resources_in(value):
            self.table.discard(obj)

    def undo_if_closed(self) -> None:
        """As `undo`, where the workload ended while a provider was at work: nobody else would drop what it made."""
        if self.closed:
            self.undo()

    def stop(self, function: str, error: BaseException) -> int:
        """Turns what came out of a bound function into a trap, and gives wasmtime's error."""
        self.undo()
        if isinstance(error, LiftingError | HandleLimitError):
            return trap(f"{function}: {error}")
        if isinstance(error, Exception):
            return trap(self.report(function, error))
        self.pending = error
        return trap(f"{function}: the host is stopping")


def trap(message: str) -> int:
    """Makes the error object that, returned to wasmtime, stops the guest."""
    error: int = cells.new_error(message.encode(errors="backslashreplace"))
    return error


BoundFunction = Callable[[int, int, int, int, int], int]
"""Called with the addresses of store and arguments, their number, the address of the results, their number; gives 0 or
an error.
"""


def bind(
    name: str,
    implementation: Callable[..., Any],
    parameters: Sequence[Codec[Any]],
    result: Codec[Any] | Fallible | None,
    state: HostState,
) -> BoundFunction:
    """Connects a provider's callable with the codecs of its WIT function; `name` is for messages."""
    respond = _respond(name, implementation, result, state)
    return _bound(name, parameters, 0 if result is None else 1, respond, state)


def bind_windowed(
    name: str,
    implementation: Callable[..., Any],
    parameters: Sequence[Codec[Any]],
    result: Codec[Any] | Fallible | None,
    state: HostState,
) -> BoundFunction | None:
    """As `bind`, for calls through an adapter, where bytes travel through the workload's window; None for a function
    without bytes.
    """
    placed = result and result.windowed
    if placed is None and all(codec.twin is None for codec in parameters):
        return None
    respond = _respond(name, implementation, placed or result, state)
    window = state.context.window

    def respond_with_bytes(values: list[Any], results: int) -> None:
        window.begin()
        respond(values, results)
        window.commit()

    def respond_without(values: list[Any], results: int) -> None:
        window.begin()
        respond(values, results)

    twins = [codec.windowed or codec for codec in parameters]
    respond_windowed = respond_without if placed is None else respond_with_bytes
    return _bound(name, twins, 0 if result is None else 1, respond_windowed, state)


def _bound(
    name: str,
    parameters: Sequence[Codec[Any]],
    result_count: int,
    respond: Callable[[list[Any], int], None],
    state: HostState,
) -> BoundFunction:
    context = state.context
    arity = len(parameters)
    lifts = tuple((index * CELL_SIZE, codec.lift) for index, codec in enumerate(parameters))

    def call(store: int, arguments: int, argument_count: int, results: int, results_wanted: int) -> int:
        if state.closed:
            return trap(f"{name}: the workload has ended")
        if argument_count != arity or results_wanted != result_count:
            return trap(f"{name}: the guest was built against another version of this function")
        context.pointer = store
        try:
            values = []
            for offset, lift in lifts:  # not a comprehension: that would be one more Python frame in every call
                values.append(lift(arguments + offset, context))
            if context.received:
                context.received = []
            respond(values, results)
        except BaseException as error:  # nothing may cross into wasmtime; `stop` keeps what is not an Exception
            return state.stop(name, error)
        if context.given:
            state.undo_if_closed()
            context.given = []
        return 0

    return call


def _respond(
    name: str, implementation: Callable[..., Any], result: Codec[Any] | Fallible | None, state: HostState
) -> Callable[[list[Any], int], None]:
    context = state.context
    if isinstance(result, Fallible):
        return _respond_fallible(name, implementation, result, state)
    if result is None:

        def respond_nothing(values: list[Any], results: int) -> None:
            implementation(*values)

        return respond_nothing
    lower = result.lower

    def respond(values: list[Any], results: int) -> None:
        value = implementation(*values)
        try:
            lower(value, results, context)
        except BaseException:
            state.discard(value)
            raise

    return respond


def _respond_fallible(
    name: str, implementation: Callable[..., Any], result: Fallible, state: HostState
) -> Callable[[list[Any], int], None]:
    context = state.context
    err, raised, internal, limit = result.err, result.raised, result.internal, result.limit
    lower = result_lower(result.ok, err, result.wit)

    def respond(values: list[Any], results: int) -> None:
        try:
            try:
                value = implementation(*values)
            except raised as error:
                state.refusals.note(name, error, values)
                try:
                    lower(False, _err_value(error, err), results, context)
                except BaseException:
                    state.discard(_err_value(error, err))
                    raise
            else:
                try:
                    lower(True, value, results, context)
                except BaseException:
                    state.discard(value)
                    raise
        except HandleLimitError as error:
            if limit is None:
                raise
            replace_by_err(limit(str(error)), results)
        except Exception as error:
            if internal is None:
                raise
            replace_by_err(internal(state.report(name, error)), results)

    def replace_by_err(error: BaseException, results: int) -> None:
        cells.reset(results)
        state.undo()
        lower(False, _err_value(error, err), results, context)

    return respond


def _err_value(error: BaseException, err: Codec[Any] | None) -> object:
    """What an exception stands for: its value, the code of an enum, or itself as the case of a variant."""
    if isinstance(error, ResultError):
        return error.value
    if err is None:
        return None
    if err.kind == cells.ENUM:
        return getattr(error, "code", error)
    return error
