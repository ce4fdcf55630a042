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
    said = {"sorry": "tool: sorry\n", 3: "tool: exit code 3, which is 1 to the host\n"}
    assert capsys.readouterr().err == said.get(value, "")


class Textless(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Own(OSError):
    """An OSError of the author's own, which has neither a number nor a file."""


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (TimeoutError(), "TimeoutError"),
        (Own("mine"), f"{__name__}.Own: mine"),
        (FileNotFoundError(2, "No such file", "/nowhere"), "FileNotFoundError: [Errno 2] No such file: '/nowhere'"),
        (ZeroDivisionError("zero"), "ZeroDivisionError: zero"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("over"), "GeneratorExit: over"),
        (Textless(), f"{__name__}.Textless: <exception str() failed>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_exception_is_named_with_its_place(program, capsys, error, last):
    def main(_arguments):
        raise error

    assert run(program, main) == 1
    told = capsys.readouterr().err
    lines = [line for line in told.splitlines() if not line.startswith("  hint: ")]
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith(f'  File "{__file__}", line ')
    assert lines[2] == "    raise error"
    assert lines[-1] == last


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "tool: exit code 3, which is 1 to the host\n"),
        (-1, "tool: exit code -1, which is 1 to the host\n"),
        (2, ""),
        (1, ""),
        (2.5, "tool: 2.5 (float)\n"),
        ("", "tool:  (str)\n"),
        (Textless(), "tool: failed with a Textless that has no text (RuntimeError)\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_odd_exit_codes_are_said(program, capsys, code, said):
    assert run(program, lambda _arguments: sys.exit(code)) == 1
    assert capsys.readouterr().err == said


def test_a_text_without_end_is_cut(program, capsys):
    assert run(program, lambda _arguments: sys.exit("x" * 1_000_000)) == 1
    assert len(capsys.readouterr().err) < 5_000


def test_standard_error_that_nobody_takes_does_not_matter(program, monkeypatch):
    class Closed:
        def write(self, _text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    assert run(program, lambda _arguments: 1 // 0) == 1
    assert run(program, lambda _arguments: sys.exit("sorry")) == 1
