"""What the tests of comparisons share: packages from texts, and the changes between them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.codegen.diffing import Report, compare_packages
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.model import Package

LoadText = Callable[..., Package]
Compare = Callable[..., Report]


def _load(text: str, name: str = "x.wit") -> Package:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, "utf-8")
        return load_or_raise([path], all_features=True).main


def _compare(old: str, new: str, versions: tuple[str, str] = ("1.0.0", "2.0.0")) -> Report:
    """The report on two bodies, each of a package `a:b` with its version."""
    return compare_packages(
        _load(f"package a:b@{versions[0]};\n{old}", "old.wit"), _load(f"package a:b@{versions[1]};\n{new}", "new.wit")
    )


@pytest.fixture
def load_text() -> LoadText:
    """Loads the main package of a text, with every unstable feature."""
    return _load


@pytest.fixture
def compare() -> Compare:
    """Compares two bodies of a package."""
    return _compare
