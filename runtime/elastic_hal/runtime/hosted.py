"""A guest that stays, so that the host can call what it exports.

A workload runs once and ends; a hosted guest is instantiated and then called, as often as the host likes, on the thread
that calls. What may be called is said by generated bindings: `Guest(hosted.store, hosted.instance)`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import wasmtime

from elastic_hal.common.quantities import format_size
from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.store_use import use_of
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.imports import WASI_INTERFACES, check_imports, unlinkable
from elastic_hal.runtime.interrupt import Interrupt
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.output_meter import OutputMeter
from elastic_hal.runtime.standard_streams import Sink, StandardStreams, Tail, to_descriptor
from elastic_hal.runtime.store_limits import BudgetError, divide
from elastic_hal.runtime.wasi_links import link_wasi


class Hosted:
    """A guest in a store of its own. It has WASI's clocks, random numbers and streams, what `link` connects, and
    nothing else of the host: no arguments, environment, directories or network.

    `limits` bound its memory, its handles and its output; one that writes more is stopped. A deadline is up to the
    caller, who can stop the guest from any thread with `interrupt.set()`. Standard output goes to the host's unless
    `output` takes it, standard error likewise with `error`; its end is the `guest_message` of a `GuestTrap`.

    Raises:
        UnlinkableImportError: the component imports something that is not linked.
        LinkError: a provider does not fit its interface, or the limits do not allow what the component wants.
        GuestTrap: the guest trapped while it started.
    """

    def __init__(
        self,
        engine: Engine,
        component: LoadedComponent,
        link: Callable[[abi.Linker], object] | None = None,
        *,
        limits: Limits | None = None,
        output: Sink | None = None,
        error: Sink | None = None,
    ) -> None:
        limits = limits or Limits()
        self._name = component.name
        self.linker = abi.Linker(engine.wasm, handles=limits.handles, bytes_bridge=component.bridged)
        self.linker.workload = component.name
        link_wasi(self.linker.wasm)
        if link is not None:
            link(self.linker)
        check_imports(component, engine.wasm, {*WASI_INTERFACES, *self.linker.interfaces})
        self.interrupt = Interrupt(engine)
        meter = OutputMeter(limits.output_bytes, lambda seconds: None, self.interrupt.set)
        self._streams = StandardStreams(output, Tail(error or to_descriptor(2)), meter)
        self.linker.last_words = self._streams.last_words
        self.store = wasmtime.Store(engine.wasm)
        try:
            self.instance = self._instantiate(component, limits)
        except BaseException:
            self.close()
            raise

    def _instantiate(self, component: LoadedComponent, limits: Limits) -> abi.Instance:
        config = wasmtime.WasiConfig()
        self._streams.connect(config)
        self.store.set_wasi(config)
        try:
            divide(limits.memory_bytes, component.holds).apply(self.store, bridged=component.bridged)
        except BudgetError as error:
            allowed = format_size(limits.memory_bytes)
            raise abi.InstantiationError(f"{component.name} may have {allowed} of memory, and {error}") from None
        self.interrupt.attach(self.store)
        try:
            return self.linker.instantiate(self.store, component.compiled)
        except abi.InstantiationError as error:
            if "not found in the linker" in str(error):
                raise unlinkable(component.name, str(error)) from None
            raise

    def close(self) -> None:
        """Ends the guest: what it holds of the host is dropped, and its streams are passed on to their end. Closing it
        again does nothing.

        Raises:
            GuestBusyError: a call is going on. `interrupt.set()` stops it from another thread.
        """
        use_of(self.store).end(f"close of {self._name}", "its store is closed")
        self.linker.close()
        self.linker.wipe()
        self.store.close()
        self._streams.drain()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
