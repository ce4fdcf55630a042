"""wasmtime's linker, such that instances know by whose functions they live."""

from __future__ import annotations

import wasmtime
from wasmtime import component as wasm_component
from wasmtime._store import Storelike

from elastic_hal.runtime.abi.calls import remember, store_pointer, trap_of
from elastic_hal.runtime.abi.errors import GuestExit, InstantiationError
from elastic_hal.runtime.abi.functions import HostState


class WasmLinker(wasm_component.Linker):
    """As wasmtime's; what it instantiates is remembered with the state of our linker."""

    def __init__(self, engine: wasmtime.Engine, state: HostState) -> None:
        super().__init__(engine)
        self._state = state

    def instantiate(self, store: Storelike, component: wasm_component.Component) -> wasm_component.Instance:
        """Instantiates a component, with wasmtime's own errors."""
        instance = super().instantiate(store, component)
        remember(instance, self._state)
        return instance


def instantiate(
    linker: WasmLinker, state: HostState, store: wasmtime.Store, component: wasm_component.Component
) -> wasm_component.Instance:
    """Instantiates a component, with typed errors.

    Raises:
        InstantiationError: an import is missing or of another type, or the store's limits do not allow it.
        GuestTrap: a start function of the guest trapped.
        GuestExit: a start function asked to exit.
        BaseException: what a host function kept because it must not be lost.
    """
    store_pointer(store)
    try:
        return linker.instantiate(store, component)
    except wasmtime.WasmtimeError as error:
        pending, state.pending = state.pending, None
        if pending is not None:
            raise pending from None
        if isinstance(error, wasmtime.ExitTrap):
            raise GuestExit(error.code) from None
        text = str(error)
        if "wasm backtrace" in text or "wasm trap" in text:
            raise trap_of(error, "its start", state) from None
        raise InstantiationError(text.strip()) from None
