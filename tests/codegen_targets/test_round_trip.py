"""Values of every fixture's functions survive the way from a guest to its host and back.

One guest has the worlds of all fixtures in its own. It is built as a user would build it, and calls every function
several times; the host implements all of them with what the generated classes say.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets import generate_guest, generate_host, write_tree
from elastic_hal.codegen.targets.plan import ModulePlan, plan_tree
from elastic_hal.codegen.targets.type_names import name_types
from elastic_hal.guest_sdk.build import build
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload

HERE = Path(__file__).parent
SURVIVORS = HERE / "fixtures" / "survive"
BEYOND_COMPONENTIZE_PY = {"collections"}
"""componentize-py carries neither maps nor lists of a fixed length."""
PROJECT = (
    '[project]\nname = "everything"\n[tool.elastic-hal]\napp = "app"\nworld = "test:everything/guest"\nwit = "wit"\n'
)
APP = """
from bindings import Err, Ok, ResultError, Some
from comparing import Like as like
from comparing import same
from wit_world import exports
{imports}

MAKERS = {{
{makers}
}}


def new(cls):
    return MAKERS[cls]()


CALLS = [
{calls}
]


def outcome(call):
    try:
        return False, call()
    except Exception as error:
        return True, error


class Run(exports.Run):
    def run(self):
        wrong = 0
        for label, call, answer, raises in CALLS:
            raised, got = outcome(call)
            if raised is not raises or not same(got, answer()):
                wrong += 1
                print(f"{{label}}: {{got!r}} {{'raised' if raised else 'returned'}} for {{answer()!r}}")
        print(f"{{len(CALLS)}} calls, {{wrong}} wrong")
"""


def _module(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


comparing = _module("round_trip_comparing", HERE / "round_trip_guest" / "comparing.py")
round_trip = _module("round_trip_samples", HERE / "round_trip.py")


def write_project(folder: Path) -> Path:
    """A guest project whose world has all fixtures; gives the folder of its WIT."""
    wit = folder / "wit"
    worlds = []
    for fixture in sorted(SURVIVORS.iterdir()):
        if fixture.name not in BEYOND_COMPONENTIZE_PY:
            shutil.copytree(fixture, wit / "deps" / fixture.name, ignore=shutil.ignore_patterns("deps"))
            if (fixture / "deps").is_dir():
                shutil.copytree(fixture / "deps", wit / "deps", dirs_exist_ok=True)
            worlds.append(f"include test:{fixture.name}/{fixture.name}@1.0.0;")
    text = "package test:everything;\nworld all {\n%s\n}\nworld guest {\ninclude all;\n%s\n}\n"
    wasi = "include wasi:cli/imports@0.2.9;\nexport wasi:cli/run@0.2.9;"
    (wit / "everything.wit").write_text(text % ("\n".join(worlds), wasi))
    (folder / "pyproject.toml").write_text(PROJECT)
    return wit


def write_app(source: Path, samples: Any) -> None:
    modules = [module for module in samples.plan.modules if module.links]
    calls = [call for module in modules for call in samples.calls(module)]
    imports = [
        f"from bindings.{module.folder} import {module.module} as {samples.alias(module)}"
        for module in samples.plan.modules
    ]
    text = APP.format(
        imports="\n".join(imports),
        makers="\n".join(f"    {cls}: lambda: {made}," for cls, made in samples.makers()),
        calls="\n".join(
            f"    ({call.label!r}, lambda: {call.call}, lambda: {call.answer}, {call.raises})," for call in calls
        ),
    )
    (source / "app.py").write_text(text)
    shutil.copy(HERE / "round_trip_guest" / "comparing.py", source)


class Host:
    """Implements every function of a tree of host bindings: takes only the samples, and answers with samples."""

    def __init__(self, package: ModuleType, samples: Any) -> None:
        self.samples = samples
        self.wrong: list[str] = []
        self.scope: dict[str, Any] = {"Ok": abi.Ok, "Err": abi.Err, "Some": abi.Some, "ResultError": abi.ResultError}
        self.calls: dict[model.Function, list[Any]] = {}
        self.turns: dict[model.Function, int] = {}
        self.classes: dict[type[Any], type[Any]] = {}
        for module in samples.plan.modules:
            name = f"{package.__name__}.{module.folder}.{module.module}"
            self.scope[samples.alias(module)] = importlib.import_module(name)
            for call in samples.calls(module):
                self.calls.setdefault(call.function, []).append(call)
            self._implement_resources(module)
        fields = {
            f"{module.folder}_{module.module}".rstrip("_"): SimpleNamespace(
                **{name: self._handler(function) for name, function in samples.provided(module).items()}
            )
            for module in samples.plan.modules
            if module.links
        }
        self.providers = package.Providers(**fields)

    def _implement_resources(self, module: ModulePlan) -> None:
        for class_name, methods in self.samples.methods(module).items():
            base = getattr(self.scope[self.samples.alias(module)], class_name)
            members = {name: self._method(function) for name, function in methods.items()}
            self.classes[base] = type(class_name, (base,), members)

    def _method(self, function: model.Function) -> Callable[..., Any]:
        handler = self._handler(function)
        return lambda _self, *arguments: handler(*arguments)

    def _handler(self, function: model.Function) -> Callable[..., Any]:
        def handle(*arguments: Any) -> Any:
            call = self._matching(function, arguments)
            if call is None:
                self.wrong.append(f"{function.name} was called with {arguments!r}")
                raise AssertionError
            answer = self._evaluate(call.answer, lambda cls: self.classes[cls]())
            if call.raises:
                raise answer
            return answer

        return handle

    def _matching(self, function: model.Function, arguments: tuple[Any, ...]) -> Any:
        calls = self.calls[function]
        if not function.parameters:
            turn = self.turns[function] = self.turns.get(function, -1) + 1
            return calls[turn % len(calls)]
        for call in calls:
            if comparing.same(arguments, self._evaluate(call.arguments, comparing.Like)):
                return call
        return None

    def _evaluate(self, text: str, like: Callable[[type[Any]], Any]) -> Any:
        return eval(text, {**self.scope, "like": like})


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "round_trip_host"]:
        del sys.modules[name]


def test_values_survive_the_round_trip(importable: Path) -> None:
    project = importable / "project"
    source = project / "src"
    source.mkdir(parents=True)
    resolve = load_or_raise([contract_dir(), write_project(project)])
    world = select_world(resolve, "all")
    plan = plan_tree(resolve, world)
    samples = round_trip.Samples(plan, name_types(plan))
    write_app(source, samples)
    write_tree(generate_guest(resolve, world), source / "bindings")
    write_tree(generate_host(resolve, world), importable / "round_trip_host")
    host = Host(importlib.import_module("round_trip_host"), samples)

    engine = Engine(importable / "cache")
    component = engine.load(build(project))
    output = bytearray()
    outcome = Workload(
        engine,
        component,
        Identity("everything", component.digest),
        link=lambda linker, workload: sys.modules["round_trip_host"].add_to_linker(linker, host.providers),
        output=output.extend,
    ).run()
    assert (outcome.exit_code, host.wrong) == (0, []), (outcome, output.decode())
    number = sum(map(len, host.calls.values()))
    assert output.decode() == f"{number} calls, 0 wrong\n"
    assert number > 500
