"""The program decorator outside a guest: what each end of `main` becomes."""

import dataclasses
import importlib
import sys
import types

import pytest


@dataclasses.dataclass(frozen=True)
class Err(Exception):
    value: object


@pytest.fixture
def program(monkeypatch):
    raw = types.ModuleType("componentize_py_types")
    raw.Err = Err
    monkeypatch.setitem(sys.modules, "componentize_py_types", raw)
    monkeypatch.delitem(sys.modules, "elastic_hal.guest_sdk.program", raising=False)
    monkeypatch.setattr(sys, "argv", ["folder/tool.wasm", "one", "two"])
    yield importlib.import_module("elastic_hal.guest_sdk.program")
    sys.modules.pop("elastic_hal.guest_sdk.program", None)


def run(program, main):
    try:
        program.command(main)().run()
    except Err as error:
        return 1 if error == Err(None) else error
    return 0


def test_it_works_in_a_world_without_the_hal(program):
    assert program._HAL_ERRORS == ()


def test_arguments_come_without_the_name(program):
    seen = []
    assert run(program, seen.append) == 0
    assert seen == [["one", "two"]]


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (False, 0), (1, 1), (2, 1), (-1, 1), (True, 1)])
def test_what_main_returns(program, value, code):
    assert run(program, lambda _arguments: value) == code


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (3, 1), ("sorry", 1)])
def test_sys_exit(program, capsys, value, code):
    assert run(program, lambda _arguments: sys.exit(value)) == code
    assert capsys.readouterr().err == ("tool: sorry\n" if value == "sorry" else "")


def test_files(program, capsys):
    assert run(program, lambda _arguments: open("/nowhere/file").close()) == 1
    assert capsys.readouterr().err == "tool: /nowhere/file: No such file or directory\n"


def test_mistakes(program, capsys):
    assert run(program, lambda _arguments: 1 // 0) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_interrupts_are_not_kept(program):
    def main(_arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(program, main)
