"""What the tests of the targets share: fixture contracts, and trees generated from them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets import generate_guest, generate_host

HERE = Path(__file__).parent
FEATURES = frozenset({"post-quantum"})
"""What is not settled in the contract, and generated all the same."""
LoadWorld = Callable[[str], tuple[model.Resolve, model.World]]
Generate = Callable[[str, str], dict[str, str]]


@functools.cache
def _load(name: str) -> tuple[model.Resolve, model.World]:
    folder, _, world = name.partition(":")
    path = contract_dir() if folder == "contract" else HERE / "fixtures" / folder
    resolve = load_or_raise([path], FEATURES)
    return resolve, select_world(resolve, world or next(iter(resolve.main.worlds)))


@functools.cache
def _generate(target: str, name: str) -> dict[str, str]:
    resolve, world = _load(name)
    if target == "guest":
        return generate_guest(resolve, world)
    external = ("wasi:*",) if name.startswith("contract") else ()
    return generate_host(resolve, world, external)


@pytest.fixture
def load_world() -> LoadWorld:
    """Loads a fixture by its folder's name, or a world of the contract as `contract:WORLD`."""
    return _load


@pytest.fixture
def generate() -> Generate:
    """Generates `host` or `guest` bindings for a world, once."""
    return _generate


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[str], tuple[model.Resolve, model.World]]:
    """Reads WIT text whose world is called `w`."""

    def read(text: str) -> tuple[model.Resolve, model.World]:
        path = tmp_path / "text.wit"
        path.write_text(text)
        resolve = load_or_raise([path])
        return resolve, select_world(resolve, "w")

    return read
