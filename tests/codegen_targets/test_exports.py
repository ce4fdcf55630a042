"""The generated side of calls into guests: golden tree, names, which types are whose, what is refused."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import component as wasm_component

from elastic_hal.codegen import model
from elastic_hal.codegen.targets import GenerationError, generate_host, write_tree
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Generate = Callable[[str, str], dict[str, str]]
Parse = Callable[[str], tuple[model.Resolve, model.World]]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], Any]]:
    """Imports a generated tree under the name `exported_names_bindings`."""

    def load(files: dict[str, str]) -> Any:
        write_tree(files, tmp_path / "exported_names_bindings")
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module("exported_names_bindings")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == "exported_names_bindings"]:
        del sys.modules[name]


def test_golden_tree(generate: Generate) -> None:
    """Set ELASTIC_HAL_UPDATE_GOLDEN=1 to write the golden files anew; then read the difference."""
    golden = HERE / "golden" / "exports"
    files = generate("host", "exported:exported")
    if os.environ.get("ELASTIC_HAL_UPDATE_GOLDEN"):
        write_tree(files, golden)
    found = {path.relative_to(golden).as_posix(): path.read_text() for path in golden.rglob("*") if path.is_file()}
    assert {name: text for name, text in found.items() if "__pycache__" not in name} == files


def test_there_is_a_guest_only_where_something_is_exported(generate: Generate) -> None:
    for world in ("imports", "crypto-family"):
        files = generate("host", f"contract:{world}")
        assert "guest.py" not in files
        assert not [name for name in files if name.startswith("exports/")]
        assert "Guest" not in files["__init__.py"]
    files = generate("host", "contract:command")
    assert [name for name in files if name.startswith("exports/")] == [
        *("exports/__init__.py", "exports/wasi_cli/__init__.py", "exports/wasi_cli/run.py")
    ]
    assert "self.wasi_cli_run = _exports_wasi_cli_run.Run(guest)" in files["guest.py"]
    assert "from .guest import Guest as Guest" in files["__init__.py"]


def stand_in(engine: Engine, folder: Path, world: str) -> wasm_component.Component:
    """A component that exports all of a world; each of its functions traps."""
    program = str(Path(sys.executable).with_name("wasm-tools"))
    core, component = folder / "core.wasm", folder / "stand-in.wasm"
    embed = ["embed", "--dummy", str(HERE / "fixtures" / "exported"), "-w", world, "-o", str(core)]
    for command in (embed, ["new", str(core), "-o", str(component)]):
        subprocess.run([program, "component", *command], check=True)
    return wasm_component.Component(engine.wasm, component.read_bytes())


class Anything:
    """Has every function, and none is called."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


def test_names_do_not_get_into_each_others_way(
    tmp_path: Path, generate: Generate, imported: Callable[[dict[str, str]], Any]
) -> None:
    tree = imported(generate("host", "exported:exported-names"))
    engine = Engine()
    linker = abi.Linker(engine.wasm)
    tree.add_to_linker(linker, tree.Providers(test_exported_both=Anything(), test_exported_shapes=Anything()))
    component = stand_in(engine, tmp_path, "exported-names")

    def started() -> Any:
        store = abi.Store(engine.wasm)
        store.set_epoch_deadline(10**6)
        return tree.Guest(store, linker.instantiate(store, component))

    assert sorted(vars(started())) == [
        *("_guest", "test_exported_both", "test_exported_counters", "test_exported_echo_", "test_exported_settings")
    ]
    settings = importlib.import_module("exported_names_bindings.exports.test_exported.settings")
    shapes = importlib.import_module("exported_names_bindings.test_exported.shapes")
    calls: dict[str, Callable[[Any], object]] = {
        "exported": lambda guest: guest.exported(shapes.Point(1, 2)),
        "test-exported-echo": lambda guest: guest.test_exported_echo(),
        "self": lambda guest: guest.self(1, guest=2),
        "int": lambda guest: guest.int("3"),
        "close": lambda guest: guest.close(),
        "settings.change": lambda guest: guest.test_exported_settings.change(
            settings.Options(shapes.Point(1, 2), True)
        ),
        "test:exported/echo@1.0.0.nothing": lambda guest: guest.test_exported_echo_.nothing(),
        "test:exported/counters@1.0.0.[constructor]counter": lambda guest: guest.test_exported_counters.Counter(1),
        "test:exported/counters@1.0.0.total": lambda guest: guest.test_exported_counters.total([]),
    }
    for label, call in calls.items():
        with pytest.raises(abi.GuestTrap) as caught:
            call(started())
        assert caught.value.function == label


def test_a_resource_method_gives_way_to_what_every_resource_has(
    generate: Generate, imported: Callable[[dict[str, str]], Any]
) -> None:
    imported(generate("host", "exported:exported"))
    counters = importlib.import_module("exported_names_bindings.exports.test_exported.counters")
    assert counters.Counter.close is abi.GuestResource.close
    assert callable(counters.Counter.close_)
    public = {name for name in vars(abi.GuestResource) if not name.startswith("_")}
    exports = importlib.import_module("elastic_hal.codegen.targets.host.exports")
    assert public == set(exports.RESOURCE_MEMBERS)


def test_types_are_the_imports_unless_the_guests_resources_are_in_them(
    generate: Generate, imported: Callable[[dict[str, str]], Any]
) -> None:
    imported(generate("host", "exported:exported"))
    both = importlib.import_module("exported_names_bindings.exports.test_exported.both")
    other = importlib.import_module("exported_names_bindings.test_exported.both")
    counters = importlib.import_module("exported_names_bindings.exports.test_exported.counters")
    shapes = importlib.import_module("exported_names_bindings.test_exported.shapes")
    echo = importlib.import_module("exported_names_bindings.exports.test_exported.echo")
    assert both.Size is other.Size
    assert both.Boxed is not other.Boxed
    assert issubclass(both.Thing, abi.GuestResource)
    assert issubclass(other.Thing, abi.Resource)
    assert counters.Canvas is shapes.Canvas
    assert counters.Failure is echo.Failure


def test_one_interface_under_two_names(parse: Parse, imported: Callable[[dict[str, str]], Any]) -> None:
    resolve, world = parse(
        """package a:b;
        interface store { resource item { constructor(); } record pair { one: item } get: func() -> pair; }
        world w { export primary: store; export secondary: store; }"""
    )
    imported(generate_host(resolve, world))
    first = importlib.import_module("exported_names_bindings.exports.a_b.primary")
    second = importlib.import_module("exported_names_bindings.exports.a_b.secondary")
    assert (first.INTERFACE, second.INTERFACE) == ("primary", "secondary")
    assert first.Item is not second.Item
    assert first.Pair is not second.Pair


def test_several_versions_of_one_package(parse: Parse) -> None:
    resolve, world = parse(
        """package a:b;
        world w { export old:pkg/api@1.0.0; export old:pkg/api@2.0.0; }
        package old:pkg@1.0.0 { interface api { f: func(); } }
        package old:pkg@2.0.0 { interface api { f: func(); } }"""
    )
    files = generate_host(resolve, world)
    assert {"exports/old_pkg_1_0_0/api.py", "exports/old_pkg_2_0_0/api.py"} <= set(files)
    assert "self.old_pkg_1_0_0_api" in files["guest.py"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interface i { f: async func(); } world w { export i; }", "async func in function f of a:b/i"),
        ("interface i { f: func() -> stream<u8>; } world w { export i; }", "stream in function f of a:b/i"),
        ("world w { export f: func(x: future<u8>); }", "future in function f of the exports of world w"),
        ("world w { export i: interface { f: func(x: error-context); } }", "error-context in function f of i"),
    ],
)
def test_what_cannot_be_called_is_refused_with_its_place(parse: Parse, text: str, message: str) -> None:
    resolve, world = parse(f"package a:b;\n{text}")
    with pytest.raises(GenerationError, match=message):
        generate_host(resolve, world)


def test_handles_that_somebody_else_links_are_refused(parse: Parse) -> None:
    resolve, world = parse(
        """package a:b;
        interface i { use x:y/r.{thing}; f: func(t: borrow<thing>); }
        world w { export i; }
        package x:y { interface r { resource thing; } }"""
    )
    with pytest.raises(GenerationError, match="a handle to thing of x:y/r in function f of a:b/i"):
        generate_host(resolve, world, ("x:*",))
    assert "x_y/r.py" in generate_host(resolve, world)


TYPED = """
from exported_names_bindings import Guest
from exported_names_bindings.exports.test_exported import counters, echo
from exported_names_bindings.test_exported.shapes import Canvas, Point
from elastic_hal.runtime import abi

def use(store: abi.Store, instance: abi.Instance, linker: abi.Linker, canvas: Canvas) -> int:
    guest = Guest(store, instance)
    Guest(store, instance, linker)
    point: Point = guest.exported(Point(1, 2))
    calls = guest.test_exported_counters
    with calls.Counter(5) as counter:
        value: int = counter.add(point.x)
        made: counters.Counter = calls.Counter.sum(counter, None)
    pair: counters.Pair = calls.swap(counters.Pair(made, made, point))
    back: Canvas | None = calls.give_back()
    guest.test_exported_echo_.nothing()
    try:
        guest.test_exported_echo_.fail(echo.Failure_NotFound("x"))
    except echo.Failure_NotFound as error:
        text: str = error.value
    return calls.draw(back or canvas, value)
"""
MISTYPED = """
    guest.exported(1)
    calls.Counter("5")
    calls.total([canvas])
    calls.take(counter)
    calls.swap(pair).first.add("1")
    nothing = guest.test_exported_echo_.nothing()
"""


def test_the_wrappers_are_typed(tmp_path: Path, generate: Generate) -> None:
    write_tree(generate("host", "exported:exported"), tmp_path / "exported_names_bindings")
    wrong = TYPED.replace("    return calls", f"{MISTYPED}    return calls")
    (tmp_path / "right.py").write_text(TYPED)
    (tmp_path / "wrong.py").write_text(wrong)
    command = [sys.executable, "-m", "mypy", "--strict", "--namespace-packages", "--explicit-package-bases"]
    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path / '.cache'}", "right.py", "wrong.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "runtime")},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == len(MISTYPED.strip().splitlines()), done.stdout
    assert all(line.startswith("wrong.py:") for line in errors)
