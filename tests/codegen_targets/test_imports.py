"""Generated packages import, whatever the contract calls things, and what they define behaves as Python should."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime

from elastic_hal.codegen import model
from elastic_hal.codegen.targets import write_tree
from elastic_hal.codegen.targets.guest import raw_names
from elastic_hal.codegen.targets.plan import plan_tree
from elastic_hal.runtime import abi

Generate = Callable[[str, str], dict[str, str]]
LoadWorld = Callable[[str], tuple[model.Resolve, model.World]]
Import = Callable[[str, str, str], Any]


@pytest.fixture
def import_tree(tmp_path: Path, generate: Generate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """Generates a tree and imports it, or a module of it; everything is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def do(target: str, world: str, module: str = "") -> Any:
        package = f"generated_{target}_{world.replace(':', '_').replace('-', '_')}"
        write_tree(generate(target, world), tmp_path / package)
        importlib.invalidate_caches()
        return importlib.import_module(f"{package}.{module}" if module else package)

    yield do
    for name in set(sys.modules) - before:
        if name.startswith(("generated_", "wit_world", "componentize_py_types")):
            del sys.modules[name]


def test_names_that_clash_on_the_host(import_tree: Import) -> None:
    tree = import_tree("host", "clash:clash-inline", "")
    assert set(tree.INTERFACES) == {
        "test:other/types@1.0.0",
        "test:clash/types@1.0.0",
        "test:versions/types@0.9.0",
        "test:versions/types@0.10.0",
        "test:other/clash@1.0.0",
        "types",
    }
    types = import_tree("host", "clash:clash-inline", "test_clash.types")
    value = types.Any(*range(len(dataclasses.fields(types.Any))))
    assert (value.int, value.self, value.from_, value.async_, value.tuple) == (0, 3, 9, 14, 19)
    assert types.None_.CLASS.value == "class"
    assert types.Ok_None() == types.Ok_None()
    assert issubclass(types.Exception_Exception, types.Exception)
    assert issubclass(types.Exception, Exception)
    assert types.Flag(5) == types.Flag.A | types.Flag.TRUE
    assert types.Protocol is not types.TypesInterface
    assert types.NoneException.A.value == "a"
    assert issubclass(types.None_Exception, Exception)


def test_names_that_clash_in_a_guest(import_tree: Import, load_world: LoadWorld) -> None:
    fake_componentize_py(*load_world("clash"))
    types = import_tree("guest", "clash", "test_clash.types")
    assert types.str("x") is None
    assert types.abi([], "self") == ["a", "b", "i"]
    with types.List(7) as made:
        assert made.str("y") == "str"
    world = import_tree("guest", "clash", "test_clash.clash")
    assert world.int(types.Protocol.ABC) == b""
    other = import_tree("guest", "clash", "test_other.clash")
    assert other.From is other.List


def test_a_guest_whose_world_lacks_the_interface(import_tree: Import, load_world: LoadWorld) -> None:
    fake_componentize_py(*load_world("clash"))
    with pytest.raises(
        ImportError, match=r"does not import test:values/shapes@1\.0\.0: add `import test:values/shapes"
    ):
        import_tree("guest", "values", "test_values.shapes")


def test_guest_bindings_outside_a_guest(import_tree: Import) -> None:
    with pytest.raises(ImportError, match="inside a WebAssembly guest only"):
        import_tree("guest", "values", "test_values.shapes")


def test_errors_are_values_too(import_tree: Import) -> None:
    shapes = import_tree("host", "values", "test_values.shapes")
    error = shapes.Failure_NotFound("the key")
    assert str(error) == "not-found: the key"
    assert (error.case, error.value) == ("not-found", "the key")
    assert error == shapes.Failure_NotFound("the key") != shapes.Failure_NotFound("another")
    assert error != shapes.Failure_Internal("the key")
    assert len({error, shapes.Failure_NotFound("the key"), shapes.Failure_Refused()}) == 2
    assert pickle.loads(pickle.dumps(error)) == error
    assert pickle.loads(pickle.dumps(shapes.Failure_Refused())) == shapes.Failure_Refused()
    assert str(shapes.Failure_Refused()) == "refused"
    code = shapes.CodeException.of(shapes.Code.WOULD_BLOCK)
    assert type(code) is shapes.Code_WouldBlock
    assert (str(code), code) == ("would-block", shapes.Code_WouldBlock())


def test_values_are_frozen_and_compare(import_tree: Import) -> None:
    shapes = import_tree("host", "values", "test_values.shapes")
    point = shapes.Point(x=1, y=2)
    assert point == shapes.Point(1, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 3
    assert shapes.Shape_Nothing() != shapes.Shape_Circle(1.0)
    assert [colour.value for colour in shapes.Colour] == ["red", "dark-green", "blue-2"]
    assert [flag.value for flag in shapes.Access] == [1, 2, 4]


def test_a_provider_that_lacks_a_function(import_tree: Import) -> None:
    echo: Any = import_tree("host", "values", "test_values.echo")
    linker = abi.Linker(wasmtime.Engine())
    with pytest.raises(abi.LinkError, match="test:values/echo"):
        echo.add_to_linker(linker, object())

    class Half(echo.Echo):  # type: ignore[misc]
        pass

    with pytest.raises(TypeError, match="abstract"):
        Half()


def fake_componentize_py(resolve: model.Resolve, world: model.World) -> None:
    """Puts modules into `sys.modules` with the names that componentize-py makes, for use outside a guest.

    Functions return their own name, or what makes sense of it where a test needs it.
    """
    raw_types = ModuleType("componentize_py_types")
    for name in ("Some", "Ok"):
        setattr(raw_types, name, dataclasses.make_dataclass(name, ["value"]))
    raw_types.Err = type("Err", (Exception,), {})  # type: ignore[attr-defined]
    sys.modules["componentize_py_types"] = raw_types
    for name in ("wit_world", "wit_world.imports"):
        sys.modules[name] = ModuleType(name)
    for module in plan_tree(resolve, world).modules:
        raw = sys.modules.setdefault(raw_names.modules(module)[0], ModuleType("raw"))
        for function in module.functions:
            if function.resource is None:
                name = raw_names.attribute(function.short_name)
                setattr(raw, name, lambda *_, answer=b"" if name == "int" else name: answer)
        for wit_type in module.types:
            add_fake_type(raw, wit_type, module.functions)


def add_fake_type(raw: ModuleType, wit_type: model.TypeDef, functions: tuple[model.Function, ...]) -> None:
    name = raw_names.type_class(wit_type)
    match wit_type.kind:
        case model.Record(fields):
            setattr(raw, name, dataclasses.make_dataclass(name, [raw_names.attribute(field.name) for field in fields]))
        case model.Variant(cases):
            for case in cases:
                case_name = raw_names.case(wit_type, case)
                setattr(raw, case_name, dataclasses.make_dataclass(case_name, ["value"] if case.type else []))
        case model.Enum(cases):
            setattr(raw, name, enum.Enum(name, [f"CASE_{number}" for number in range(len(cases))]))
        case model.Flags(flags):
            setattr(raw, name, enum.Flag(name, [f"FLAG_{number}" for number in range(len(flags))]))
        case model.Resource():
            members: dict[str, object] = {"__init__": lambda self, *_: None, "__exit__": lambda *_: None}
            for function in functions:
                if function.resource is wit_type and function.kind is not model.FunctionKind.CONSTRUCTOR:
                    own = raw_names.attribute(function.short_name)
                    members[own] = staticmethod(lambda *_, answer=own: answer)
            setattr(raw, name, type(name, (), members))
