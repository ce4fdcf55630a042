"""How calls into guests end that do not return: traps, exits, closed stores, failures of the host."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hosted_guests.calls import ADD, BROKEN, GO, PLAIN, TEXT, Started, calling, trapping
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi import TrapKind
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.interrupt import Interrupt

TRAPS = {
    "unreachable": ("unreachable", TrapKind.UNREACHABLE),
    "memory": ("(i32.load (i32.const 0x7fffffff))", TrapKind.MEMORY_OUT_OF_BOUNDS),
    "recursion": ("(call $trap)", TrapKind.STACK_OVERFLOW),
    "division": ("(i32.div_u (i32.const 1) (i32.const 0))", TrapKind.DIVISION_BY_ZERO),
    "overflow": ("(i32.div_s (i32.const -2147483648) (i32.const -1))", TrapKind.INTEGER_OVERFLOW),
    "conversion": ("(i32.trunc_f32_s (f32.const nan))", TrapKind.BAD_CONVERSION),
    "no function": ("(call_indirect (result i32) (i32.const 0))", TrapKind.BAD_INDIRECT_CALL),
    "no element": ("(call_indirect (result i32) (i32.const 9))", TrapKind.TABLE_OUT_OF_BOUNDS),
    "bad value": ("(i32.const -1)", TrapKind.BAD_VALUE),
}


@pytest.mark.parametrize("name", TRAPS)
def test_kinds_of_traps(start: Callable[..., Started], name: str) -> None:
    body, kind = TRAPS[name]
    guest = start(trapping(body)).guest
    with pytest.raises(abi.GuestTrap) as caught:
        guest.call(GO)
    trap = caught.value
    assert (trap.kind, trap.function, trap.guest_message) == (kind, "go", "")
    if kind is not TrapKind.BAD_VALUE:
        assert trap.frames[0].module == "guest-code"
        assert trap.frames[0].function == "trap"
        assert trap.frames[-1].function == "outer" or kind is TrapKind.STACK_OVERFLOW
    if kind is TrapKind.STACK_OVERFLOW:
        assert "times]" in trap.backtrace()
        assert len(trap.backtrace().splitlines()) < 5
    with pytest.raises(abi.GuestEndedError, match="go trapped: "):
        guest.call(GO)


def test_a_string_that_is_none_is_a_trap(start: Callable[..., Started]) -> None:
    with pytest.raises(abi.GuestTrap, match="utf-8") as caught:
        start().guest.call(BROKEN)
    assert caught.value.kind is TrapKind.BAD_VALUE


def test_a_trap_ends_every_guest_of_the_store(engine: Engine, assemble: Callable[[str], bytes]) -> None:
    started = Started(engine, assemble(trapping("unreachable")))
    second = started.linker.instantiate(started.store, wasm_component.Component(engine.wasm, assemble(PLAIN)))
    other = abi.guest_instance(started.store, second)
    assert other.call(ADD, 1, 2) == 3
    with pytest.raises(abi.GuestTrap):
        started.guest.call(GO)
    with pytest.raises(abi.GuestEndedError, match="go trapped"):
        other.call(ADD, 1, 2)


def test_an_interrupted_guest(engine: Engine, assemble: Callable[[str], bytes]) -> None:
    started = Started(engine, assemble(trapping("(loop $l (br $l)) i32.const 0")))
    interrupt = Interrupt(engine)
    interrupt.attach(started.store)
    timer = threading.Timer(0.05, interrupt.set)
    timer.start()
    with pytest.raises(abi.GuestTrap) as caught:
        started.guest.call(GO)
    timer.join()
    assert caught.value.kind is TrapKind.INTERRUPTED


def test_an_exit_instead_of_a_result(start: Callable[..., Started]) -> None:
    guest = start("""(component
        (import "wasi:cli/exit@0.2.9" (instance $e (export "exit-with-code" (func (param "status-code" u8)))))
        (core func $exit (canon lower (func $e "exit-with-code")))
        (core module $m (import "h" "exit" (func $exit (param i32)))
            (func (export "go") (result i32) (call $exit (i32.const 42)) unreachable))
        (core instance $i (instantiate $m (with "h" (instance (export "exit" (func $exit))))))
        (func $go (result char) (canon lift (core func $i "go"))) (export "go" (func $go)))""").guest
    with pytest.raises(abi.GuestExit) as caught:
        guest.call(GO)
    assert caught.value.code == 42
    with pytest.raises(abi.GuestEndedError, match="it exited in go"):
        guest.call(GO)


def test_a_closed_store_and_a_closed_linker(start: Callable[..., Started]) -> None:
    started = start()
    started.guest.require(ADD)
    started.linker.close()
    with pytest.raises(abi.GuestEndedError, match="its linker is closed"):
        started.guest.call(ADD, 1, 1)
    other = start()
    other.guest.require(ADD)
    other.store.close()
    with pytest.raises(abi.GuestEndedError, match="its store is closed"):
        other.guest.call(ADD, 1, 1)
    with pytest.raises(abi.GuestEndedError, match="the store is closed"):
        abi.guest_instance(other.store, other.instance)
    with pytest.raises(abi.GuestEndedError, match="its store is closed"):
        other.guest.require(TEXT)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_must_not_be_lost_comes_out_of_the_call(start: Callable[..., Started], stop: type[BaseException]) -> None:
    def call() -> int:
        raise stop

    started = start(calling(), call)
    with pytest.raises(stop):
        started.guest.call(GO)
    with pytest.raises(abi.GuestEndedError, match=f"go was stopped by {stop.__name__}"):
        started.guest.call(GO)


def test_a_failure_of_the_host_has_its_incident(
    start: Callable[..., Started], caplog: pytest.LogCaptureFixture
) -> None:
    def call() -> int:
        raise OSError("secret")

    started = start(calling(), call)
    with pytest.raises(abi.GuestTrap) as caught:
        started.guest.call(GO)
    trap = caught.value
    assert trap.kind is TrapKind.HOST
    assert trap.incident
    assert trap.incident in caplog.text
    assert "secret" not in str(trap)


def test_the_last_words_are_asked_for_when_a_guest_trapped(start: Callable[..., Started]) -> None:
    started = start(trapping("unreachable"))
    started.linker.last_words = lambda: "Out of memory\n"
    with pytest.raises(abi.GuestTrap) as caught:
        started.guest.call(GO)
    assert caught.value.kind is TrapKind.OUT_OF_MEMORY
    assert caught.value.guest_message == "Out of memory"
