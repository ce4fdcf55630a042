"""Runs the steps of a page as a reader would: one shell, in a copy of the checkout, with a home that is empty.

Each block begins in the root of the copy. What one block makes or exports, the next one finds. The cache of built
guests and compiled code is that of whoever runs this.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pages import Enter, NotRun, Prepare, Step, Write

REPOSITORY = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "node_modules"
)
SETTLING_SECONDS = 20.0
KEPT = ("LANG", "LC_ALL", "TERM", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE", "PIP_INDEX_URL", "PIP_CONFIG_FILE")


@dataclass(frozen=True)
class Session:
    """How the shell ended, and what it and the commands said; every command is announced with its line."""

    status: int
    said: str


def run(page: str, steps: Sequence[Step], folder: Path) -> Session:
    """Runs the steps in `folder`, which must be empty, and ends whatever they left running."""
    checkout, home, log = folder / "checkout", folder / "home", folder / "log"
    shutil.copytree(REPOSITORY, checkout, ignore=LEFT_OUT, symlinks=True)
    home.mkdir()
    script = folder / "script"
    script.write_text(_script(page, steps, checkout), encoding="utf-8")
    with log.open("wb") as sink:
        shell = subprocess.Popen(
            ["bash", script],
            cwd=checkout,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait()
        finally:
            _end_group(shell.pid)
            shell.wait()
    return Session(status, log.read_text(encoding="utf-8", errors="replace"))


def _script(page: str, steps: Sequence[Step], checkout: Path) -> str:
    root = f"cd {shlex.quote(str(checkout))}"
    lines = ["set -o pipefail", "trap : TERM"]
    for step in steps:
        if isinstance(step, NotRun):
            continue
        if isinstance(step, Enter):
            folder = shlex.quote(str(checkout / step.folder))
            root = f"cd {folder}"
            lines.append(f"mkdir -p {folder} && {root} || exit 1")
            continue
        what = "write" if isinstance(step, Write) else "prepare" if isinstance(step, Prepare) else "run"
        lines.append(f"printf '%s\\n' {shlex.quote(f'+++ {page}:{step.line}: {what}')}")
        if isinstance(step, Write):
            path = shlex.quote(step.path)
            lines.append(f'{root} && mkdir -p "$(dirname {path})" && printf %s {shlex.quote(step.text)} > {path}')
        elif isinstance(step, Prepare):
            lines += [root, "{ set -e", step.text, "}"]
        else:
            lines += [root] if step.begins_block else []
            lines += [f"printf '%s\\n' {shlex.quote('$ ' + step.text)}", step.text]
        # A list such as `cd x && y` ends no shell by itself, `set -e` or not.
        left = f'echo "{page}:{step.line} left with $_status"'
        lines.append(f"_status=$?; set +e; [ $_status = 0 ] || {{ {left}; exit 1; }}")
    return "\n".join(lines) + "\n"


def _environment(home: Path) -> dict[str, str]:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PATH": programs, "HOME": str(home), "XDG_CACHE_HOME": cache, "PYTHONUNBUFFERED": "1"}


def _end_group(leader: int) -> None:
    """Ends what runs on in the background: kindly first, since an emulated machine has a file system to take down."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGTERM)
        until = time.monotonic() + SETTLING_SECONDS
        while time.monotonic() < until:
            os.killpg(leader, 0)
            time.sleep(0.1)
        os.killpg(leader, signal.SIGKILL)
