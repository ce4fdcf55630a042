"""Interfaces under labels: each label has a provider, types and resources of its own, and its own name everywhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from elastic_hal.cli.bridge_command import adapters
from elastic_hal.codegen import model
from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.targets import generate_guest, generate_host, write_tree
from elastic_hal.guest_sdk.staged_wit import stage_world
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.hosted import Hosted

Parse = Callable[[str], tuple[model.Resolve, model.World]]

CONTRACT = """package a:b@1.0.0;

/// Keeps values.
interface store {
  get: func(key: list<u8>) -> result<u32>;
}

world w {
  /// The one that is asked first.
  import primary: store;
  import backup: store;
  export first: store;
  export second: store;
}
"""

STORE = '(export "get" (func (param "key" (list u8)) (result (result u32))))'
COMPONENT = f"""(component
  (import "primary" (implements "a:b/store@1.0.0") (instance $primary {STORE}))
  (import "backup" (implements "a:b/store@1.0.0") (instance $backup {STORE}))
  (core module $room (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $room (instantiate $room))
  (core func $primary-get (canon lower (func $primary "get") (memory (core memory $room "memory"))))
  (core func $backup-get (canon lower (func $backup "get") (memory (core memory $room "memory"))))
  (core module $guest
    (import "room" "memory" (memory 1))
    (import "host" "primary" (func $primary (param i32 i32 i32)))
    (import "host" "backup" (func $backup (param i32 i32 i32)))
    (func (export "first") (param i32 i32) (result i32)
      (call $primary (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "second") (param i32 i32) (result i32)
      (call $backup (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $guest (instantiate $guest
    (with "room" (instance $room))
    (with "host" (instance (export "primary" (func $primary-get)) (export "backup" (func $backup-get))))))
  (func $first (param "key" (list u8)) (result (result u32)) (canon lift (core func $guest "first")
    (memory (core memory $room "memory")) (realloc (core func $room "realloc"))))
  (func $second (param "key" (list u8)) (result (result u32)) (canon lift (core func $guest "second")
    (memory (core memory $room "memory")) (realloc (core func $room "realloc"))))
  (instance $one (export "get" (func $first)))
  (instance $two (export "get" (func $second)))
  (export "first" (implements "a:b/store@1.0.0") (instance $one))
  (export "second" (implements "a:b/store@1.0.0") (instance $two)))"""


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], Any]]:
    """Imports a generated tree under the name `label_bindings`."""

    def load(files: dict[str, str]) -> Any:
        write_tree(files, tmp_path / "label_bindings")
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module("label_bindings")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == "label_bindings"]:
        del sys.modules[name]


@pytest.mark.parametrize("bytes_bridge", [True, False])
def test_each_label_reaches_its_own_provider(
    parse: Parse, imported: Callable[[dict[str, str]], Any], bytes_bridge: bool
) -> None:
    bindings = imported(generate_host(*parse(CONTRACT)))
    asked: list[tuple[str, bytes]] = []

    class Primary:
        def get(self, key: bytes) -> int:
            asked.append(("primary", key))
            return 1

    class Backup:
        def get(self, key: bytes) -> int:
            asked.append(("backup", key))
            raise abi.ResultError

    providers = bindings.Providers(a_b_primary=Primary(), a_b_backup=Backup())
    engine = Engine(bytes_bridge=bytes_bridge)
    component = engine.compile(bytes(wat2wasm(COMPONENT)), "labels")
    assert component.bridged is bytes_bridge
    with Hosted(engine, component, lambda linker: bindings.add_to_linker(linker, providers)) as hosted:
        guest = bindings.Guest(hosted.store, hosted.instance)
        assert guest.a_b_first.get(b"x") == 1
        with pytest.raises(abi.ResultError):
            guest.a_b_second.get(b"yy")
    assert asked == [("primary", b"x"), ("backup", b"yy")]


def test_labels_are_names_everywhere(parse: Parse) -> None:
    resolve, world = parse(CONTRACT)
    host, guest = generate_host(resolve, world), generate_guest(resolve, world)
    assert 'INTERFACES: tuple[str, ...] = ("primary", "backup")' in host["__init__.py"]
    for files in (host, guest):
        for label in ("primary", "backup"):
            text = files[f"a_b/{label}.py"]
            assert f'INTERFACE = "{label}"' in text
            assert f"The interface `a:b/store@1.0.0` under the label `{label}`." in text
    assert "The one that is asked first." in host["a_b/primary.py"]
    assert "Keeps values." in host["a_b/backup.py"]
    assert set(adapters(world, (), ())) == {"primary.wasm", "backup.wasm"}
    assert set(adapters(world, ("backup",), ())) == {"backup.wasm"}
    item = world.imports["primary"]
    assert isinstance(item, model.InterfaceItem)
    assert item.interface is resolve.main.interfaces["store"], "the model stays as it is"


def test_a_guest_is_built_with_an_interface_for_each_label(tmp_path: Path) -> None:
    path = tmp_path / "in.wit"
    path.write_text(CONTRACT)
    staged = stage_world([path], "a:b/w@1.0.0", tmp_path / "out.wit")
    assert staged is not None
    assert list(staged.imports.values()) == ["primary", "backup"]
    assert list(staged.exports.values()) == ["first", "second"]
    world = select_world(load_or_raise([staged.wit]), staged.world)
    assert list(world.imports) == list(staged.imports)
    assert list(world.exports) == list(staged.exports)
