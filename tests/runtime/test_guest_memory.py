"""The memory of the host stays flat over calls into guests, however they end."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
import wasmtime
from hosted_guests.calls import GO, HALF, Started, trapping
from hosted_guests.measuring import resident_bytes
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine


def test_memory_stays_flat_over_calls_that_come_back_and_calls_that_do_not(start: Callable[..., Started]) -> None:
    guest = start().guest
    long: abi.Export[str] = abi.Export(None, "long", (), abi.string)
    wrong: abi.Export[int] = abi.Export(None, "long", (), abi.u32)
    refused: abi.Export[int] = abi.Export("test:guest/math@1.2.0", "add", (abi.string, abi.u32), abi.u32)

    def work(rounds: int) -> None:
        for number in range(rounds):
            assert len(guest.call(long)) == 4096
            for export, arguments in ((HALF, (2 * number + 1,)), (wrong, ()), (refused, ("x" * 4096, -1))):
                try:
                    guest.call(export, *arguments)
                except (abi.ResultError, abi.LiftingError, abi.LoweringError):
                    continue
                raise AssertionError(export.label)

    work(1000)
    gc.collect()
    before = resident_bytes()
    work(6000)
    gc.collect()
    assert resident_bytes() - before < 1024**2


def test_memory_stays_flat_over_guests_that_trap(engine: Engine, assemble: Callable[[str], bytes]) -> None:
    component = wasm_component.Component(engine.wasm, assemble(trapping("unreachable")))

    def work(rounds: int) -> None:
        for _ in range(rounds):
            linker = abi.Linker(engine.wasm)
            store = wasmtime.Store(engine.wasm)
            store.set_epoch_deadline(10)
            guest = abi.guest_instance(store, linker.instantiate(store, component))
            with pytest.raises(abi.GuestTrap):
                guest.call(GO)
            linker.close()
            store.close()

    work(200)
    gc.collect()
    before = resident_bytes()
    work(600)
    gc.collect()
    assert resident_bytes() - before < 2 * 1024**2
