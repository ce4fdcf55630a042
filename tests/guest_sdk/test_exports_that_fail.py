"""Exports other than `run`: their failures name exception, message, file and line to the host that called; resources of
an exported interface are classes of the app. Built without the lines of source, which are then nowhere.
"""

import shutil
from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.guest_sdk.tool_errors import BuildFailedError
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.hosted import Hosted

INTERFACE = "my:app/counters"
FAILS: abi.Export[int] = abi.Export(INTERFACE, "fails", (abi.string,), abi.u32)
COUNTED: abi.Export[int] = abi.Export(INTERFACE, "counted", (abi.u32,), abi.u32)
PROJECT = """[project]
name = "counting"
[tool.elastic-hal]
app = "app"
world = "my:app/w"
wit = "wit"
source-lines = false
"""
WIT = """package my:app;
interface counters {
  resource counter { constructor(start: u32); add: func(n: u32) -> u32; }
  make: func() -> counter;
  counted: func(n: u32) -> u32;
  fails: func(kind: string) -> u32;
}
world w { export counters; }
"""
APP = """import asyncio


class Counter:
    def __init__(self, start):
        self.value = start

    def add(self, n):
        self.value += n
        return self.value


class Counters:
    def make(self):
        return Counter(1)

    def counted(self, n):
        return self.make().add(n)

    def fails(self, kind):
        errors = {
            "text": ValueError("bad thing"),
            "none": TimeoutError(),
            "keyboard": KeyboardInterrupt(),
            "group": ExceptionGroup("two", [ValueError("a"), OSError("b")]),
        }
        if kind == "loop":
            asyncio.run(asyncio.sleep(0))
        raise errors[kind]
"""
LINE = APP.splitlines().index("        raise errors[kind]") + 1


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counting") / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "wit").mkdir()
    (folder / "src" / "app.py").write_text(APP)
    (folder / "wit" / "w.wit").write_text(WIT)
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.fixture(scope="module")
def hosted(project):
    engine = Engine(project / "cache")
    component = engine.load(build(project))
    return lambda: Hosted(engine, component, error=lambda data: None)


def call(hosted, export, value):
    with hosted() as guest:
        return abi.guest_instance(guest.store, guest.instance).call(export, value)


def test_resources_are_classes_of_the_app(hosted):
    assert call(hosted, COUNTED, 41) == 42


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("text", "ValueError: bad thing"),
        ("none", "TimeoutError"),
        ("keyboard", "KeyboardInterrupt"),
        ("group", "ExceptionGroup: two (2 sub-exceptions)"),
        ("unknown", "KeyError: 'unknown'"),
    ],
)
def test_an_export_that_fails_says_where(hosted, kind, raised):
    with pytest.raises(abi.GuestTrap) as caught:
        call(hosted, FAILS, kind)
    assert f"{INTERFACE}.fails trapped: {raised} (src/app.py:{LINE}, in fails)" in str(caught.value)
    assert "raise errors[kind]" not in caught.value.guest_message


def test_a_world_without_anything_to_wait_with_says_so(hosted):
    with pytest.raises(abi.GuestTrap, match="asyncio has no event loop in this guest: add `import elastic:hal/poll"):
        call(hosted, FAILS, "loop")


def test_a_missing_class_is_named(project, tmp_path):
    other = shutil.copytree(project, tmp_path / "other", ignore=shutil.ignore_patterns("build", "cache"))
    (other / "src" / "app.py").write_text(APP.replace("class Counter:", "class Other:"))
    with pytest.raises(
        BuildFailedError, match="the exported interface counters has resources: write class Counter"
    ) as caught:
        build(other)
    assert "What a world exports" in caught.value.hint
    assert "**What a world exports**" in (Path(__file__).parents[2] / "docs" / "guest-guide.md").read_text()
