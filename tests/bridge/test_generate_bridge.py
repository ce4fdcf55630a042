"""`elastic-hal generate bridge`: adapters as components of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.cli.main import main
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE, bridge_name
from elastic_hal.runtime.bridge.outline import outline
from elastic_hal.runtime.engine import Engine

FIXTURE = Path(__file__).parent / "fixtures" / "nested"
SMALL = """package a:b@1.0.0;
interface with-bytes { f: func(data: list<u8>) -> list<u8>; }
interface without { g: func(x: u32) -> string; }
world w { import with-bytes; import without; }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.wit").write_text(SMALL)
    return tmp_path


def generate(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["generate", "bridge", *map(str, arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_contract(folder: Path, wasm_tools: Callable[..., str]) -> None:
    assert generate(contract_dir(), "-w", "imports", "-o", "out", "--external", "wasi:*") == 0
    made = sorted((folder / "out").iterdir())
    assert "crypto.wasm" in [path.name for path in made]
    for path in made:
        wasm_tools("validate", "--features", "all", path)
        described = wasm_tools("component", "wit", path)
        assert f"import elastic-hal-bridge:elastic-hal/{path.stem}@" in described
        assert f"import {RUNTIME_INTERFACE};" in described
        assert f"export elastic:hal/{path.stem}@" in described


def test_adapters_of_nested_types_and_inline_interfaces(
    folder: Path, wasm_tools: Callable[..., str], toolchain_guest: Callable[[str], bytes], engine: Engine
) -> None:
    assert generate(FIXTURE, "-w", "nested", "-o", "out") == 0
    assert names(folder / "out") == ["deep.wasm", "inline.wasm", "old.wasm", "types.wasm"]
    for path in (folder / "out").iterdir():
        wasm_tools("validate", "--features", "all", path)
        if path.stem != "inline":  # wasm-tools cannot put an interface without a package into words
            wasm_tools("component", "wit", path)
    for world, adapter in (("plain", "old"), ("keys", "types")):
        (folder / "guest.wasm").write_bytes(toolchain_guest(world))
        wasm_tools("compose", "guest.wasm", "-d", f"out/{adapter}.wasm", "-o", "composed.wasm")
        wasm_tools("validate", "--features", "all", "composed.wasm")
        kind = wasm_component.Component(engine.wasm, (folder / "composed.wasm").read_bytes()).type
        assert bridge_name(f"nest:host/{adapter}@1.2.0") in kind.imports(engine.wasm)
        assert list(kind.exports(engine.wasm)) == ["run"]


def test_one_adapter_for_all_interfaces(folder: Path, validate: Callable[[bytes], None]) -> None:
    assert generate(FIXTURE, "-w", "nested", "-o", "out", "--together") == 0
    assert names(folder / "out") == ["nested.wasm"]
    adapter = (folder / "out" / "nested.wasm").read_bytes()
    validate(adapter)
    interfaces = [f"nest:host/{name}@1.2.0" for name in ("types", "deep", "old")]
    found = outline(adapter)
    assert [export.name for export in found.exports] == [*interfaces, "inline"]
    bridges = [bridge_name(name) for name in (*interfaces, "inline")]
    assert [extern.name for extern in found.imports] == [*interfaces, "inline", *bridges, RUNTIME_INTERFACE]


def test_generating_again_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("small.wit", "-o", "out") == 0
    content = (folder / "out" / "with-bytes.wasm").read_bytes()
    assert names(folder / "out") == ["with-bytes.wasm"]
    assert generate("small.wit", "-o", "out", "--interface", "a:b/with-bytes") == 0
    assert capsys.readouterr().err.endswith("1 adapter, 0 of them changed\n")
    assert (folder / "out" / "with-bytes.wasm").read_bytes() == content


def test_an_adapter_runs(folder: Path, engine: Engine) -> None:
    """The adapter's own export, called as a guest would; the host serves only what a linker always serves."""
    assert generate("small.wit", "-o", "out") == 0
    component = wasm_component.Component(engine.wasm, (folder / "out" / "with-bytes.wasm").read_bytes())
    linker = abi.Linker(engine.wasm)
    with linker.instance("a:b/with-bytes@1.0.0") as instance:
        instance.function("f", lambda data: data[::-1] * 2, (abi.bytes_,), abi.bytes_)
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(10**6)
    made = linker.instantiate(store, component)
    function: Any = GuestFunction(
        linker, store, made, ("a:b/with-bytes@1.0.0", "f"), parameters=(abi.bytes_,), result=abi.bytes_
    )
    for size in (0, 5, 40_000):
        data = bytes(number % 251 for number in range(size))
        assert function(data) == data[::-1] * 2


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--interface", "nothing"], 2, "imports no interface `nothing`"),
        (["--interface", "without"], 2, "passes no bytes"),
        (["--external", "a:*"], 2, "passes bytes"),
        (["-w", "absent"], 2, "no world `absent`"),
    ],
)
def test_refusals(
    arguments: list[str], code: int, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate("small.wit", "-o", "out", *arguments) == code
    assert reason in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("wit", "construct"),
    [
        ("f: func(x: stream<u8>, y: list<u8>);", "`stream`"),
        ("f: async func(y: list<u8>);", "`async`"),
        ("f: func(x: future<u8>, y: list<u8>);", "`future`"),
    ],
)
def test_constructs_that_adapters_cannot_carry(
    wit: str, construct: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "async.wit").write_text(f"package a:b;\ninterface x {{\n  {wit}\n}}\nworld w {{ import x; }}\n")
    assert generate("async.wit", "-o", "out") == 1
    said = capsys.readouterr().err
    assert f"{construct} in function f of a:b/x (async.wit:3:3) cannot be generated" in said


def test_files_of_others_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "with-bytes.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    assert generate("small.wit", "-o", "out") == 2
    assert "was not generated" in capsys.readouterr().err
    assert (folder / "out" / "with-bytes.wasm").read_bytes() == b"\0asm\x0d\0\x01\0"


def test_interfaces_of_one_name(folder: Path) -> None:
    deps = folder / "wit" / "deps"
    for version in ("1", "2"):
        (deps / version).mkdir(parents=True)
        text = f"package a:b@{version}.0.0;\ninterface x {{ f: func(data: list<u8>); }}\n"
        (deps / version / "x.wit").write_text(text)
    (folder / "wit" / "w.wit").write_text("package c:d;\nworld w { import a:b/x@1.0.0; import a:b/x@2.0.0; }\n")
    assert generate("wit", "-o", "out") == 0
    assert names(folder / "out") == ["a-b-x-1.0.0.wasm", "a-b-x-2.0.0.wasm"]
