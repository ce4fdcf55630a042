"""A guest exports an inline interface, and one with names that componentize-py's modules need themselves.

It is built as a user would build it, and called through the generated `Guest`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.targets import generate_host, write_tree
from elastic_hal.guest_sdk.build import build
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine

PROJECT = '[project]\nname = "names"\n[tool.elastic-hal]\napp = "app"\nworld = "test:exported-names/w"\nwit = "wit"\n'
WIT = """
/// \"""
package test:exported-names;

interface names {
  record optional { optional: option<u8>, union: option<string> }
  enum %flag { a, b }
  flags rights { read, write }
  variant err { none, some(string) }
  isinstance: func(value: optional, self: %flag) -> result<option<optional>, err>;
  auto: func(rights: rights) -> rights;
  resource any {
    constructor(cls: u8);
    %self: func(value: option<optional>) -> u8;
    classmethod: static func(cls: %flag) -> any;
  }
}

world w {
  export names;
  /// \\x
  export store: interface {
    use names.{%flag};
    record entry { %flag: %flag }
    get: func(key: string) -> option<entry>;
  }
}
"""
APP = """
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import inline_store, names


class Names(exports.Names):
    def isinstance(self, value, flag):
        if value.optional is None:
            raise Err(names.Err_Some(flag.name))
        return names.Optional(value.optional + 1, value.union)

    def auto(self, rights):
        return rights ^ names.Rights.WRITE


class InlineStore(exports.InlineStore):
    def get(self, key):
        return inline_store.Entry(names.Flag[key]) if key in names.Flag.__members__ else None
"""
RESOURCES = """
from wit_world.exports import names


class Any(names.Any):
    def __init__(self, start):
        self.start = start

    def self(self, value):
        return self.start if value is None else value.optional

    @classmethod
    def classmethod(cls, flag):
        return cls(flag.value)
"""
"""componentize-py wants the classes of exported resources in a module with the name of their interface."""

PACKAGE = "exported_names_host"


@pytest.fixture
def bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "names.wit").write_text(WIT)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(APP)
    (tmp_path / "src" / "names.py").write_text(RESOURCES)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    resolve = load_or_raise([tmp_path / "wit"])
    write_tree(generate_host(resolve, select_world(resolve, "w")), tmp_path / PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_calls_reach_the_guest(tmp_path: Path, bindings: Any) -> None:
    engine = Engine(tmp_path / "cache")
    component = engine.load(build(tmp_path))
    assert "store" in component.exports
    linker = abi.Linker(engine.wasm, bytes_bridge=component.bridged)
    linker.wasm.add_wasip2()
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(10**9)
    store.set_wasi(wasmtime.WasiConfig())
    guest = bindings.Guest(store, linker.instantiate(store, component.compiled))
    names = importlib.import_module(f"{PACKAGE}.exports.test_exported_names.names")
    inline = importlib.import_module(f"{PACKAGE}.exports.test_exported_names.store")

    calls = guest.test_exported_names_names
    assert calls.isinstance(names.Optional(7, "x"), names.Flag.A) == names.Optional(8, "x")
    with pytest.raises(names.Err_Some, match="B"):
        calls.isinstance(names.Optional(None, None), names.Flag.B)
    assert calls.auto(names.Rights.READ) == names.Rights.READ | names.Rights.WRITE
    with calls.Any(5) as made:
        assert made.self(None) == 5
        assert made.self(names.Optional(9, None)) == 9
    with calls.Any.classmethod(names.Flag.B) as other:
        assert other.self(None) == 1
    assert guest.test_exported_names_store.get("B") == inline.Entry(names.Flag.B)
    assert guest.test_exported_names_store.get("C") is None
    linker.close()
    store.close()
