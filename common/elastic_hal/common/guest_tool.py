"""How componentize-py is started: as a process of its own, in an environment that leads to no packages of this machine.

The tool puts the site-packages of the environment that it finds itself in on the guest's path: those of `VIRTUAL_ENV`,
else of pipenv, else of the machine's Python. A guest would depend on the machine that it was built on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

GUEST_PYTHON = "python3.14"
"""The Python inside the guests of this version of the tool."""

START_TOOL = "import sys; from componentize_py import script; sys.exit(script())"


def tool_command() -> list[str]:
    """What starts the tool; `-P` keeps the folder that it works in from being imported by it."""
    return [sys.executable, "-P", "-c", START_TOOL]


def tool_environment(scratch: Path) -> dict[str, str]:
    """This environment, with nothing in it that leads to packages of this machine or leaves files behind.

    `scratch` is an existing folder that goes when the tool has ended, also where it is killed: an empty virtual
    environment and a folder for temporary files are made in it.
    """
    virtual, temporary = scratch / "environment", scratch / "temporary"
    (virtual / "lib" / GUEST_PYTHON / "site-packages").mkdir(parents=True)
    temporary.mkdir()
    quiet = {"RUST_BACKTRACE": "0", "VIRTUAL_ENV": str(virtual), "TMPDIR": str(temporary), "PYTHONIOENCODING": "utf-8"}
    return {**os.environ, **quiet}
