"""Calls into guests written as text: what they give, what is refused before the guest is entered, who may call."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from hosted_guests.calls import ADD, FREED, GO, HALF, HOST, PLAIN, TEXT, Started, calling
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine


def test_calls_and_results(start: Callable[..., Started]) -> None:
    guest = start().guest
    assert guest.call(ADD, 2, 3) == 5
    assert guest.call(TEXT) == "abc"
    assert guest.call(HALF, 8) == 4
    with pytest.raises(abi.ResultError) as caught:
        guest.call(HALF, 7)
    assert caught.value.value == 3


def test_post_return_is_run_on_every_call(start: Callable[..., Started]) -> None:
    guest = start().guest
    for _ in range(3):
        guest.call(TEXT)
    with pytest.raises(abi.LiftingError, match="where the interface has u32"):
        guest.call(abi.Export(None, "text", (), abi.u32))
    assert guest.call(FREED) == 4, "also where the result cannot be read"


def test_a_compatible_version_is_found(start: Callable[..., Started]) -> None:
    assert start().guest.call(abi.Export("test:guest/math@1.0.3", "add", (abi.u32, abi.u32), abi.u32), 1, 1) == 2


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (abi.Export("test:guest/math@1.2.0", "sub"), r"does not export test:guest/math@1.2.0.sub"),
        (abi.Export("test:guest/math@2.0.0", "add"), r"does not export test:guest/math@2.0.0.add"),
        (abi.Export(None, "add"), "does not export add"),
        (abi.Export("test:guest/math@1.2.0", "add", (abi.u32,), abi.u32), "other parameters or another result"),
        (abi.Export(None, "text"), "other parameters or another result"),
    ],
)
def test_what_is_not_exported_is_found_before_the_call(
    start: Callable[..., Started], export: abi.Export[Any], message: str
) -> None:
    started = start()
    with pytest.raises(abi.LinkError, match=message):
        started.guest.require(export)
    assert started.guest.call(ADD, 1, 1) == 2


def test_arguments_are_checked_before_the_guest_is_entered(start: Callable[..., Started]) -> None:
    guest = start().guest
    with pytest.raises(abi.LoweringError):
        guest.call(ADD, 1, -1)
    with pytest.raises(TypeError, match="takes 2 arguments, 1 given"):
        guest.call(ADD, 1)
    assert guest.call(ADD, 1, 1) == 2


def test_parameters_of_another_type_stop_the_guest_with_a_typed_error(start: Callable[..., Started]) -> None:
    guest = start().guest
    with pytest.raises(abi.GuestTrap):
        guest.call(abi.Export("test:guest/math@1.2.0", "add", (abi.u32, abi.string), abi.u32), 1, "x")
    with pytest.raises(abi.GuestEndedError):
        guest.call(ADD, 1, 1)


def test_a_guest_is_not_entered_twice(start: Callable[..., Started]) -> None:
    refused: list[Exception] = []

    def call() -> int:
        with pytest.raises(abi.GuestBusyError) as caught:
            started.guest.call(GO)
        refused.append(caught.value)
        return 65

    started = start(calling(), call)
    assert started.guest.call(GO) == "A"
    assert "by a host function that it called" in str(refused[0])
    assert started.guest.call(GO) == "A"


def test_another_thread_is_refused_while_the_guest_runs_and_welcome_later(start: Callable[..., Started]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def call() -> int:
        inside.set()
        assert leave.wait(600)
        return 66

    started = start(calling(), call)
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(started.guest.call(GO)))
    thread.start()
    assert inside.wait(600)
    with pytest.raises(abi.GuestBusyError, match="running on another thread"):
        started.guest.call(GO)
    leave.set()
    thread.join()
    assert results == ["B"]
    assert started.guest.call(GO) == "B"


def test_typed_errors_of_a_variant_and_an_enum(start: Callable[..., Started]) -> None:
    class Code(enum.Enum):
        GONE = "gone"
        LOST = "lost"

    class CodeException(Exception):
        def __init__(self, code: Code) -> None:
            super().__init__(code)
            self.code = code

        @staticmethod
        def of(code: Code) -> CodeException:
            return CodeException(code)

    guest = start("""(component
        (core module $m (memory (export "m") 1)
            (func (export "go") (param i32) (result i32) (i32.store8 (i32.const 0) (i32.const 1))
                (i32.store8 (i32.const 1) (local.get 0)) (i32.const 0)))
        (core instance $i (instantiate $m))
        (type $code' (enum "gone" "lost")) (export $code "code" (type $code'))
        (func $go (param "which" u8) (result (result (error $code)))
            (canon lift (core func $i "go") (memory (core memory $i "m"))))
        (export "go" (func $go)))""").guest
    fail: abi.Export[None] = abi.Export(None, "go", (abi.u8,), abi.fallible(None, abi.enum_(Code), (CodeException,)))
    with pytest.raises(CodeException) as caught:
        guest.call(fail, 1)
    assert caught.value.code is Code.LOST


def test_instantiation_fails_with_typed_errors(engine: Engine, assemble: Callable[[str], bytes]) -> None:
    with pytest.raises(abi.InstantiationError, match=HOST):
        Started(engine, assemble(calling()))
    starting = """(component (core module $m (func $start unreachable) (start $start))
        (core instance $i (instantiate $m)))"""
    with pytest.raises(abi.GuestTrap, match="its start trapped"):
        Started(engine, assemble(starting))


def test_an_instance_of_wasmtimes_own_linker(engine: Engine, assemble: Callable[[str], bytes]) -> None:
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(10)
    linker = wasm_component.Linker(engine.wasm)
    instance = linker.instantiate(store, wasm_component.Component(engine.wasm, assemble(PLAIN)))
    assert abi.guest_instance(store, instance).call(ADD, 4, 4) == 8
