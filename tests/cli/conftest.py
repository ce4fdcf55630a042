"""Runs the command line on its own folders, in this process or in one of its own, and sees what it leaves behind."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.main import main
from elastic_hal.codegen.resources import contract_dir

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Result:
    """What one command did. `left` are the files that were not there before, outside of caches and state."""

    code: int
    out: str
    err: str
    left: frozenset[str] = field(default_factory=frozenset)

    def refuses(self, code: int, reason: str, hint: str | None = None, *, findings: bool = False) -> None:
        """Checks that it is a refusal as every command has to make it: nothing but a reason, and perhaps a hint."""
        assert self.code == code, self
        assert self.out == ""
        assert self.left == frozenset()
        lines = self.err.splitlines()
        assert not self.err.startswith("Traceback")  # one of a guest is indented, as what was said elsewhere is
        assert "\nTraceback" not in self.err
        hints = [line for line in lines if line.startswith("  hint: ")]
        said = [line for line in lines if line.startswith("elastic-hal: ")]
        assert len(said) == 1, self.err
        assert reason in (self.err if findings else said[0]), self.err
        assert findings or len(lines) == len(hints) + 1 <= 2, self.err
        if hint is not None:
            assert hint in "".join(hints), self.err


def without_announcements(err: str) -> str:
    """What was said, without what is said only on a machine that is busy: that something takes longer than a second."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.endswith("…\n"))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own, and a home beside it; temporary files go where the test sees them."""
    folders = {name: tmp_path / name for name in ("home", "cache", "state", "temporary", "work")}
    for folder in folders.values():
        folder.mkdir()
    for variable, name in (
        *(("HOME", "home"), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")),
        *(("ELASTIC_HAL_STATE", "state"), ("TMPDIR", "temporary")),
    ):
        monkeypatch.setenv(variable, str(folders[name]))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(folders["work"])
    return folders["work"]


def _files(place: Path) -> set[str]:
    return {str(path) for folder in (place, place.parent / "temporary") for path in folder.rglob("*")}


@pytest.fixture
def cli(place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in this process."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        before = _files(place)
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        err = without_announcements(err)
        code = left.value.code
        assert isinstance(code, int)
        return Result(code, out, err, frozenset(_files(place) - before))

    return run


@pytest.fixture
def program() -> list[str]:
    """The start of a command line that runs in a process of its own."""
    return [str(BIN / "elastic-hal")]


@pytest.fixture
def process(place: Path, program: list[str]) -> Callable[..., Result]:
    """Runs a command in a process of its own."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
        before = _files(place)
        command = [*program, *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=600, check=False)
        left = frozenset(_files(place) - before)
        return Result(
            done.returncode, done.stdout.decode(), without_announcements(done.stderr.decode(errors="replace")), left
        )

    return run


def _runtime_guests() -> Any:
    """The makers of guests that the runtime's tests use."""
    path = Path(__file__).parents[1] / "runtime" / "conftest.py"
    spec = importlib.util.spec_from_file_location("runtime_guests", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def guests() -> Any:
    """Makers of components: `command`, `calling`, `assemble`."""
    return _runtime_guests()


@pytest.fixture
def guest(place: Path, guests: Any) -> Callable[..., Path]:
    """Writes a component that exports wasi:cli/run with this body; 0 is success."""

    def make(body: str, name: str = "guest", **parts: str) -> Path:
        path = place / f"{name}.wasm"
        path.write_bytes(guests.command(body, **parts))
        return path

    return make


_HAL_GUEST = """(module
  {imports}
  (memory (export "memory") 80) {data}
  (global $next (mut i32) (i32.const 4194304))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.and (i32.add (global.get $next) (i32.add (local.get 3) (i32.const 15))) (i32.const -8))))
  (func (export "wasi:cli/run@0.2.9#run") (result i32) {body}))"""


@pytest.fixture
def hal_guest(place: Path) -> Callable[..., Path]:
    """Writes a component of the contract's world `command` around a core module; memory from 4 MiB on is the host's."""

    def make(body: str, imports: str = "", data: str = "", name: str = "guest") -> Path:
        text, core, path = (place.parent / f"{name}.{suffix}" for suffix in ("wat", "core", "wasm"))
        text.write_text(_HAL_GUEST.format(imports=imports, data=data, body=body))
        tool = [str(BIN / "wasm-tools"), "component"]
        world = ["--world", "elastic:hal/command@0.2.0"]
        for step in (
            [*tool, "embed", str(contract_dir()), *world, str(text), "-o", str(core)],
            [*tool, "new", str(core), "-o", str(path)],
        ):
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=600, env=os.environ)
            assert done.returncode == 0, done.stderr
        target = place / path.name
        path.replace(target)
        return target

    return make
