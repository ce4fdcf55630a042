"""Renaming imports and exports of a component changes their names and nothing else."""

from __future__ import annotations

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import component as wasm_component

from elastic_hal.guest_sdk.component_names import renamed
from elastic_hal.guest_sdk.tool_errors import BuildFailedError

COMPONENT = """
(component
  (import "a:b/inline-log@1.0.0" (instance (export "write" (func (param "text" string)))))
  (import "run" (func))
  (import "t" (type $t (sub resource)))
  (import "u" (type (eq $t)))
  (component $nested (import "a:b/inline-log@1.0.0" (instance)) (export "x" (instance 0)))
  (instance $empty)
  (instance $made (instantiate $nested (with "a:b/inline-log@1.0.0" (instance $empty))))
  (export "a:b/inline-log@2.0.0" (instance $made))
  (export "again" (instance $made))
)
"""
WITH_MODULES = """
(component
  (import "inner" (component))
  (import "core" (core module $imported))
  (import "run" (func $run))
  (core module $own)
  (export "own" (core module $own))
  (export "again" (func $run) (func))
)
"""


def names(content: bytes) -> tuple[list[str], list[str]]:
    engine = wasmtime.Engine()
    made = wasm_component.Component(engine, content)
    return list(made.type.imports(engine)), list(made.type.exports(engine))


def test_names_change_in_the_component_only() -> None:
    content = bytes(wasmtime.wat2wasm(COMPONENT))
    imports, exports = names(content)
    long = "l" * 200
    changed = renamed(content, {"a:b/inline-log@1.0.0": "log"}, {"a:b/inline-log@2.0.0": long})
    assert names(changed) == (["log", *imports[1:]], [long, *exports[1:]])
    assert changed.count(b"a:b/inline-log@1.0.0") == content.count(b"a:b/inline-log@1.0.0") - 1
    back = renamed(changed, {"log": "a:b/inline-log@1.0.0"}, {long: "a:b/inline-log@2.0.0"})
    assert back == content


def test_core_modules_are_passed_over() -> None:
    content = bytes(wasmtime.wat2wasm(WITH_MODULES))
    changed = renamed(content, {"run": "walk"}, {"again": "a"})
    assert b"walk" in changed
    assert renamed(changed, {"walk": "run"}, {"a": "again"}) == content


def test_a_name_that_is_not_there() -> None:
    content = bytes(wasmtime.wat2wasm("(component)"))
    with pytest.raises(BuildFailedError, match="it has no a:b/inline-log"):
        renamed(content, {"a:b/inline-log": "log"}, {})


@given(st.integers(0, 400), st.binary(max_size=3))
def test_anything_else_is_an_error(length: int, more: bytes) -> None:
    content = bytes(wasmtime.wat2wasm(COMPONENT))[:length] + more
    with pytest.raises(BuildFailedError):
        renamed(content, {"not there": "x"}, {})
