"""Calls into guests written as text: what they give, how they end, and when they are refused."""

from __future__ import annotations

import enum
import gc
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi import TrapKind
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.interrupt import Interrupt

HOST = "test:host/api@0.1.0"

PLAIN = """(component
    (core module $m (memory (export "memory") 1)
        (global $freed (mut i32) (i32.const 0))
        (data (i32.const 8) "\\10\\00\\00\\00\\03\\00\\00\\00abc\\ff\\fe\\fd")
        (data (i32.const 32) "\\13\\00\\00\\00\\03\\00\\00\\00")
        (data (i32.const 40) "\\00\\10\\00\\00\\00\\10\\00\\00")
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "text") (result i32) (i32.const 8))
        (func (export "broken") (result i32) (i32.const 32))
        (func (export "long") (result i32) (i32.const 40))
        (func (export "post") (param i32) (global.set $freed (i32.add (global.get $freed) (i32.const 1))))
        (func (export "freed") (result i32) (global.get $freed))
        (func (export "half") (param i32) (result i32)
            (i32.store8 (i32.const 64) (i32.and (local.get 0) (i32.const 1)))
            (i32.store (i32.const 68) (i32.div_u (local.get 0) (i32.const 2))) (i32.const 64)))
    (core instance $i (instantiate $m))
    (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
    (func $text (result string) (canon lift (core func $i "text") (memory (core memory $i "memory"))
        (post-return (core func $i "post"))))
    (func $broken (result string) (canon lift (core func $i "broken") (memory (core memory $i "memory"))))
    (func $long (result string) (canon lift (core func $i "long") (memory (core memory $i "memory"))))
    (func $freed (result u32) (canon lift (core func $i "freed")))
    (func $half (param "of" u32) (result (result u32 (error u32)))
        (canon lift (core func $i "half") (memory (core memory $i "memory"))))
    (instance $math (export "add" (func $add)) (export "half" (func $half)))
    (export "test:guest/math@1.2.0" (instance $math))
    (export "text" (func $text)) (export "broken" (func $broken)) (export "long" (func $long))
    (export "freed" (func $freed)))"""

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

ADD: abi.Export[int] = abi.Export("test:guest/math@1.2.0", "add", (abi.u32, abi.u32), abi.u32)
HALF: abi.Export[int] = abi.Export(
    "test:guest/math@1.2.0", "half", (abi.u32,), abi.fallible(abi.u32, abi.u32, (abi.ResultError,))
)
TEXT: abi.Export[str] = abi.Export(None, "text", (), abi.string)
BROKEN: abi.Export[str] = abi.Export(None, "broken", (), abi.string)
FREED: abi.Export[int] = abi.Export(None, "freed", (), abi.u32)
GO: abi.Export[str] = abi.Export(None, "go", (), abi.char)


class Started:
    """A guest in a store of its own."""

    def __init__(self, engine: Engine, content: bytes, function: Callable[[], int] | None = None) -> None:
        self.linker = abi.Linker(engine.wasm)
        if function is not None:
            with self.linker.instance(HOST) as instance:
                instance.function("call", function, (), abi.u32)
        self.linker.wasm.add_wasip2()
        self.store = wasmtime.Store(engine.wasm)
        self.store.set_epoch_deadline(10**9)
        self.store.set_wasi(wasmtime.WasiConfig())
        self.instance = self.linker.instantiate(self.store, wasm_component.Component(engine.wasm, content))
        self.guest = abi.guest_instance(self.store, self.instance)


@pytest.fixture
def start(engine: Engine, assemble: Callable[[str], bytes]) -> Callable[..., Started]:
    def make(text: str = PLAIN, function: Callable[[], int] | None = None) -> Started:
        return Started(engine, assemble(text), function)

    return make


def trapping(body: str) -> str:
    return f"""(component
        (core module $guest-code (memory 1) (table 1 funcref) (func $trap (result i32) {body})
            (func $outer (export "go") (result i32) (call $trap)))
        (core instance $i (instantiate $guest-code))
        (func $go (result char) (canon lift (core func $i "go")))
        (export "go" (func $go)))"""


def calling(body: str = "(call $call)") -> str:
    """A guest whose `go` gives what the host function gives."""
    return f"""(component
        (import "{HOST}" (instance $api (export "call" (func (result u32)))))
        (core func $call (canon lower (func $api "call")))
        (core module $m (import "h" "call" (func $call (result i32))) (func (export "go") (result i32) {body}))
        (core instance $i (instantiate $m (with "h" (instance (export "call" (func $call))))))
        (func $go (result char) (canon lift (core func $i "go")))
        (export "go" (func $go)))"""


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
        assert leave.wait(10)
        return 66

    started = start(calling(), call)
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(started.guest.call(GO)))
    thread.start()
    assert inside.wait(10)
    with pytest.raises(abi.GuestBusyError, match="running on another thread"):
        started.guest.call(GO)
    leave.set()
    thread.join()
    assert results == ["B"]
    assert started.guest.call(GO) == "B"


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


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
