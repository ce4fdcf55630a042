"""The example `letters` as a user runs it: keys that outlive the program, and letters in their order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "letters"
ELASTIC_HAL = (sys.executable, "-m", "elastic_hal.cli")
Letters = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("letters")
    project = folder / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("build", "__pycache__"))
    output = folder / "letters.wasm"
    subprocess.run([*ELASTIC_HAL, "guest", "build", str(project), "--output", str(output)], check=True, timeout=600)
    return output


@pytest.fixture
def letters(component: Path, tmp_path: Path) -> Letters:
    def run(*arguments: str, text: str = "", state: str = "here", options: tuple[str, ...] = ()) -> object:
        command = [*ELASTIC_HAL, "run", str(component), "--policy", str(EXAMPLE / "policy.toml"), *options]
        environment = {**os.environ, "ELASTIC_HAL_STATE": str(tmp_path / state)}
        return subprocess.run(
            [*command, "--", *arguments],
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run  # type: ignore[return-value]


def test_only_this_program_on_this_platform_reads_them(letters: Letters, tmp_path: Path) -> None:
    made = dict(line.split() for line in letters("new").stdout.splitlines())
    written = letters("write", made["public"], text="first\nsecond\n", state="elsewhere")
    assert written.returncode == 0, written.stderr
    assert "first" not in written.stdout
    read = letters("read", made["sealed"], text=written.stdout)
    assert (read.returncode, read.stdout) == (0, "first\nsecond\n"), read.stderr

    encapsulated, first, second = written.stdout.splitlines(keepends=True)
    swapped = letters("read", made["sealed"], text=encapsulated + second + first)
    elsewhere = letters("read", made["sealed"], text=written.stdout, state="elsewhere")
    for refused in (swapped, elsewhere):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "verification-failed" in refused.stderr


def test_it_needs_a_grant(letters: Letters, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("version = 1\n[workload.letters]\n")
    refused = letters("new", options=("--policy", str(tmp_path / "policy.toml")))
    assert refused.returncode == 1
    assert "access-denied: sealing is not granted" in refused.stderr
