"""Makes a function a guest program: the export `wasi:cli/run`, with errors that people can read and an exit code.

def main(arguments: list[str]) -> int | None: ...

Run = program.command(main)
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from . import preload as _preload  # noqa: F401
from . import whole_output as _whole_output  # noqa: F401

# Only there while a guest is built, so no type checker can know it.
_Err: Any = importlib.import_module("componentize_py_types").Err

_HAL_ERRORS: tuple[type[Exception], ...] = ()
try:
    from .errors import HalError

    _HAL_ERRORS = (HalError,)
except ImportError:
    pass  # A guest whose world has no HAL interface can be a program too.

Main = Callable[[list[str]], int | None]


class RunExport(Protocol):
    """What the world demands of `Run`."""

    def run(self) -> None:
        """Runs the program; raises Err where it failed."""
        ...


def command(main: Main) -> type[RunExport]:
    """Gives the class to be called `Run` in the app's module.

    `main` gets the arguments without the program's name. It has succeeded where it returns None or 0; any other number,
    `sys.exit` with something, or an exception is failure, which is exit code 1: WASI 0.2 knows no other. Errors of the
    HAL and of files are reported in one line on stderr, other exceptions with their traceback.
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
    except _HAL_ERRORS as error:
        code = str(error)
    except OSError as error:
        code = _file_error(error)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        code = 1
    if code is None or isinstance(code, int):
        return code in (None, 0)
    print(f"{_program_name()}: {code}", file=sys.stderr)
    return False


def _file_error(error: OSError) -> str:
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{place}{error.strerror or error}"


def _program_name() -> str:
    name = sys.argv[0] if sys.argv else ""
    return name.rpartition("/")[2].removesuffix(".wasm") or "program"
