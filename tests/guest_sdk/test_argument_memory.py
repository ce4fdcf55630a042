"""The runtime's module gets one function more, which notes what the runtime's own has copied."""

from __future__ import annotations

import contextlib
from importlib import metadata

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.guest_sdk import argument_memory
from elastic_hal.guest_sdk.argument_memory import releasing
from elastic_hal.guest_sdk.tool_errors import BuildFailedError

RUNTIME = """
(core module
  (type $other (func))
  (type $copy (func (param i32 i32 i32) (result i32)))
  (type $note (func (param i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory 1 2))
  (import "env" "table" (table 0 funcref))
  (import "env" "base" (global i32))
  (import "env" "noted" (func $noted (type $note)))
  (import "env" "other" (func $other (type $other)))
  (func (type $other))
  (func $copy (export "wit_dylib_pop_list") (type $copy)
    (i32.store (local.get 2) (local.get 1))
    (i32.const 77))
  (func (export "wit_dylib_dealloc_bytes") (type $note)
    (call $noted (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
  (elem declare func $copy))
"""
OTHER = '(core module (func (export "wit_dylib_pop_list")))'


def component(*modules: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(component {' '.join(modules)} (core instance))"))


def runtime_module(content: bytes) -> bytes:
    """The core module of a component that has one."""
    start = content.index(b"\0asm\x01\0\0\0")
    sections = dict(argument_memory.sections(content, argument_memory.COMPONENT_PREAMBLE))
    return content[start : start + len(sections[1])]


def copy(content: bytes, address: int) -> tuple[int, list[tuple[int, ...]]]:
    """What the exported function returns, and what it notes."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    noted: list[tuple[int, ...]] = []
    i32 = wasmtime.ValType.i32()
    note = wasmtime.Func(store, wasmtime.FuncType([i32] * 5, []), lambda *values: noted.append(values))
    other = wasmtime.Func(store, wasmtime.FuncType([], []), lambda: None)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 2)))
    table = wasmtime.Table(store, wasmtime.TableType(wasmtime.ValType.funcref(), wasmtime.Limits(0, None)), None)
    base = wasmtime.Global(store, wasmtime.GlobalType(i32, False), wasmtime.Val.i32(0))
    module = wasmtime.Module(engine, runtime_module(content))
    instance = wasmtime.Instance(store, module, [memory, table, base, note, other])
    function = instance.exports(store)["wit_dylib_pop_list"]
    assert isinstance(function, wasmtime.Func)
    return function(store, 11, address, 64), noted


def test_a_copy_is_noted_with_its_call() -> None:
    content = component(RUNTIME)
    assert copy(content, 4096) == (77, [])
    assert copy(releasing(content), 4096) == (77, [(11, 4096, 77, 1, 1)])


def test_nothing_is_noted_where_nothing_was_copied() -> None:
    assert copy(releasing(component(RUNTIME)), 0) == (77, [])


def test_other_modules_stay_as_they_are() -> None:
    alone, among = component(RUNTIME), component(OTHER, RUNTIME, OTHER)
    assert len(releasing(among)) - len(among) == len(releasing(alone)) - len(alone)
    assert releasing(among).count(component(OTHER)[8:20]) == 2


@pytest.mark.parametrize("content", [component(), component(OTHER), component(RUNTIME, RUNTIME), b"", b"\0asm"])
def test_what_has_no_runtime_is_refused(content: bytes) -> None:
    with pytest.raises(BuildFailedError, match="memory of byte strings"):
        releasing(content)


@given(st.data())
def test_damaged_components_are_refused_or_amended(data: st.DataObject) -> None:
    content = bytearray(component(RUNTIME))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BuildFailedError):
        releasing(bytes(content))


def test_only_versions_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, needed in (("0.24.0", False), ("0.25.1", True), ("0.25.2", False)):
        monkeypatch.setattr(metadata, "version", lambda _name, version=version: version)
        assert argument_memory.needs_release() is needed
