"""A million calls of all kinds, good and bad, must leave the host's memory as it was."""

from __future__ import annotations

import gc
import logging
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine

INTERFACE = "bench:memory/host@1.0.0"
CALLS_IN_A_ROUND = 10
ROUNDS = 1000
"""How often a guest does the ten calls of a round before it ends with a call that fails."""
GUESTS = 100
_WARM_UP = 10
_EPOCHS = 10**9

_FUNCTIONS = {
    "scalar": ('(param "x" u32) (result u32)', "(param i32) (result i32)"),
    "bytes": ('(param "data" (list u8)) (result (list u8))', "(param i32 i32 i32)"),
    "record": ('(param "pair" $pair) (result $pair)', "(param i32 i32 i32 i32)"),
    "text": ('(param "text" string) (result string)', "(param i32 i32 i32)"),
    "numbers": ('(param "numbers" (list u32)) (result (list string))', "(param i32 i32 i32)"),
    "attempt": ('(param "x" u32) (result (result string (error $error)))', "(param i32 i32)"),
    "make": ("(result (own $thing))", "(result i32)"),
    "use": ('(param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)', "(param i32 i32) (result i32)"),
    "take": ('(param "things" (list (own $thing)))', "(param i32 i32)"),
    "wrong": ('(param "x" u16)', "(param i32)"),
}
_ROUND = """
    (drop (call $scalar (local.get $n)))
    (call $bytes (i32.const 64) (i32.const 300) (i32.const 1024))
    (call $record (i32.const 7) (i32.const 64) (i32.const 12) (i32.const 1024))
    (call $text (i32.const 64) (i32.const 100) (i32.const 1024))
    (call $numbers (i32.const 64) (i32.const 20) (i32.const 1024))
    (call $attempt (local.get $n) (i32.const 1024))
    (local.set $a (call $make))
    (drop (call $use (local.get $a) (local.get $a)))
    (if (i32.and (local.get $n) (i32.const 1))
        (then (call $drop (local.get $a)) (drop (call $scalar (i32.const 1))))
        (else (i32.store (i32.const 512) (local.get $a)) (call $take (i32.const 512) (i32.const 1))))
    (call $attempt (i32.const 5) (i32.const 1024))"""


def _guest() -> str:
    functions = " ".join(f'(export "{name}" (func {wit}))' for name, (wit, _) in _FUNCTIONS.items())
    lowered = " ".join(
        f'(core func ${name} (canon lower (func $host "{name}") (memory $m) (realloc $r)))' for name in _FUNCTIONS
    )
    imported = " ".join(f'(import "host" "{name}" (func ${name} {flat}))' for name, (_, flat) in _FUNCTIONS.items())
    given = " ".join(f'(export "{name}" (func ${name}))' for name in (*_FUNCTIONS, "drop"))
    return f"""(component
        (import "{INTERFACE}" (instance $host
            (export "thing" (type $thing (sub resource)))
            (type $p (record (field "number" u32) (field "name" string))) (export "pair" (type $pair (eq $p)))
            (type $e (variant (case "busy") (case "refused" string) (case "internal" string)))
            (export "error" (type $error (eq $e)))
            {functions}))
        (alias export $host "thing" (type $thing))
        (core module $memory (memory (export "m") 1)
            (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))
        {lowered} (core func $drop (canon resource.drop $thing))
        (core module $guest (import "memory" "m" (memory 1)) {imported} (import "host" "drop" (func $drop (param i32)))
            (func (export "run") (param $n i32) (local $a i32)
                (loop $again {_ROUND}
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (drop (call $make)) (call $wrong (i32.const 300))))
        (core instance $guest (instantiate $guest (with "memory" (instance $memory)) (with "host" (instance {given}))))
        (func (export "run") (param "rounds" u32) (canon lift (core func $guest "run"))))"""


class Thing(abi.Resource):
    """What the guests make and drop."""

    alive = 0

    def __init__(self) -> None:
        Thing.alive += 1

    def drop(self) -> None:
        Thing.alive -= 1


class Busy(Exception):
    pass


class _Texted(Exception):
    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class Refused(_Texted):
    pass


class Internal(_Texted):
    pass


class _Provider:
    """Answers, refuses and fails in turn."""

    def __init__(self) -> None:
        self.calls = 0

    def attempt(self, x: int) -> Any:
        self.calls += 1
        if x % 8 == 1:
            raise Busy
        if x % 8 == 2:
            raise Refused("no" * 20)
        if x % 64 == 3:
            raise ValueError("a failure of the host")
        return None if x % 64 == 4 else "a text" * 10

    def take(self, things: list[Thing]) -> None:
        for thing in things:
            thing.drop()


@dataclass(frozen=True, slots=True)
class Pair:
    """A record with a text in it."""

    number: int
    name: str


_PAIR = abi.record(Pair, (("number", "number", abi.u32), ("name", "name", abi.string)))
_ERROR = abi.variant((("busy", Busy, None), ("refused", Refused, abi.string), ("internal", Internal, abi.string)))


def run() -> dict[str, float]:
    """How many MiB the process has grown by, from the first tenth of the guests to the last."""
    engine = Engine()
    loaded = engine.compile(bytes(wasmtime.wat2wasm(_guest())), "mixed")
    logging.disable(logging.ERROR)
    try:
        for _ in range(_WARM_UP):
            _round_of_calls(engine, loaded)
        before = _resident_bytes()
        for _ in range(GUESTS):
            _round_of_calls(engine, loaded)
        growth = _resident_bytes() - before
    finally:
        logging.disable(logging.NOTSET)
    if Thing.alive:
        raise RuntimeError(f"{Thing.alive} objects were not dropped")
    return {
        "host_call.mixed_1m.bridged": float(loaded.bridged),
        "host_call.mixed_1m.calls": GUESTS * ROUNDS * CALLS_IN_A_ROUND,
        "host_call.mixed_1m.rss_growth_mib": growth / 1024**2,
    }


def _round_of_calls(engine: Engine, loaded: LoadedComponent) -> None:
    """One guest from its start to the failing call at its end."""
    provider = _Provider()
    linker = abi.Linker(engine.wasm, bytes_bridge=loaded.bridged)
    things = abi.list_(abi.own(Thing))
    lent = abi.borrow(Thing)
    with linker.instance(INTERFACE) as instance:
        instance.resource("thing", Thing)
        instance.function("scalar", lambda x: x, (abi.u32,), abi.u32)
        instance.function("bytes", lambda data: data, (abi.bytes_,), abi.bytes_)
        instance.function("record", lambda pair: pair, (_PAIR,), _PAIR)
        instance.function("text", lambda text: text, (abi.string,), abi.string)
        strings = abi.list_(abi.string)
        instance.function("numbers", lambda numbers: [str(n) for n in numbers], (abi.list_(abi.u32),), strings)
        answer = abi.fallible(abi.string, _ERROR, (Busy, Refused), Internal)
        instance.function("attempt", provider.attempt, (abi.u32,), answer)
        instance.function("make", Thing, (), abi.own(Thing))
        instance.function("use", lambda a, b: 1, (lent, lent), abi.u32)
        instance.function("take", provider.take, (things,))
        instance.function("wrong", lambda x: None, (abi.u8,))
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(_EPOCHS)
    try:
        guest = linker.instantiate(store, loaded.compiled)
        rounds = abi.GuestFunction(linker, store, guest, (None, "run"), parameters=(abi.u32,))
        rounds(ROUNDS)
    except abi.GuestTrap as trap:
        if "where the interface has u8" not in str(trap):
            raise
    else:
        raise RuntimeError("the failing call at the end did not fail")
    finally:
        linker.close()
        store.close()


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
