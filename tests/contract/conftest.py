"""The contract as wasm-tools resolves it: a second opinion beside our own front end."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

CONTRACT = Path(__file__).parents[2] / "wit"


def resolve(*options: str) -> dict[str, Any]:
    # The wrapper of the Python package is a script beside the interpreter, whether or not the environment is activated.
    program = Path(sys.executable).with_name("wasm-tools")
    command = [str(program), "component", "wit", str(CONTRACT), "--json", *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert finished.returncode == 0, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    return document


@pytest.fixture(scope="session")
def stable_document() -> dict[str, Any]:
    """The contract without any unstable feature: what a guest gets that asks for nothing."""
    return resolve()


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The contract with all features, with indices into the lists `packages`, `worlds`, `interfaces` and `types`."""
    return resolve("--all-features")


@pytest.fixture(scope="session")
def catalogue() -> dict[str, Any]:
    return tomllib.loads((CONTRACT / "catalogue.toml").read_text(encoding="utf-8"))
