"""Calls from the host into a guest's exported functions, with the same codecs.

wasmtime stops every guest of a store when one of them traps, and also when it gets an argument that does not fit. So
each argument is checked before, and after a trap every further call is refused with the reason.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import Any, TypeVar, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.codec import Context
from elastic_hal.runtime.abi.errors import (
    GuestBusyError,
    GuestEndedError,
    GuestExit,
    GuestResultTooLargeError,
    LiftingError,
)
from elastic_hal.runtime.abi.exports import Export
from elastic_hal.runtime.abi.functions import HostState
from elastic_hal.runtime.abi.guest_errors import GuestTrap
from elastic_hal.runtime.abi.guest_functions import ExportedFunction, call_function, drop_handle, find_function
from elastic_hal.runtime.abi.outgoing import Outgoing
from elastic_hal.runtime.abi.store_use import use_of
from elastic_hal.runtime.abi.weights import MAX_WEIGHT, TOO_LARGE, VALUE_WEIGHT, check_lengths, check_weight

T = TypeVar("T")

_states: weakref.WeakKeyDictionary[wasm_component.Instance, HostState] = weakref.WeakKeyDictionary()


def remember(instance: wasm_component.Instance, state: HostState) -> None:
    """Keeps which linker's functions an instance calls."""
    _states[instance] = state


class GuestInstance:
    """An instantiated component whose exports are called: what generated `Guest` classes work with.

    `state` is that of the linker which instantiated it; by default it is found through the instance.
    """

    def __init__(
        self, store: wasmtime.Store, instance: wasm_component.Instance, state: HostState | None = None
    ) -> None:
        self.instance = instance
        self._store = store
        self._state = state or _states.get(instance) or HostState(0)
        self._use = use_of(store)
        self._functions: dict[Export[Any], ExportedFunction] = {}
        self._pointer = store_pointer(store)
        self._outgoing = Outgoing()

    def require(self, *exports: Export[Any]) -> None:
        """Looks exported functions up.

        Raises:
            LinkError: the component does not export one of them, or with other parameters.
        """
        for export in exports:
            if export not in self._functions:
                self._enter(export.label)
                try:
                    self._functions[export] = find_function(self._store, self._pointer, self.instance, export)
                finally:
                    self._use.leave()

    def call(self, export: Export[T], *arguments: Any) -> T:
        """Calls an exported function.

        Raises:
            GuestError: the guest trapped, exited, or cannot be called now; the class says which.
            LoweringError: an argument does not fit its type. The guest was not called.
            LiftingError: the guest gave something else than its interface has.
            Exception: the typed error of a function that returns a result.
            BaseException: what a host function kept because it must not be lost, such as KeyboardInterrupt.
        """
        try:
            function = self._functions[export]
        except KeyError:
            self.require(export)
            function = self._functions[export]
        if len(arguments) != function.arity:
            raise TypeError(f"{export.label} takes {function.arity} arguments, {len(arguments)} given")
        self._enter(export.label)
        try:
            value: T = self._run(function, arguments)
        finally:
            self._use.leave()
        return value

    def drop(self, handle: int, label: str) -> None:
        """Drops one of the guest's objects. While the guest is running it waits for the next call."""
        try:
            self._enter(label)
        except GuestBusyError:
            self.abandon(handle)
            return
        except GuestEndedError:
            cells.delete_guest_handle(handle)
            return
        try:
            self._drop_now(handle, label)
        finally:
            self._use.leave()

    def abandon(self, handle: int) -> None:
        """Leaves a handle to be dropped before the next call. Any thread may do so at any time."""
        self._use.abandoned.append(handle)

    def is_same(self, other: GuestInstance) -> bool:
        """Whether both stand for one instance."""
        return self.instance is other.instance

    def _enter(self, label: str) -> None:
        self._use.enter(label)
        try:
            self._check_open(label)
            while self._use.abandoned:
                self._drop_now(self._use.abandoned.popleft(), "drop of an object that nobody closed")
        except BaseException:
            self._use.leave()
            raise

    def _check_open(self, label: str) -> None:
        try:
            self._store._context()
        except ValueError:
            self._use.ended = "its store is closed"
        if self._state.closed:
            self._use.ended = "its linker is closed"
        if self._use.ended:
            raise GuestEndedError(f"{label}: the guest cannot be called any more: {self._use.ended}")
        self._state.context.pointer = self._pointer

    def _run(self, function: ExportedFunction, arguments: tuple[Any, ...]) -> Any:
        context, outgoing = self._state.context, self._outgoing
        context.outgoing, context.guest = outgoing, self
        entered, to_free = False, function.cells
        try:
            if function.weighed:
                check_lengths(function.label, arguments)
            for argument, (cell, lower) in zip(arguments, function.lowers, strict=True):
                lower(argument, cell, context)
            context.outgoing = None
            if function.weighed:
                check_weight(function.label, function.weighed)
            entered, to_free = True, function.owning
            error = call_function(
                function.address, self._pointer, function.first, function.arity, function.result, function.results
            )
            if error:
                raise self._failure(error, function.label)
            outcome = self._lift(function, context)
        except LiftingError:
            to_free = function.cells
            raise
        finally:
            context.outgoing = context.guest = None
            if outgoing.used:
                self._outgoing = Outgoing()
                (outgoing.settle if entered else outgoing.retract)(self._pointer, self._state.table)
            for cell in to_free:
                cells.reset(cell)
        return outcome if function.finish is None else function.finish(outcome)

    def _lift(self, function: ExportedFunction, context: Context) -> Any:
        context.received = []
        try:
            return function.lift(function.result, context)
        except BaseException:
            self._state.undo()
            raise
        finally:
            context.received = []

    def _drop_now(self, handle: int, label: str) -> None:
        try:
            error = drop_handle(self._pointer, handle)
        finally:
            cells.delete_guest_handle(handle)
        if error:
            raise self._failure(error, label)

    def _failure(self, error: int, label: str) -> BaseException:
        """Makes an exception of wasmtime's error, and closes the store for further calls."""
        failure = take_error(error)
        pending, self._state.pending = self._state.pending, None
        if pending is not None:
            self._use.ended = f"{label} was stopped by {type(pending).__name__}"
            return pending
        if isinstance(failure, wasmtime.ExitTrap):
            self._use.ended = f"it exited in {label}"
            return GuestExit(failure.code)
        text = str(failure)
        if TOO_LARGE in text and "wasm backtrace" not in text:
            self._use.ended = f"{label} gave more than a call may carry"
            return GuestResultTooLargeError(
                f"{self._use.ended}: {MAX_WEIGHT >> 20} MiB, {VALUE_WEIGHT} bytes for each element of a list; "
                "let it give the result in pieces"
            )
        trap = trap_of(failure, label, self._state)
        self._use.ended = str(trap).partition("\n")[0]
        return trap


def store_pointer(store: wasmtime.Store) -> int:
    """The address of wasmtime's store context.

    Raises:
        GuestEndedError: the store is closed.
    """
    try:
        context = cast(Any, store._context())
    except ValueError:
        raise GuestEndedError("the store is closed") from None
    return ctypes.cast(context, ctypes.c_void_p).value or 0


def take_error(error: int) -> wasmtime.WasmtimeError:
    """Takes over an error that wasmtime gave by its address."""
    return wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(cast(Any, _bindings).wasmtime_error_t)))


def trap_of(failure: wasmtime.WasmtimeError, label: str, state: HostState) -> GuestTrap:
    """The exception for a guest that trapped, with what it said last."""
    text = str(failure)
    host = state.failure
    incident = host.incident if host is not None and host.incident in text else None
    return GuestTrap(label, text, standard_error=state.last_words(), incident=incident)
