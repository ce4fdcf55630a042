"""Connects providers with the imports of a workload's component.

Generated `add_to_linker` functions call this. It registers functions and resources with wasmtime's C API under two
callbacks that live as long as the process; which function is meant travels as a number, and wasmtime tells when a
number is no longer needed.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_size_t, c_uint32, c_void_p
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi.codec import Codec
from elastic_hal.runtime.abi.errors import LinkError
from elastic_hal.runtime.abi.functions import BoundFunction, Fallible, HostFailure, HostState, bind, trap
from elastic_hal.runtime.abi.resources import Resource, ResourceTable

DEFAULT_HANDLES = 10_000

_bound: dict[int, BoundFunction] = {}
_states: dict[int, HostState] = {}
_keys = itertools.count(1)


def _call(*arguments: int) -> int:
    key, store, _type, first, count, results, result_count = arguments
    try:
        return _bound[key](store, first, count, results, result_count)
    except BaseException as error:  # an exception here would be lost, and wasmtime would go on with no result
        return trap(f"the host failed: {type(error).__name__}")


def _drop(key: int, store: int, rep: int) -> int:
    state = _states[key]
    try:
        if not state.closed:
            state.table.drop(rep)
    except BaseException as error:  # as in _call; Exceptions of a provider's drop are logged before they come here
        return state.stop("drop", error)
    return 0


# The dictionaries are bound as defaults, because finalizers still run while the interpreter clears modules at exit.
def _release_function(key: int, forget: Callable[[int, object], object] = _bound.pop) -> None:
    forget(key, None)


def _release_resource(key: int, forget: Callable[[int, object], object] = _states.pop) -> None:
    forget(key, None)


_call_pointer = ctypes.cast(
    ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, c_size_t, c_size_t, c_size_t)(_call),
    cast(Any, _bindings).wasmtime_component_func_callback_t,
)
_drop_pointer = ctypes.cast(
    ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_uint32)(_drop),
    cast(Any, _bindings).wasmtime_component_resource_destructor_t,
)
_finalizer = ctypes.CFUNCTYPE(None, c_void_p)
_release_function_pointer = _finalizer(_release_function)
_release_resource_pointer = _finalizer(_release_resource)


class Linker:
    """The imports of one workload, its live handles, and what its host functions leave for its caller.

    A linker serves one workload on one thread at a time. `handles` is the largest number of handles that the workload
    may hold.
    """

    def __init__(self, engine: wasmtime.Engine, *, handles: int = DEFAULT_HANDLES) -> None:
        self.wasm = wasm_component.Linker(engine)
        self.interfaces: list[str] = []
        self._state = HostState(handles)

    @property
    def table(self) -> ResourceTable:
        """The live handles of the workload."""
        return self._state.table

    @property
    def state(self) -> HostState:
        """What the functions of this linker share."""
        return self._state

    @property
    def failure(self) -> HostFailure | None:
        """The last failure of the host itself that the guest ran into."""
        return self._state.failure

    def raise_pending(self) -> None:
        """Raises what a host function kept because it must not be lost, such as KeyboardInterrupt. Call it when a
        guest has stopped.
        """
        pending, self._state.pending = self._state.pending, None
        if pending is not None:
            raise pending

    @contextmanager
    def instance(self, interface: str) -> Iterator[InstanceLinker]:
        """Links an interface, such as `elastic:hal/crypto@0.2.0`, inside a `with` block.

        Raises:
            LinkError: the provider lacks a function, or the interface is linked already.
        """
        with self.wasm.root() as root:
            try:
                raw = root.add_instance(interface)
            except wasmtime.WasmtimeError as error:
                raise LinkError(f"{interface} cannot be linked: {error}") from error
            with raw, _missing_function(interface):
                yield InstanceLinker(interface, raw, self._state)
        self.interfaces.append(interface)

    @contextmanager
    def root(self) -> Iterator[InstanceLinker]:
        """Links functions that a world imports directly, inside a `with` block."""
        with self.wasm.root() as root, _missing_function("the world"):
            functions = InstanceLinker("", root, self._state)
            yield functions
        self.interfaces += functions.names

    def close(self) -> None:
        """Ends the workload: from here on its calls trap, and everything that it holds is dropped. Calling it again
        does nothing.
        """
        if self._state.close():
            self._state.table.close_all()


class InstanceLinker:
    """Adds the functions and resources of one interface."""

    def __init__(self, interface: str, raw: wasm_component.LinkerInstance, state: HostState) -> None:
        self._interface = interface
        self._raw = raw
        self._state = state
        self.names: list[str] = []

    def resource(self, name: str, resource: Callable[..., Resource]) -> None:
        """Links a resource that the host implements as a Python class."""
        key = next(_keys)
        _states[key] = self._state
        number = self._state.table.type_id(cast("type[Any]", resource))
        raw_type = wasm_component.ResourceType.host(number)
        self._add(
            "wasmtime_component_linker_instance_add_resource",
            name,
            raw_type.ptr(),
            _drop_pointer,
            key,
            _release_resource_pointer,
        )

    def function(
        self,
        name: str,
        implementation: Callable[..., Any],
        parameters: Sequence[Codec[Any]] = (),
        result: Codec[Any] | Fallible | None = None,
    ) -> None:
        """Links a function under its WIT name to a callable that takes the lifted parameters."""
        if not callable(implementation) or getattr(implementation, "__isabstractmethod__", False):
            raise LinkError(f"the provider of {self._interface or 'the world'} does not implement {name}")
        label = f"{self._interface}.{name}" if self._interface else name
        key = next(_keys)
        _bound[key] = bind(label, implementation, parameters, result, self._state)
        self._add("wasmtime_component_linker_instance_add_func", name, _call_pointer, key, _release_function_pointer)
        self.names.append(name)

    def static(
        self,
        name: str,
        implementation: Callable[..., Any],
        parameters: Sequence[Codec[Any]] = (),
        result: Codec[Any] | Fallible | None = None,
    ) -> None:
        """Links a constructor or static function of a resource, such as `[static]key.generate`."""
        self.function(name, implementation, parameters, result)

    def method(
        self, name: str, attribute: str, parameters: Sequence[Codec[Any]], result: Codec[Any] | Fallible | None = None
    ) -> None:
        """Links a method of a resource, such as `[method]key.sign`: calls `attribute` of the object that the first
        parameter is.
        """
        resource = parameters[0].resource if parameters else None
        if resource is None:
            raise LinkError(f"{self._interface}: the first parameter of {name} is no resource")
        if not callable(getattr(resource, attribute, None)):
            raise LinkError(f"{self._interface}: {resource.__name__} does not implement {name} as {attribute}")

        def call(receiver: Any, *rest: Any) -> Any:
            return getattr(receiver, attribute)(*rest)

        self.function(name, call, parameters, result)

    def _add(self, function: str, name: str, *arguments: Any) -> None:
        encoded = name.encode()
        buffer = ctypes.create_string_buffer(encoded)
        error = getattr(_bindings, function)(self._raw.ptr(), buffer, len(encoded), *arguments)
        if error:
            raise LinkError(f"{self._interface}: {name} cannot be linked: {wasmtime.WasmtimeError._from_ptr(error)}")


@contextmanager
def _missing_function(interface: str) -> Iterator[None]:
    """Generated code names each function as an attribute of the provider: one that is missing gets a message that says
    so.
    """
    try:
        yield
    except AttributeError as error:
        raise LinkError(
            f"the provider of {interface}, a {type(error.obj).__name__}, does not implement {error.name}"
        ) from error
