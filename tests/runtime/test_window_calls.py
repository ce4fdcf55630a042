"""Calls through an adapter, beside the same calls without one: values, errors, handles, failures, memory."""

import gc
import logging
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:host/api@0.1.0"
ENGINE = Engine()
MIB = 1024**2
BOTH = pytest.mark.parametrize("bridge", [False, True], ids=["plain", "bridged"])

MEMORY = """
    (core module $memory (memory (export "memory") 1100)
        (global $next (mut i32) (i32.const 65536))
        (func (export "reset") (global.set $next (i32.const 65536)))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $at) (local.get 3)))
            (memory.copy (local.get $at) (local.get 0) (local.get 1))
            (local.get $at)))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $m))
    (alias core export $memory "realloc" (core func $r))"""


class Thing(abi.Resource):
    alive = 0

    def __init__(self) -> None:
        type(self).alive += 1

    def drop(self) -> None:
        type(self).alive -= 1


class Error(Exception):
    pass


class Denied(Error):
    def __init__(self, value: Any = b"") -> None:
        super().__init__(value)
        self.value = value


class LimitExceeded(Error):
    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class Internal(Error):
    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


ERROR = abi.variant(
    (
        ("denied", Denied, abi.bytes_),
        ("limit-exceeded", LimitExceeded, abi.string),
        ("internal", Internal, abi.string),
    )
)

WORKER = f"""(component
    (import "{INTERFACE}" (instance $api
        (export "thing" (type $thing (sub resource)))
        (type $definition (variant (case "denied" (list u8)) (case "limit-exceeded" string) (case "internal" string)))
        (export "error" (type $error (eq $definition)))
        (export "make" (func (result (own $thing))))
        (export "[method]thing.work"
            (func (param "self" (borrow $thing)) (param "data" (list u8)) (result (result (list u8) (error $error)))))
        (export "[static]thing.open"
            (func (param "data" (list u8)) (result (result (tuple (own $thing) (list u8)) (error $error)))))))
    (alias export $api "thing" (type $thing))
    {MEMORY}
    (alias core export $memory "reset" (core func $reset))
    (core func $make (canon lower (func $api "make")))
    (core func $work (canon lower (func $api "[method]thing.work") (memory $m) (realloc $r)))
    (core func $open (canon lower (func $api "[static]thing.open") (memory $m) (realloc $r)))
    (core func $drop (canon resource.drop $thing))
    (core module $main
        (import "h" "memory" (memory 1))
        (import "h" "reset" (func $reset))
        (import "h" "make" (func $make (result i32)))
        (import "h" "work" (func $work (param i32 i32 i32 i32)))
        (import "h" "open" (func $open (param i32 i32 i32)))
        (import "h" "drop" (func $drop (param i32)))
        (func $answer (param $case i32) (param $from i32) (result i32)
            (i32.store (i32.const 128) (local.get $case))
            (i32.store (i32.const 132) (i32.load (local.get $from)))
            (i32.store (i32.const 136) (i32.load offset=4 (local.get $from)))
            (i32.const 128))
        (func $failed (result i32)
            (call $answer (i32.add (i32.const 1) (i32.load8_u (i32.const 68))) (i32.const 72)))
        (func (export "work") (param $data i32) (param $size i32) (result i32) (local $thing i32)
            (local.set $thing (call $make))
            (call $work (local.get $thing) (local.get $data) (local.get $size) (i32.const 64))
            (call $drop (local.get $thing))
            (call $reset)
            (if (result i32) (i32.load8_u (i32.const 64))
                (then (call $failed)) (else (call $answer (i32.const 0) (i32.const 68)))))
        (func (export "open") (param $data i32) (param $size i32) (result i32)
            (call $open (local.get $data) (local.get $size) (i32.const 64))
            (call $reset)
            (if (result i32) (i32.load8_u (i32.const 64))
                (then (call $failed))
                (else (call $drop (i32.load (i32.const 68))) (call $answer (i32.const 0) (i32.const 72))))))
    (core instance $main (instantiate $main (with "h" (instance
        (export "memory" (memory $m)) (export "reset" (func $reset)) (export "make" (func $make))
        (export "work" (func $work)) (export "open" (func $open)) (export "drop" (func $drop))))))
    (func (export "work") (param "data" (list u8)) (result (tuple u32 (list u8)))
        (canon lift (core func $main "work") (memory $m) (realloc $r)))
    (func (export "open") (param "data" (list u8)) (result (tuple u32 (list u8)))
        (canon lift (core func $main "open") (memory $m) (realloc $r))))"""

Provider = Callable[[bytes], Any]


class Worker:
    """The guest above: `work` and `open` give which case came (0: ok, then the error's cases) and its bytes."""

    def __init__(
        self, provider: Provider, *, bridge: bool, handles: int = 100, internal: Any = Internal, memory: int = -1
    ) -> None:
        component = ENGINE.compile(bytes(wasmtime.wat2wasm(WORKER)), "worker", bytes_bridge=bridge)
        assert component.bridged == bridge
        assert component.imports == (INTERFACE,)
        self.linker = abi.Linker(ENGINE.wasm, handles=handles)
        Thing.work = lambda _self, data: provider(data)  # type: ignore[attr-defined]
        with self.linker.instance(INTERFACE) as instance:
            raised = (Denied, LimitExceeded, Internal)
            opened = abi.fallible(abi.tuple_(abi.own(Thing), abi.bytes_), ERROR, raised, internal)
            worked = abi.fallible(abi.bytes_, ERROR, raised, internal)
            instance.resource("thing", Thing)
            instance.function("make", Thing, (), abi.own(Thing))
            instance.method("[method]thing.work", "work", (abi.borrow(Thing), abi.bytes_), worked)
            instance.static("[static]thing.open", provider, (abi.bytes_,), opened)
        self.store = wasmtime.Store(ENGINE.wasm)
        self.store.set_epoch_deadline(10**6)
        self.store.set_limits(memory_size=memory)
        found = self.linker.instantiate(self.store, component.compiled)
        answer = abi.tuple_(abi.u32, abi.bytes_)
        self.work, self.open = (
            GuestFunction(self.linker, self.store, found, (None, name), parameters=(abi.bytes_,), result=answer)
            for name in ("work", "open")
        )


@BOTH
@settings(max_examples=40)
@given(data=st.binary(max_size=3000), answer=st.binary(max_size=100_000))
def test_bytes_come_and_go(bridge: bool, data: bytes, answer: bytes) -> None:
    seen: list[bytes] = []

    def provider(data: bytes) -> bytes:
        seen.append(data)
        return answer

    assert Worker(provider, bridge=bridge).work(data) == (0, answer)
    assert seen == [data]


@BOTH
@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_every_form_of_bytes_is_taken(bridge: bool, form: Any) -> None:
    assert Worker(lambda data: form(data + b"!"), bridge=bridge).work(b"abc") == (0, b"abc!")


@BOTH
def test_typed_errors_carry_bytes_too(bridge: bool) -> None:
    def provider(data: bytes) -> bytes:
        raise Denied(data * 2)

    worker = Worker(provider, bridge=bridge)
    assert worker.work(b"abc") == (1, b"abcabc")
    assert worker.open(b"abc") == (1, b"abcabc")
    assert worker.work(b"x" * 100_000) == (1, b"x" * 200_000)


@BOTH
def test_handles_travel_beside_bytes(bridge: bool) -> None:
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), data[::-1]), bridge=bridge)
    for _ in range(5):
        assert worker.open(b"abc") == (0, b"cba")
    assert Thing.alive == len(worker.linker.table) == 0


@BOTH
def test_a_full_table_is_limit_exceeded_and_leaves_nothing(bridge: bool) -> None:
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), data), bridge=bridge, handles=0)
    case, text = worker.open(b"abc")
    assert (case, b"limit" in text) == (2, True)
    assert Thing.alive == 0


@BOTH
@pytest.mark.parametrize("answer", ["text", None, [1, 2], 5])
def test_a_failure_of_the_host_is_internal(bridge: bool, answer: object, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(lambda data: answer, bridge=bridge)
    case, text = worker.work(b"abc")
    assert case == 3
    assert b"[method]thing.work" in text
    assert f"a value of type {type(answer).__name__} cannot be passed as list<u8>" in caplog.text
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), answer), bridge=bridge)
    assert worker.open(b"abc")[0] == 3
    assert Thing.alive == len(worker.linker.table) == 0


@BOTH
def test_what_was_placed_before_a_failure_is_forgotten(bridge: bool, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Any] = [(Thing(), b"x" * MIB), ("no thing", b"x" * MIB), Denied("no bytes"), (Thing(), b"end")]

    def provider(data: bytes) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    worker = Worker(provider, bridge=bridge)
    assert [worker.open(b"")[0] for _ in range(3)] == [0, 3, 3]
    assert worker.open(b"") == (0, b"end")


@BOTH
def test_a_failure_without_internal_is_a_trap(bridge: bool, caplog: pytest.LogCaptureFixture) -> None:
    def provider(data: bytes) -> bytes:
        raise RuntimeError("secret")

    worker = Worker(provider, bridge=bridge, internal=None)
    with pytest.raises(abi.GuestTrap, match=r"the host failed in test:host/api@0.1.0.\[method\]thing.work") as caught:
        worker.work(b"abc")
    assert "secret" not in str(caught.value)
    assert "bridge" not in str(caught.value)


@BOTH
def test_what_must_not_be_lost_is_raised_by_the_caller(bridge: bool) -> None:
    def provider(data: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(provider, bridge=bridge).work(b"abc")


@BOTH
def test_a_workload_that_ends_meanwhile_keeps_nothing(bridge: bool) -> None:
    Thing.alive = 0

    def provider(data: bytes) -> Any:
        worker.linker.close()
        return Thing(), data

    worker = Worker(provider, bridge=bridge)
    assert worker.open(b"abc") == (0, b"abc")
    assert Thing.alive == 0


def test_a_workload_that_ends_meanwhile_gets_no_bytes_that_are_still_to_come() -> None:
    def provider(data: bytes) -> bytes:
        worker.linker.close()
        return b"x" * MIB

    worker = Worker(provider, bridge=True)
    with pytest.raises(abi.GuestTrap, match="the workload has ended"):
        worker.work(b"abc")


def test_a_second_instance_needs_a_linker_of_its_own() -> None:
    worker = Worker(lambda data: data, bridge=True)
    component = ENGINE.compile(bytes(wasmtime.wat2wasm(WORKER)), "worker")
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    with pytest.raises(abi.GuestTrap, match="make a linker for each"):
        worker.linker.instantiate(store, component.compiled)
    assert worker.work(b"still") == (0, b"still")


BOUNCER = f"""(component
    (import "{INTERFACE}" (instance $api
        (export "take" (func (param "data" (list u8)) (result u32)))
        (export "echo" (func (param "data" (list u8)) (result (list u8))))))
    {MEMORY}
    (alias core export $memory "reset" (core func $reset))
    (core func $take (canon lower (func $api "take") (memory $m) (realloc $r)))
    (core func $echo (canon lower (func $api "echo") (memory $m) (realloc $r)))
    (core module $main
        (import "h" "memory" (memory 1))
        (import "h" "reset" (func $reset))
        (import "h" "take" (func $take (param i32 i32) (result i32)))
        (import "h" "echo" (func $echo (param i32 i32 i32)))
        (func (export "take") (param $size i32) (param $times i32) (result i32) (local $taken i32)
            (memory.fill (i32.const 40000000) (i32.const 7) (local.get $size))
            (loop $again
                (local.set $taken (call $take (i32.const 40000000) (local.get $size)))
                (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                (br_if $again (local.get $times)))
            (local.get $taken))
        (func (export "echo") (param $size i32) (param $times i32) (result i32) (local $at i32)
            (memory.fill (i32.const 40000000) (i32.const 7) (local.get $size))
            (loop $again
                (memory.fill (i32.const 65536) (i32.const 0) (local.get $size))
                (call $reset)
                (call $echo (i32.const 40000000) (local.get $size) (i32.const 64))
                (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                (br_if $again (local.get $times)))
            (local.set $at (i32.load (i32.const 64)))
            (block $differs
                (loop $next
                    (br_if $differs (i32.ge_u (local.get $at)
                        (i32.add (i32.load (i32.const 64)) (i32.load (i32.const 68)))))
                    (br_if $differs (i32.ne (i32.load8_u (local.get $at)) (i32.const 7)))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br $next)))
            (i32.sub (local.get $at) (i32.load (i32.const 64)))))
    (core instance $main (instantiate $main (with "h" (instance (export "memory" (memory $m))
        (export "reset" (func $reset)) (export "take" (func $take)) (export "echo" (func $echo))))))
    (func (export "take") (param "size" u32) (param "times" u32) (result u32) (canon lift (core func $main "take")))
    (func (export "echo") (param "size" u32) (param "times" u32) (result u32) (canon lift (core func $main "echo"))))"""


class Bouncer:
    """The guest above: `take` and `echo` pass so many sevens so many times, and give how many arrived."""

    def __init__(self, *, bridge: bool = True) -> None:
        component = ENGINE.compile(bytes(wasmtime.wat2wasm(BOUNCER)), "bouncer", bytes_bridge=bridge)
        assert component.bridged == bridge
        linker = abi.Linker(ENGINE.wasm)
        self.wrong = 0
        with linker.instance(INTERFACE) as instance:
            instance.function("take", len, (abi.bytes_,), abi.u32)
            instance.function("echo", self._echo, (abi.bytes_,), abi.bytes_)
        self.store = wasmtime.Store(ENGINE.wasm)
        self.store.set_epoch_deadline(10**6)
        found = linker.instantiate(self.store, component.compiled)
        self.take, self.echo = (
            GuestFunction(linker, self.store, found, (None, name), parameters=(abi.u32, abi.u32), result=abi.u32)
            for name in ("take", "echo")
        )

    def _echo(self, data: bytes) -> bytes:
        self.wrong += data.strip(b"\7") != b""
        return data


def test_large_arguments_and_results() -> None:
    bouncer = Bouncer()
    for size in (16 * MIB, 1, 0, 3 * MIB + 1, 65536, 20 * MIB):
        assert bouncer.take(size, 1) == bouncer.echo(size, 2) == size
    assert not bouncer.wrong


def test_workloads_on_several_threads_have_windows_of_their_own() -> None:
    results: dict[int, bool] = {}

    def work(seed: int) -> None:
        worker = Worker(lambda data: data * 3, bridge=True)
        data = bytes([seed]) * 1000
        results[seed] = all(worker.work(data) == (0, data * 3) for _ in range(200))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), True)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_stays_flat_over_many_calls() -> None:
    bouncer = Bouncer()
    failing = Worker(lambda data: "no bytes", bridge=True)
    logging.disable()
    try:
        for size, times in ((1000, 20_000), (MIB, 20)):
            bouncer.take(size, times)
            bouncer.echo(size, times)
            gc.collect()
            before = resident_bytes()
            bouncer.take(size, times)
            bouncer.echo(size, times)
            for _ in range(100):
                failing.work(b"x")
            assert resident_bytes() - before < 2 * MIB
    finally:
        logging.disable(logging.NOTSET)


def test_large_calls_give_their_memory_back() -> None:
    bouncer = Bouncer()
    bouncer.echo(16 * MIB, 1)
    large = resident_bytes()
    bouncer.echo(1, 3)
    assert large - resident_bytes() > 8 * MIB
