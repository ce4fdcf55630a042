"""Makes a function a guest program: the export `wasi:cli/run`, with errors that people can read and an exit code.

def main(arguments: list[str]) -> int | None: ...

Run = program.command(main)
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable
from typing import Any, Protocol

from . import failures as _failures
from . import preload as _preload  # noqa: F401
from . import whole_output as _whole_output  # noqa: F401

# Only there while a guest is built, so no type checker can know it.
_Err: Any = importlib.import_module("componentize_py_types").Err

_MAX_TEXT_CHARACTERS = 4000
_QUIET_CODES = (0, 1, 2)
"""2 is what argparse leaves with, after it has said why."""

Main = Callable[[list[str]], int | None]


class RunExport(Protocol):
    """What the world demands of `Run`."""

    def run(self) -> None:
        """Runs the program; raises Err where it failed."""
        ...


def command(main: Main) -> type[RunExport]:
    """Gives the class to be called `Run` in the app's module.

    `main` gets the arguments without the program's name. It has succeeded where it returns None or 0; any other number,
    `sys.exit` with something, or an exception is failure, which is exit code 1: WASI 0.2 knows no other. Exceptions are
    reported on stderr with their places; a text that `sys.exit` gets, or that `main` returns, in a line.
    """

    class Run:
        def run(self) -> None:
            if not _succeeds(main):
                raise _Err(None)

    return Run


def _succeeds(main: Main) -> bool:
    try:
        code: Any = main(sys.argv[1:])
        sys.stdout.flush()
    except SystemExit as request:
        code = request.code
    except BaseException as error:  # above it there is only the runtime, which would abort
        _failures.report(error, skipped=1)
        return False
    if code is None or isinstance(code, int):
        if code not in (None, *_QUIET_CODES):
            _say(f"exit code {code:d}, which is 1 to the host")
        return code in (None, 0)
    _say(_text(code))
    return False


def _say(text: str) -> None:
    # Where nobody takes standard error, there is nobody to tell.
    with contextlib.suppress(OSError, ValueError):
        print(f"{_program_name()}: {text}", file=sys.stderr)


def _text(code: object) -> str:
    try:
        text = str(code)
    except Exception as error:
        return f"failed with a {type(code).__name__} that has no text ({type(error).__name__})"
    kind = "" if isinstance(code, str) and text else f" ({type(code).__name__})"
    left_out = len(text) - _MAX_TEXT_CHARACTERS
    return text + kind if left_out <= 0 else f"{text[:_MAX_TEXT_CHARACTERS]}… ({left_out} more characters)"


def _program_name() -> str:
    name = sys.argv[0] if sys.argv else ""
    return name.rpartition("/")[2].removesuffix(".wasm") or "program"
