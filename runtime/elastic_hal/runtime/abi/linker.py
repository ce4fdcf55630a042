"""Connects providers with the imports of a workload's component.

Generated `add_to_linker` functions call this. How wasmtime comes back to what is linked here is told in `callbacks`.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi.aggregates import tuple_
from elastic_hal.runtime.abi.callbacks import (
    CALL,
    DROP,
    RELEASE_FUNCTION,
    RELEASE_RESOURCE,
    function_key,
    resource_key,
)
from elastic_hal.runtime.abi.codec import Codec
from elastic_hal.runtime.abi.errors import LinkError
from elastic_hal.runtime.abi.functions import BoundFunction, Fallible, HostFailure, HostState, bind, bind_windowed
from elastic_hal.runtime.abi.instantiation import WasmLinker, instantiate
from elastic_hal.runtime.abi.resources import Resource, ResourceTable
from elastic_hal.runtime.abi.scalars import u32, u64
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE, WORLD_BRIDGE, bridge_name, function_name

DEFAULT_HANDLES = 10_000


class Linker:
    """The imports of one workload, its live handles, and what its host functions leave for its caller.

    A linker serves one workload on one thread at a time. `handles` is the largest number of handles that the workload
    may hold. With `bytes_bridge` everything is there for a component that was loaded with it too; one such component
    can be instantiated once.
    """

    def __init__(self, engine: wasmtime.Engine, *, handles: int = DEFAULT_HANDLES, bytes_bridge: bool = True) -> None:
        self._state = HostState(handles)
        self.wasm = WasmLinker(engine, self._state)
        self.interfaces: list[str] = []
        self._bytes_bridge = bytes_bridge
        self._world_twins: dict[str, BoundFunction] = {}
        if bytes_bridge:
            self._link_window()

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

    @property
    def last_words(self) -> Callable[[], str]:
        """Gives the end of what the guest wrote to standard error; it is asked when the guest has trapped."""
        return self._state.last_words

    @last_words.setter
    def last_words(self, read: Callable[[], str]) -> None:
        self._state.last_words = read

    @property
    def workload(self) -> str:
        """The name of the workload, for the host's log; empty where none was given."""
        return self._state.refusals.workload

    @workload.setter
    def workload(self, name: str) -> None:
        self._state.refusals.workload = name

    def instantiate(self, store: wasmtime.Store, component: wasm_component.Component) -> wasm_component.Instance:
        """Instantiates a component with what is linked, so that its exports can be called.

        Raises:
            InstantiationError: an import is missing or of another type, or the store's limits do not allow it.
            GuestTrap: a start function of the guest trapped.
            GuestExit: a start function asked to exit.
            GuestEndedError: the store is closed.
            BaseException: what a host function kept because it must not be lost.
        """
        return instantiate(self.wasm, self._state, store, component)

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
                functions = InstanceLinker(interface, raw, self._state, bytes_bridge=self._bytes_bridge)
                yield functions
        self.interfaces.append(interface)
        if functions.twins:
            with contextlib.suppress(ValueError):  # no component can be bridged at a name without a bridge's
                self._link_twins(bridge_name(interface), functions.twins)

    @contextmanager
    def root(self) -> Iterator[InstanceLinker]:
        """Links functions that a world imports directly, inside a `with` block."""
        with self.wasm.root() as root, _missing_function("the world"):
            functions = InstanceLinker("", root, self._state, bytes_bridge=self._bytes_bridge)
            yield functions
        self.interfaces += functions.names
        if functions.twins:
            # All are linked anew where there were some before, since an instance is linked as a whole.
            again, self._world_twins = bool(self._world_twins), self._world_twins | functions.twins
            self.wasm.allow_shadowing = again
            try:
                self._link_twins(WORLD_BRIDGE, self._world_twins)
            finally:
                self.wasm.allow_shadowing = False

    def close(self) -> None:
        """Ends the workload: from here on its calls trap, and everything that it holds is dropped. Calling it again
        does nothing.
        """
        if self._state.close():
            self._state.table.close_all()

    def wipe(self) -> None:
        """Wipes what calls left in the memory of the adapter. Call it on the thread of the guest, which is over, before
        the store is closed.
        """
        self._state.context.window.wipe()

    def _link_window(self) -> None:
        window = self._state.context.window
        with self.wasm.root() as root, root.add_instance(RUNTIME_INTERFACE) as raw:
            functions = InstanceLinker(RUNTIME_INTERFACE, raw, self._state)
            functions.function("nonce", window.nonce, (), tuple_(u64, u64))
            functions.function("attach", window.attach, (u32,))
            functions.function("fill", window.fill)

    def _link_twins(self, bridge: str, twins: Mapping[str, BoundFunction]) -> None:
        with self.wasm.root() as root, root.add_instance(bridge) as raw:
            functions = InstanceLinker(bridge, raw, self._state)
            for name, twin in twins.items():
                functions.bound(name, twin)


class InstanceLinker:
    """Adds the functions and resources of one interface. `twins` are those of its functions with bytes as a bridged
    component calls them, under their names in the bridge instance.
    """

    def __init__(
        self, interface: str, raw: wasm_component.LinkerInstance, state: HostState, *, bytes_bridge: bool = False
    ) -> None:
        self._interface = interface
        self._raw = raw
        self._state = state
        self._bytes_bridge = bytes_bridge
        self.names: list[str] = []
        self.twins: dict[str, BoundFunction] = {}

    def resource(self, name: str, resource: Callable[..., Resource]) -> None:
        """Links a resource that the host implements as a Python class."""
        number = self._state.table.type_id(cast("type[Any]", resource))
        raw_type = wasm_component.ResourceType.host(number)
        self._add(
            "wasmtime_component_linker_instance_add_resource",
            name,
            raw_type.ptr(),
            DROP,
            resource_key(self._state),
            RELEASE_RESOURCE,
        )
        self.names.append(name)

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
        self.bound(name, bind(label, implementation, parameters, result, self._state))
        self.names.append(name)
        if self._bytes_bridge:
            twin = bind_windowed(label, implementation, parameters, result, self._state)
            if twin is not None:
                with contextlib.suppress(ValueError):  # as for interfaces: not a name that a component can import
                    self.twins[function_name(name)] = twin

    def bound(self, name: str, function: BoundFunction) -> None:
        """Links a function that is bound already."""
        key = function_key(function)
        self._add("wasmtime_component_linker_instance_add_func", name, CALL, key, RELEASE_FUNCTION)

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
