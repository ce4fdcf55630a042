"""`elastic-hal cache`, and that running a component adds to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

COMMAND = """(component
    (core module $m (func (export "run") (result i32) i32.const 0) (func (export "{name}")))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $instance (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $instance)))"""


@pytest.fixture
def command(tmp_path: Path) -> list[Path]:
    files = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.wasm"
        path.write_bytes(wasmtime.wat2wasm(COMMAND.format(name=name)))
        files.append(path)
    return files


def call(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "elastic_hal.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "ELASTIC_HAL_STATE": str(tmp_path / "state"),
            **environment,
        },
    )


def test_running_fills_the_cache_and_clean_empties_it(tmp_path: Path, command: list[Path]) -> None:
    for path in command:
        ran = call(tmp_path, "run", str(path))
        assert ran.returncode == 0, ran.stderr
    shown = json.loads(call(tmp_path, "cache", "show", "--json").stdout)
    assert [entry["kind"] for entry in shown["entries"]] == ["compiled component"] * 2
    assert shown["bytes"] == sum(entry["bytes"] for entry in shown["entries"]) > 0
    assert shown["directory"] == str(tmp_path / "cache" / "elastic-hal")
    assert "compiled components      2" in call(tmp_path, "cache", "show").stdout
    assert call(tmp_path, "cache", "clean").stdout.startswith("removed 2 entries, ")
    assert json.loads(call(tmp_path, "cache", "show", "--json").stdout)["entries"] == []
    assert call(tmp_path, "run", str(command[0])).returncode == 0


def test_the_cache_never_outgrows_its_bound(tmp_path: Path, command: list[Path]) -> None:
    assert call(tmp_path, "run", str(command[0])).returncode == 0
    size = json.loads(call(tmp_path, "cache", "show", "--json").stdout)["bytes"]
    assert call(tmp_path, "run", str(command[1]), ELASTIC_HAL_CACHE_SIZE=f"{size + 100}B").returncode == 0
    assert len(json.loads(call(tmp_path, "cache", "show", "--json").stdout)["entries"]) == 1


@pytest.mark.parametrize("size", ["much", "-1", "99999999999GiB"])
def test_a_wrong_size_is_a_usage_error(tmp_path: Path, size: str) -> None:
    refused = call(tmp_path, "cache", "clean", "--keep", size)
    assert (refused.returncode, refused.stdout) == (2, "")
    refused = call(tmp_path, "cache", "show", ELASTIC_HAL_CACHE_SIZE=size)
    assert refused.returncode == 2
    assert "ELASTIC_HAL_CACHE_SIZE" in refused.stderr
