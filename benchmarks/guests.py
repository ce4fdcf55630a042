"""The guests that are measured: one in WebAssembly text, whose own cost is next to nothing, and one in Python.

Both import `bench:calls/host` and export the same functions, each of which makes a number of calls into the host. The
bytes that they pass are random.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import wasmtime

from elastic_hal.common.guest_tool import tool_command, tool_environment

WIT = """package bench:calls;

interface host {
    enum kind { low, high }
    record entry { id: u64, active: bool, name: string, ratio: f64, kind: kind, limit: option<u32> }

    scalar: func(x: u32) -> u32;
    pass: func(entry: entry) -> entry;
    bytes: func(data: list<u8>) -> u32;
    echo: func(data: list<u8>) -> list<u8>;
}

world bench {
    import host;
    export run-scalar: func(calls: u32);
    export run-record: func(calls: u32);
    export run-bytes: func(size: u32, calls: u32);
    export run-echo: func(size: u32, calls: u32);
}
"""

RECORD = """(record (field "id" u64) (field "active" bool) (field "name" string) (field "ratio" f64)
        (field "kind" $kind) (field "limit" (option u32)))"""
_LOOP = "(br_if $again (local.tee $calls (i32.sub (local.get $calls) (i32.const 1))))"
TEXT = f"""(component
    (import "bench:calls/host" (instance $host
        (type $k (enum "low" "high")) (export "kind" (type $kind (eq $k)))
        (type $e {RECORD}) (export "entry" (type $entry (eq $e)))
        (export "scalar" (func (param "x" u32) (result u32)))
        (export "pass" (func (param "entry" $entry) (result $entry)))
        (export "bytes" (func (param "data" (list u8)) (result u32)))
        (export "echo" (func (param "data" (list u8)) (result (list u8))))))
    (core module $memory
        (memory (export "m") 1024) (data (i32.const 64) "a name of some length")
        (func (export "r") (param i32 i32 i32 i32) (result i32)
            (select (i32.const 0x2000000) (i32.const 4096) (i32.gt_u (local.get 3) (i32.const 4096)))))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))
    (core func $scalar (canon lower (func $host "scalar")))
    (core func $pass (canon lower (func $host "pass") (memory $m) (realloc $r)))
    (core func $bytes (canon lower (func $host "bytes") (memory $m) (realloc $r)))
    (core func $echo (canon lower (func $host "echo") (memory $m) (realloc $r)))
    (core module $guest
        (import "memory" "m" (memory 1024))
        (import "host" "scalar" (func $scalar (param i32) (result i32)))
        (import "host" "pass" (func $pass (param i64 i32 i32 i32 f64 i32 i32 i32 i32)))
        (import "host" "bytes" (func $bytes (param i32 i32) (result i32)))
        (import "host" "echo" (func $echo (param i32 i32 i32)))
        (func $fill (param $size i32) (local $at i32) (local $state i64)
            (local.set $state (i64.const 88172645463325252))
            (if (i64.ne (i64.load (i32.const 0x100000)) (i64.const 0)) (then (return)))
            (loop $again
                (local.set $state (i64.xor (local.get $state) (i64.shl (local.get $state) (i64.const 13))))
                (local.set $state (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 7))))
                (local.set $state (i64.xor (local.get $state) (i64.shl (local.get $state) (i64.const 17))))
                (i64.store (i32.add (i32.const 0x100000) (local.get $at)) (local.get $state))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $again (i32.lt_u (local.get $at) (local.get $size)))))
        (func (export "run-scalar") (param $calls i32)
            (loop $again (drop (call $scalar (local.get $calls))) {_LOOP}))
        (func (export "run-record") (param $calls i32)
            (loop $again
                (call $pass (i64.const 5) (i32.const 1) (i32.const 64) (i32.const 21) (f64.const 1.5) (i32.const 1)
                    (i32.const 1) (i32.const 7) (i32.const 1024))
                {_LOOP}))
        (func (export "run-bytes") (param $size i32) (param $calls i32)
            (call $fill (i32.const 0x1000000))
            (loop $again (drop (call $bytes (i32.const 0x100000) (local.get $size))) {_LOOP}))
        (func (export "run-echo") (param $size i32) (param $calls i32)
            (call $fill (i32.const 0x1000000))
            (loop $again (call $echo (i32.const 0x100000) (local.get $size) (i32.const 1024)) {_LOOP})))
    (core instance $guest (instantiate $guest (with "memory" (instance $memory)) (with "host" (instance
        (export "scalar" (func $scalar)) (export "pass" (func $pass)) (export "bytes" (func $bytes))
        (export "echo" (func $echo))))))
    (func (export "run-scalar") (param "calls" u32) (canon lift (core func $guest "run-scalar")))
    (func (export "run-record") (param "calls" u32) (canon lift (core func $guest "run-record")))
    (func (export "run-bytes") (param "size" u32) (param "calls" u32) (canon lift (core func $guest "run-bytes")))
    (func (export "run-echo") (param "size" u32) (param "calls" u32) (canon lift (core func $guest "run-echo"))))
"""

_APP = """
import functools
import random

import wit_world
from wit_world.imports import host


@functools.cache
def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


class WitWorld(wit_world.WitWorld):
    def run_scalar(self, calls: int) -> None:
        for number in range(calls):
            host.scalar(number)

    def run_record(self, calls: int) -> None:
        entry = host.Entry(5, True, "a name of some length", 1.5, host.Kind.HIGH, 7)
        for _ in range(calls):
            host.pass_(entry)

    def run_bytes(self, size: int, calls: int) -> None:
        data = random_bytes(size)
        for _ in range(calls):
            host.bytes(data)

    def run_echo(self, size: int, calls: int) -> None:
        data = random_bytes(size)
        for _ in range(calls):
            host.echo(data)
"""


def text_guest() -> bytes:
    """The guest in WebAssembly text, as a component."""
    return bytes(wasmtime.wat2wasm(TEXT))


def python_guest(folder: Path) -> Path:
    """Builds the guest in Python with componentize-py."""
    (folder / "bench.wit").write_text(WIT, "utf-8")
    (folder / "app.py").write_text(_APP, "utf-8")
    target = folder / "python-guest.wasm"
    command = [*tool_command(), "--quiet", "-d", "bench.wit", "-w", "bench", "componentize", "app"]
    environment = tool_environment(folder)
    subprocess.run(
        [*command, "-o", target.name], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return target
