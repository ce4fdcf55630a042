"""What remains of the time of a call, and whose it is.

The same guest calls the same function four ways, each of which adds one layer: a function in C that does nothing
(wasmtime alone), a Python function behind ctypes that does nothing, this package's binding with a provider that does
nothing. For bytes, what wasmtime takes to hand them from one component to another is put beside the call, without any
host: a bridged call does that once.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_size_t, c_void_p
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from benchmarks import guests
from benchmarks.host_calls import ENTRY
from benchmarks.measure import side_by_side
from elastic_hal.runtime import abi
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine

INTERFACE = "bench:profile/host"
_CALLS = 20_000
_MIB = 1 << 20
_EPOCHS = 10**9
_GUEST = f"""(component
    (import "{INTERFACE}" (instance $host
        (type $k (enum "low" "high")) (export "kind" (type $kind (eq $k)))
        (type $e {guests.RECORD}) (export "entry" (type $entry (eq $e)))
        (export "number" (func (param "x" u32))) (export "data" (func (param "data" (list u8))))
        (export "record" (func (param "entry" $entry)))))
    (core module $memory (memory (export "m") 40) (data (i32.const 64) "a name of some length")
        (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))
    (core func $number (canon lower (func $host "number")))
    (core func $data (canon lower (func $host "data") (memory $m) (realloc $r)))
    (core func $record (canon lower (func $host "record") (memory $m) (realloc $r)))
    (core module $guest (import "h" "number" (func $number (param i32)))
        (import "h" "data" (func $data (param i32 i32)))
        (import "h" "record" (func $record (param i64 i32 i32 i32 f64 i32 i32 i32)))
        (func (export "records") (param $n i32) (loop $again
            (call $record (i64.const 5) (i32.const 1) (i32.const 64) (i32.const 21) (f64.const 1.5) (i32.const 1)
                (i32.const 1) (i32.const 7))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "numbers") (param $n i32) (loop $again (call $number (local.get $n))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "data") (param $n i32) (loop $again (call $data (i32.const 0x100000) (i32.const {_MIB}))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (core instance $guest (instantiate $guest
        (with "h" (instance (export "number" (func $number)) (export "data" (func $data))
            (export "record" (func $record))))))
    (func (export "records") (param "n" u32) (canon lift (core func $guest "records")))
    (func (export "numbers") (param "n" u32) (canon lift (core func $guest "numbers")))
    (func (export "data") (param "n" u32) (canon lift (core func $guest "data"))))"""
_TWO_COMPONENTS = f"""(component
    (component $receiver
        (core module $m (memory (export "m") 40) (func (export "f") (param i32 i32))
            (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0x100000)))
        (core instance $i (instantiate $m))
        (func (export "data") (param "data" (list u8))
            (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r")))))
    (component $sender
        (import "data" (func $data (param "data" (list u8))))
        (core module $memory (memory (export "m") 40))
        (core instance $memory (instantiate $memory))
        (core func $lowered (canon lower (func $data) (memory (core memory $memory "m"))))
        (core module $m (import "h" "data" (func $data (param i32 i32)))
            (func (export "data") (param $n i32) (loop $again (call $data (i32.const 0x100000) (i32.const {_MIB}))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
        (core instance $i (instantiate $m (with "h" (instance (export "data" (func $lowered))))))
        (func (export "data") (param "n" u32) (canon lift (core func $i "data"))))
    (instance $receiver (instantiate $receiver))
    (instance $sender (instantiate $sender (with "data" (func $receiver "data"))))
    (export "data" (func $sender "data")))"""

_CALLBACK = ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, c_size_t, c_size_t, c_size_t)

Guest = Callable[[str, int], None]


def run() -> dict[str, float]:
    """Times of the layers of a call with one number and with one record, their shares, and of a mebibyte of bytes."""
    engine = Engine()
    loaded = engine.compile(bytes(wasmtime.wat2wasm(_GUEST)), "profile")
    plain = engine.compile(bytes(wasmtime.wat2wasm(_GUEST)), "profile", bytes_bridge=False)
    # `labs` of the C library takes what comes first, which is 0 here, and gives it back: no error.
    in_c = _callback_guest(engine, plain, ctypes.cast(ctypes.CDLL(None).labs, c_void_p).value or 0)
    nothing = _CALLBACK(lambda *_arguments: 0)
    in_python = _callback_guest(engine, plain, ctypes.cast(nothing, c_void_p).value or 0)
    ours = _our_guest(engine, loaded)
    figures: dict[str, float] = {}
    for key, export in (("scalar", "numbers"), ("record", "records")):
        wasm, with_ctypes, whole = side_by_side(*(_way(guest, export, _CALLS) for guest in (in_c, in_python, ours)))
        parts = {"wasmtime": wasm, "ctypes": with_ctypes - wasm, "bindings": whole - with_ctypes}
        figures[f"profile.{key}.whole_s"] = whole
        for part, seconds in parts.items():
            figures[f"profile.{key}.{part}_s"] = seconds
            figures[f"profile.{key}.{part}_share"] = seconds / whole
    whole, between = side_by_side(_way(ours, "data", 20), _way(_between_components(engine), "data", 20))
    figures["profile.bytes_1mib.whole_s"] = whole
    figures["profile.bytes_1mib.between_components_s"] = between
    figures["profile.bytes_1mib.between_components_share"] = between / whole
    return figures


def _between_components(engine: Engine) -> Guest:
    """Passes a mebibyte of `list<u8>` from one component to another, without a host."""
    loaded = engine.compile(bytes(wasmtime.wat2wasm(_TWO_COMPONENTS)), "two-components", bytes_bridge=False)
    return _guest(engine, wasm_component.Linker(engine.wasm), loaded)


def _way(guest: Guest, export: str, calls: int) -> tuple[Callable[[], object], int]:
    return lambda: guest(export, calls), calls


def _our_guest(engine: Engine, loaded: LoadedComponent) -> Guest:
    linker = abi.Linker(engine.wasm, bytes_bridge=loaded.bridged)
    with linker.instance(INTERFACE) as instance:
        instance.function("number", lambda x: None, (abi.u32,))
        instance.function("data", lambda data: None, (abi.bytes_,))
        instance.function("record", lambda entry: None, (ENTRY,))
    return _guest(engine, linker.wasm, loaded)


def _callback_guest(engine: Engine, loaded: LoadedComponent, function: int) -> Guest:
    """A guest whose imports are a C function at an address, without anything of ours."""
    linker = wasm_component.Linker(engine.wasm)
    bindings = cast(Any, _bindings)
    callback = ctypes.cast(function, bindings.wasmtime_component_func_callback_t)
    finalizer = ctypes.CFUNCTYPE(None, c_void_p)()
    with linker.root() as root, root.add_instance(INTERFACE) as instance:
        for name in (b"number", b"data", b"record"):
            buffer = ctypes.create_string_buffer(name)
            error = bindings.wasmtime_component_linker_instance_add_func(
                instance.ptr(), buffer, len(name), callback, None, finalizer
            )
            if error:
                raise wasmtime.WasmtimeError._from_ptr(error)
    return _guest(engine, linker, loaded)


def _guest(engine: Engine, linker: wasm_component.Linker, loaded: LoadedComponent) -> Guest:
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(_EPOCHS)
    instance = linker.instantiate(store, loaded.compiled)

    def call(export: str, calls: int) -> None:
        function: Any = instance.get_func(store, export)
        function(store, calls)
        function.post_return(store)

    return call
