"""The example guest on the command line: notes that outlive runs, and are ciphertext outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build

EXAMPLE = Path(__file__).parents[2] / "examples" / "notebook"
COMMAND = Path(sys.executable).parent / "elastic-hal"
Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(EXAMPLE, tmp_path_factory.mktemp("notebook") / "notebook.wasm")


@pytest.fixture
def run(component: Path, tmp_path: Path) -> Run:
    policy = tmp_path / "policy.toml"
    shutil.copy(EXAMPLE / "policy.toml", policy)

    def start(*arguments: str, stdin: bytes = b"", program: Path = component) -> subprocess.CompletedProcess[bytes]:
        options = ["--policy", str(policy), "--state", str(tmp_path / "state"), "--name", "notebook"]
        command = [str(COMMAND), "run", str(program), *options, "--", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=600)

    return start


def test_notes_outlive_the_run_and_are_ciphertext_outside(run: Run, tmp_path: Path) -> None:
    assert run("add", "plans/greeting", "meet me at midnight").returncode == 0
    large = os.urandom(2_500_000).hex().encode()
    assert run("add", "plans/large", stdin=large).returncode == 0
    assert run("show", "plans/greeting").stdout == b"meet me at midnight"
    assert run("show", "plans/large").stdout == large
    listing = run("list", "plans/").stdout.decode().split()
    assert listing == ["19", "plans/greeting", str(len(large)), "plans/large"]
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"midnight" not in content
            assert b"greeting" not in content
            assert large[:32] not in content
    assert run("remove", "plans/greeting", "plans/nothing").returncode == 0
    missing = run("show", "plans/greeting")
    assert missing.returncode == 1
    assert b"not-found" in missing.stderr


def test_changed_storage_is_noticed(run: Run, tmp_path: Path) -> None:
    assert run("add", "note", "text").returncode == 0
    storage = tmp_path / "state" / "storage"
    shutil.copytree(storage, tmp_path / "earlier")
    assert run("add", "note", "newer text").returncode == 0
    shutil.rmtree(storage)
    shutil.copytree(tmp_path / "earlier", storage)
    shown = run("show", "note")
    assert (shown.returncode, shown.stdout) == (1, b"")
    assert b"verification-failed" in shown.stderr


def test_another_program_of_the_same_name_cannot_read_them(run: Run, tmp_path: Path, component: Path) -> None:
    """The key is sealed to the component; a custom section more makes it another one."""
    assert run("add", "note", "text").returncode == 0
    changed = tmp_path / "changed.wasm"
    changed.write_bytes(component.read_bytes() + b"\0\x05\x04more")
    shown = run("show", "note", program=changed)
    assert (shown.returncode, shown.stdout) == (1, b"")
    assert b"verification-failed" in shown.stderr


def test_a_container_that_is_not_granted(run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("version = 1\n[workload.notebook]\nsealing = true\n")
    shown = run("list")
    assert shown.returncode == 1
    assert b"access-denied" in shown.stderr
    assert not (tmp_path / "state" / "storage").exists()
