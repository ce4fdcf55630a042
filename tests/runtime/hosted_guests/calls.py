"""Guests written as text that a host calls: one with results of several shapes, one that traps, one that calls back."""

from collections.abc import Callable

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine

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
