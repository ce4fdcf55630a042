"""Modules as componentize-py writes them work after the repair, whatever the contract calls things."""

from __future__ import annotations

import importlib
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from elastic_hal.guest_sdk.raw_modules import import_app

HEADER = """
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self, Callable
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from componentize_py_types import Result, Ok, Err, Some
import componentize_py_runtime
"""
SHADOWED = """
@dataclass
class Optional:
    optional: Optional[int]
    str: str

class Flag(Enum):
    A = 0

class Flags(Flag):
    A = auto()
    B = auto()

class Enum(Flag):
    A = auto()

Err = Union[Optional, Flags]

def isinstance(isinstance: int) -> Err:
    result = componentize_py_runtime.call_import(1, [isinstance])
    if isinstance(result, Err):
        raise result
    else:
        return result.value

class Thing:
    def __init__(self, self: Optional[int]) -> None:
        tmp = componentize_py_runtime.call_import(2, [self])
        (_, func, args, _) = tmp.finalizer.detach()
        self.handle = tmp.handle
        self.finalizer = weakref.finalize(self, func, args[0], args[1])
    @classmethod
    def classmethod(cls, cls: int) -> int:
        result = componentize_py_runtime.call_import(3, [cls])
        return result
    @classmethod
    def again(cls) -> int:
        result = componentize_py_runtime.call_import(4, [])
        return result
    def weakref(self, a: int, self: int) -> int:
        result = componentize_py_runtime.call_import(5, [self, a, self])
        return result
"""


class RaisedError(Exception):
    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


class Owner:
    """What the tool hands out for a resource: a handle, and what drops it."""

    handle = 5
    finalizer: Any


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, ModuleType]]:
    """The module as an app sees it, and the host that it calls."""
    types: Any = ModuleType("componentize_py_types")
    types.Ok = type("Ok", (), {"__init__": lambda self, value: setattr(self, "value", value)})
    types.Err, types.Some, types.Result = RaisedError, object, object
    runtime = ModuleType("componentize_py_runtime")
    monkeypatch.setitem(sys.modules, "componentize_py_types", types)
    monkeypatch.setitem(sys.modules, "componentize_py_runtime", runtime)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    package = tmp_path / "wit_world"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text(HEADER + SHADOWED)
    (tmp_path / "app_of_the_test.py").write_text("from wit_world import names\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield import_app("app_of_the_test").names, runtime
    for name in ("app_of_the_test", "wit_world", "wit_world.names"):
        sys.modules.pop(name, None)


def test_classes_are_what_the_tool_meant(raw: tuple[Any, Any]) -> None:
    names, _ = raw
    assert names.Optional(1, "x") == names.Optional(1, "x")
    assert [member.value for member in names.Flags] == [1, 2]
    assert names.Flag.A.value == 0


def test_calls_reach_the_host(raw: tuple[Any, Any]) -> None:
    names, runtime = raw
    runtime.call_import = lambda number, arguments: SimpleNamespace(value=(number, arguments))
    assert names.isinstance(7) == (1, [7])
    error = RaisedError("no")
    runtime.call_import = lambda number, arguments: error
    with pytest.raises(RaisedError):
        names.isinstance(7)


def test_resources_and_parameters_of_the_same_name(raw: tuple[Any, Any]) -> None:
    names, runtime = raw
    dropped: list[object] = []
    owner = Owner()
    owner.finalizer = weakref.finalize(owner, lambda *arguments: dropped.append(arguments), 1, 2)
    taken: list[object] = []

    def construct(number: int, arguments: list[object]) -> object:
        taken.extend(arguments)
        return sys.modules["componentize_py_types"].Ok(owner)  # type: ignore[attr-defined]

    runtime.call_import = construct
    thing = names.Thing(3)
    assert (thing.handle, taken) == (5, [3])
    runtime.call_import = lambda number, arguments: (number, arguments)
    assert names.Thing.classmethod(4) == (3, [4])
    assert names.Thing.again() == (4, [])
    assert thing.weakref(1, 2) == (5, [thing, 1, 2])
    del thing
    assert dropped == [(1, 2)]


def test_a_constructor_that_fails(raw: tuple[Any, Any]) -> None:
    names, runtime = raw
    runtime.call_import = lambda number, arguments: RaisedError("no")
    with pytest.raises(RaisedError, match="no"):
        names.Thing(1)
