"""A call of the bindings that failed holds nothing once its exception is dealt with; no collector is needed."""

from __future__ import annotations

import gc
import importlib.util
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import elastic_hal.guest_sdk

BINDINGS = Path(elastic_hal.guest_sdk.__file__).parent / "bindings"


@dataclass(frozen=True)
class Err(Exception):
    """As componentize-py has it."""

    value: object


class Content:
    """What is passed: unlike bytes, something that weak references can refer to."""


@pytest.fixture
def support(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    raw: Any = ModuleType("componentize_py_types")
    raw.Err = Err
    monkeypatch.setitem(sys.modules, "componentize_py_types", raw)
    package = ModuleType("bindings_of_failed_calls")
    package.__path__ = [str(BINDINGS)]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    yield importlib.import_module(f"{package.__name__}._support")
    for name in [name for name in sys.modules if name.startswith(package.__name__)]:
        del sys.modules[name]


def test_arguments_are_free_after_a_failure(support: Any) -> None:
    def raw(content: Content) -> None:
        """Ends as componentize-py's functions do, which keep the error that they raise."""
        result = Err("refused")
        if isinstance(result, Err):
            raise result

    same = support.Codec(lambda value: value, lambda value: value)
    call = support.fallible(raw, [same], same, support.ResultError)
    gc.disable()
    try:
        content = Content()
        watched = weakref.ref(content)
        try:
            call(content)
        except support.ResultError as error:
            said = error.value
        del content
        assert said == "refused"
        assert watched() is None
    finally:
        gc.enable()
