"""Calls leave nothing behind: the resident memory of the host stays flat over many of them."""

import gc

import wasmtime
from hosted_guests.measuring import resident_bytes
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:host/api@0.1.0"
GUEST = f"""(component
    (import "{INTERFACE}" (instance $api
        (export "thing" (type $thing (sub resource)))
        (type $definition (variant (case "none") (case "text" string)))
        (export "error" (type $error (eq $definition)))
        (export "make" (func (result (own $thing))))
        (export "work" (func (param "thing" (borrow $thing)) (param "text" string) (param "data" (list u8))
            (result (result (tuple string (list string) (option u64)) (error $error)))))))
    (alias export $api "thing" (type $thing))
    (core module $memory (memory (export "m") 1) (data (i32.const 64) "some text that is passed")
        (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "m" (core memory $m))
    (alias core export $memory "r" (core func $r))
    (core func $make (canon lower (func $api "make")))
    (core func $work (canon lower (func $api "work") (memory $m) (realloc $r)))
    (core func $drop (canon resource.drop $thing))
    (core module $main
        (import "h" "make" (func $make (result i32)))
        (import "h" "work" (func $work (param i32 i32 i32 i32 i32 i32)))
        (import "h" "drop" (func $drop (param i32)))
        (func (export "run") (param $n i32) (local $thing i32)
            (loop $l
                (local.set $thing (call $make))
                (call $work (local.get $thing) (i32.const 64) (i32.const 24) (i32.const 64) (i32.const 24)
                    (i32.const 0))
                (call $drop (local.get $thing))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $l (local.get $n)))))
    (core instance $main (instantiate $main (with "h" (instance
        (export "make" (func $make)) (export "work" (func $work)) (export "drop" (func $drop))))))
    (func $run (param "n" u32) (canon lift (core func $main "run")))
    (export "run" (func $run)))"""


class Failure(Exception):
    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class Nothing(Exception):
    pass


class Provider:
    def __init__(self) -> None:
        self.calls = 0

    def work(self, thing: abi.Resource, text: str, data: bytes) -> tuple[str, list[str], int | None]:
        self.calls += 1
        if self.calls % 3 == 0:
            raise Failure(text)
        return text, [text, data.decode()], self.calls if self.calls % 2 else None


def test_memory_stays_flat_over_mixed_calls(engine: Engine) -> None:
    provider = Provider()
    error = abi.variant((("none", Nothing, None), ("text", Failure, abi.string)))
    ok = abi.tuple_(abi.string, abi.list_(abi.string), abi.option(abi.u64))
    linker = abi.Linker(engine.wasm)
    with linker.instance(INTERFACE) as instance:
        instance.resource("thing", abi.Resource)
        instance.function("make", abi.Resource, (), abi.own(abi.Resource))
        parameters = (abi.borrow(abi.Resource), abi.string, abi.bytes_)
        instance.function("work", provider.work, parameters, abi.fallible(ok, error, (Failure,)))
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(10**6)
    instance_of = linker.wasm.instantiate(store, wasm_component.Component(engine.wasm, GUEST))
    run = GuestFunction(linker, store, instance_of, (None, "run"), parameters=(abi.u32,))
    run(5_000)
    gc.collect()
    before = resident_bytes()
    run(33_000)  # 99,000 calls: make, work, drop
    assert provider.calls == 38_000
    assert len(linker.table) == 0
    assert resident_bytes() - before < 2 * 1024**2
