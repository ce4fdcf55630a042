"""What a call from a guest into the host costs: the abi's codecs beside wasmtime-py's own conversion, in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wasmtime
from wasmtime import component

from benchmarks.measure import timed
from elastic_hal.runtime import abi

_WAT = """
(component
  (import "bench:calls/host" (instance $host
    (export "scalar" (func (param "x" u32) (result u32)))
    (export "bytes" (func (param "data" (list u8)) (result u32)))))
  (core module $memory
    (memory (export "memory") 40)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $m (instantiate $memory))
  (core func $scalar (canon lower (func $host "scalar")))
  (core func $bytes (canon lower (func $host "bytes")
    (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (core module $guest
    (import "host" "scalar" (func $scalar (param i32) (result i32)))
    (import "host" "bytes" (func $bytes (param i32 i32) (result i32)))
    (func (export "scalars") (param $n i32)
      (loop $again
        (drop (call $scalar (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $again (local.get $n))))
    (func (export "send") (param $size i32) (drop (call $bytes (i32.const 0) (local.get $size)))))
  (core instance $g (instantiate $guest (with "host" (instance
    (export "scalar" (func $scalar)) (export "bytes" (func $bytes))))))
  (func (export "scalars") (param "n" u32) (canon lift (core func $g "scalars")))
  (func (export "send") (param "size" u32) (canon lift (core func $g "send"))))
"""
_SCALAR_CALLS = 5000
_SIZES = {"64b": 64, "64kib": 65536, "1mib": 1 << 20}


def run() -> dict[str, float]:
    """Seconds for one call, and how many times faster than the stock conversion that is."""
    engine = wasmtime.Engine()
    compiled = component.Component(engine, _WAT)
    ours, stock = _ours(engine, compiled), _stock(engine, compiled)
    figures: dict[str, float] = {}

    def compare(key: str, export: str, argument: int, calls: int) -> None:
        fast = timed(lambda: ours(export, argument)).median / calls
        slow = timed(lambda: stock(export, argument), repeats=3).median / calls
        figures[f"host_call.{key}_s"] = fast
        figures[f"host_call.{key}.speedup_vs_stock"] = slow / fast

    compare("scalar", "scalars", _SCALAR_CALLS, _SCALAR_CALLS)
    for name, size in _SIZES.items():
        compare(f"bytes_{name}", "send", size, 1)
    return figures


def _ours(engine: wasmtime.Engine, compiled: component.Component) -> Callable[[str, int], None]:
    linker = abi.Linker(engine)
    with linker.instance("bench:calls/host") as instance:
        instance.function("scalar", lambda x: x, (abi.u32,), abi.u32)
        instance.function("bytes", len, (abi.bytes_,), abi.u32)
    return _caller(engine, linker.wasm, compiled)


def _stock(engine: wasmtime.Engine, compiled: component.Component) -> Callable[[str, int], None]:
    linker = component.Linker(engine)
    with linker.root() as root, root.add_instance("bench:calls/host") as instance:
        instance.add_func("scalar", lambda _store, x: x)
        instance.add_func("bytes", lambda _store, data: len(data))
    return _caller(engine, linker, compiled)


def _caller(
    engine: wasmtime.Engine, linker: component.Linker, compiled: component.Component
) -> Callable[[str, int], None]:
    store = wasmtime.Store(engine)
    instance = linker.instantiate(store, compiled)

    def call(export: str, argument: int) -> None:
        function: Any = instance.get_func(store, export)
        function(store, argument)
        function.post_return(store)

    return call
