"""Guests written by hand, as no toolchain makes them, the host that they call, and what is seen of both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine

ENGINE = Engine()
API = "test:hand/api@0.1.0"
FUNCTIONS = {
    "take": ('(param "data" (list u8)) (result u32)', "(param i32 i32) (result i32)"),
    "nest": ('(param "data" (list (list u8))) (result u32)', "(param i32 i32) (result i32)"),
    "give": ('(param "size" u32) (result (list u8))', "(param i32 i32)"),
    "twice": ('(param "data" (list u8)) (result (list (list u8)))', "(param i32 i32 i32)"),
    "text": ('(param "text" string) (param "data" (list u8)) (result string)', "(param i32 i32 i32 i32 i32)"),
    "make": ('(param "data" (list u8)) (result (own $thing))', "(param i32 i32) (result i32)"),
    "lend": ('(param "all" (list (borrow $thing))) (param "data" (list u8))', "(param i32 i32 i32 i32)"),
    "tick": ('(param "data" (list u8))', "(param i32 i32)"),
}
TYPES = ['(export "thing" (type $thing (sub resource)))']
GROWING = """(local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16))) (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.shr_u (local.get 3) (i32.const 16)))) (then unreachable))
        (drop (memory.grow (i32.const 1)))))
    (memory.copy (local.get $at) (local.get 0) (local.get 1)) (local.get $at)"""


@dataclass(frozen=True)
class Guest:
    """The body of `run`, which gives a u32, and what else makes the guest special."""

    body: str
    ends: str = ""
    """Words of the trap that ends it; empty where it returns."""
    realloc: str = GROWING
    pages: int = 1
    encoding: str = "utf8"
    after: str = ""
    """The body of its post-return function, if it has one."""
    memory_limit: int = -1


def component(guest: Guest) -> bytes:
    exports = " ".join(f'(export "{name}" (func {text}))' for name, (text, _) in FUNCTIONS.items())
    options = f"(memory $m) (realloc $r) string-encoding={guest.encoding}"
    lowered = " ".join(f'(core func ${name} (canon lower (func $api "{name}") {options}))' for name in FUNCTIONS)
    imported = " ".join(f'(import "h" "{name}" (func ${name} {core}))' for name, (_, core) in FUNCTIONS.items())
    given = " ".join(f'(export "{name}" (func ${name}))' for name in FUNCTIONS)
    after = f'(func (export "after") (param i32) {guest.after})' if guest.after else ""
    post_return = '(post-return (core func $main "after"))' if guest.after else ""
    return bytes(
        wasmtime.wat2wasm(f"""(component
        (import "{API}" (instance $api {" ".join(TYPES)} {exports}))
        (alias export $api "thing" (type $thing)) (core func $drop (canon resource.drop $thing))
        (core module $memory (memory (export "m") {guest.pages}) (global $next (mut i32) (i32.const 8192))
            (table (export "t") 1 funcref) (type $call (func (param i32 i32) (result i32)))
            (func $r (export "r") (param i32 i32 i32 i32) (result i32) (local $at i32) {guest.realloc}))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r)) {lowered}
        (core module $main (import "memory" "m" (memory 1)) (import "memory" "t" (table 1 funcref)) {imported}
            (import "h" "drop" (func $drop (param i32)))
            (elem (i32.const 0) $take)
            (data (i32.const 64) "some bytes, and text: \\c3\\a9\\f0\\9f\\90\\8d")
            (data (i32.const 128) "a\\00b\\00\\e9\\00\\3d\\d8\\0d\\dc") (data (i32.const 160) "\\00\\d8a\\00")
            (func $inner (result i32) (local $a i32) (local $b i32) {guest.body})
            (func (export "run") (result i32) (call $inner)) {after})
        (core instance $main (instantiate $main (with "memory" (instance $memory)) (with "h" (instance {given}
            (export "drop" (func $drop))))))
        (func (export "run") (result u32) (canon lift (core func $main "run") {post_return}
            )))""")
    )


class Thing(abi.Resource):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Thing({self.data!r}, {'dropped' if hasattr(self, 'dropped') else 'alive'})"

    def drop(self) -> None:
        self.dropped = True


class Host:
    """What the guests call, and all that can be seen from it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.things: list[Thing] = []
        self.on_tick: Callable[[], object] = lambda: None

    def link(self, linker: abi.Linker, workload: Any = None) -> None:
        data = abi.bytes_
        with linker.instance(API) as api:
            api.resource("thing", Thing)
            api.function("take", self.note(len), (data,), abi.u32)
            api.function("nest", self.note(len), (abi.list_(data),), abi.u32)
            api.function("give", self.note(lambda size: bytes(range(256)) * (size // 256)), (abi.u32,), data)
            api.function("twice", self.note(lambda given: [given, given[::-1]]), (data,), abi.list_(data))
            api.function("text", self.note(lambda text, given: text * 2 + "é"), (abi.string, data), abi.string)
            api.function("make", self.note(self.make), (data,), abi.own(Thing))
            api.function("lend", self.note(lambda *_: None), (abi.list_(abi.borrow(Thing)), data))
            api.function("tick", self.note(lambda _: self.on_tick()), (data,))

    def make(self, data: bytes) -> Thing:
        self.things.append(Thing(data))
        return self.things[-1]

    def note(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            self.seen.append(repr(values))
            return function(*values)

        return call


def observed(guest: Guest, *, bridge: bool) -> list[Any]:
    """Everything that can be seen of a guest that is called twice."""
    loaded = ENGINE.compile(component(guest), "hand", bytes_bridge=bridge)
    assert loaded.bridged == bridge
    host, linker, store = Host(), abi.Linker(ENGINE.wasm), wasmtime.Store(ENGINE.wasm)
    host.link(linker)
    store.set_epoch_deadline(10**6)
    store.set_limits(memory_size=guest.memory_limit)
    run = abi.GuestFunction(linker, store, linker.instantiate(store, loaded.compiled), (None, "run"), result=abi.u32)
    ends: list[Any] = []
    if guest.ends:
        with pytest.raises(abi.GuestTrap, match=guest.ends) as caught:
            run()
        ends += [caught.value.kind, str(caught.value), caught.value.backtrace()]
    else:
        ends += [run(), run()]
    left = len(linker.table)
    linker.close()
    return [ends, host.seen, left, repr(host.things)]


def take(address: int, length: int) -> str:
    return f"(call $take (i32.const {address}) (i32.const {length}))"


def words(*values: int, at: int = 512) -> str:
    return " ".join(
        f"(i32.store (i32.const {at + 4 * place}) (i32.const {value}))" for place, value in enumerate(values)
    )
