"""Guests written as text whose calls pass bytes, started with and without the bytes bridge."""

from collections.abc import Callable
from typing import Any

import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:host/api@0.1.0"
ENGINE = Engine()

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
"""Memory for a guest: its allocator hands out new memory until it is reset."""


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
