"""A wheel that is installed outside the checkout carries everything that the commands need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(target), str(ROOT)], check=True, capture_output=True, cwd=target)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command. `-S` keeps the editable install of the checkout out of sight."""
    command = [sys.executable, "-S", "-c", "from elastic_hal.cli.main import main; main()", *arguments]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(installed), sysconfig.get_path("purelib")]),
    }
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, check=False)


def test_the_wheel_has_all_data_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "elastic_hal/codegen/_data/wit/crypto.wit",
        "elastic_hal/codegen/_data/wit/deps/io/poll.wit",
        "elastic_hal/codegen/syntax/grammar.lark",
        "elastic_hal/guest_sdk/_data/template/pyproject.toml",
        "elastic_hal/conformance/_data/cases/crypto.yaml",
        "elastic_hal/conformance/_data/adapters/elastic-hal-reference.py",
        "elastic_hal/guest_sdk/bindings/py.typed",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]
    assert "elastic_hal/__init__.py" not in names  # it is a namespace: others may add to it


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--version"], "0.2.0"),
        (["wit", "print", "--world", "imports", "{wit}"], "import crypto;"),
        (["platform", "show", "--json"], '"platform": "simulated"'),
        (["conformance", "matrix", "--no-run"], "CRY-11"),
        (["guest", "new", "from-the-wheel"], "from-the-wheel"),
        (["generate", "host", "{wit}", "--world", "imports", "--external", "wasi:*", "--out", "host"], ""),
        (["generate", "suite", "{wit}", "--world", "imports", "--out", "suite"], ""),
    ],
)
def test_commands_find_their_data(installed: Path, tmp_path: Path, arguments: list[str], expected: str) -> None:
    contract = installed / "elastic_hal" / "codegen" / "_data" / "wit"
    done = run(installed, tmp_path, *(argument.format(wit=contract) for argument in arguments))
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_the_suite_of_the_wheel_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "conformance", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) > 100
