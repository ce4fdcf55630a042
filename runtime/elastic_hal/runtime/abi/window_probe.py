"""Finds out, once, whether the memory of an adapter can be found and used in this process (see `window`)."""

from __future__ import annotations

import logging
from typing import Any

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi.errors import AbiError
from elastic_hal.runtime.abi.linker import Linker
from elastic_hal.runtime.abi.window import NONCE, Words
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE

_log = logging.getLogger(__name__)
_HEAP = 256
_MARK = b"mark"
_PAGE = 65536
_GROWN = 2 * _PAGE
_ENOUGH = 2**40
_PROBE = f"""(component
    (import "{RUNTIME_INTERFACE}" (instance $window
        (export "nonce" (func (result (tuple u64 u64))))
        (export "attach" (func (param "memory-bytes" u32)))
        (export "fill" (func))))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $memory))
    (core func $nonce (canon lower (func $window "nonce") (memory $memory)))
    (core func $attach (canon lower (func $window "attach")))
    (core func $fill (canon lower (func $window "fill")))
    (core module $probe
        (import "host" "memory" (memory 1))
        (import "host" "nonce" (func $nonce (param i32)))
        (import "host" "attach" (func $attach (param i32)))
        (import "host" "fill" (func $fill))
        (func $start
            (i32.store (i32.const {Words.top.offset}) (i32.const {_HEAP}))
            (i32.store (i32.const {Words.capacity.offset}) (i32.const {_PAGE}))
            (i32.store (i32.const {Words.heap.offset}) (i32.const {_HEAP}))
            (call $nonce (i32.const {NONCE}))
            (call $attach (i32.const {_PAGE})))
        (start $start)
        (func (export "check") (result i32)
            (drop (memory.grow (i32.const {_GROWN // _PAGE})))
            (call $fill)
            (i32.load (i32.const {_GROWN}))))
    (core instance $probe (instantiate $probe (with "host" (instance (export "memory" (memory $memory))
        (export "nonce" (func $nonce)) (export "attach" (func $attach)) (export "fill" (func $fill))))))
    (func (export "check") (result u32) (canon lift (core func $probe "check"))))"""


_outcomes: list[bool] = []


def available(engine: wasmtime.Engine) -> bool:
    """Whether components may be bridged: tried once per process, with a component that attaches and grows its memory,
    where the host then writes and reads. Where anything about that fails, the log says what.
    """
    if not _outcomes:
        _outcomes.append(_works(engine))
    return _outcomes[0]


def _works(engine: wasmtime.Engine) -> bool:
    try:
        found = _written_beyond_growth(engine)
    except (AbiError, wasmtime.WasmtimeError) as error:
        _log.info("components run without the bytes bridge: %s", error)
        return False
    if not found:
        _log.info("components run without the bytes bridge: what the host writes does not reach a guest")
    return found


def _written_beyond_growth(engine: wasmtime.Engine) -> bool:
    linker = Linker(engine)
    store = wasmtime.Store(engine)
    try:
        store.set_epoch_deadline(_ENOUGH)
        instance = linker.wasm.instantiate(store, wasm_component.Component(engine, _PROBE))
        window = linker.state.context.window
        window.begin()
        window.place(bytes(_GROWN - _HEAP) + _MARK)
        check: Any = instance.get_func(store, "check")
        word = check(store)
        check.post_return(store)
        return bool(word == int.from_bytes(_MARK, "little")) and window.read(_GROWN, len(_MARK)) == _MARK
    finally:
        linker.close()
        store.close()
