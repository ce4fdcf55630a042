"""`guest build` over folders that hold what is no file: it says so and does not wait or copy for ever."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def project(cli: Run, place: Path) -> Path:
    assert cli("guest", "new", "noter").code == 0
    return place / "noter"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _circle(path: Path) -> None:
    path.with_suffix("").symlink_to(".")


def _endless(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_pipe, "odd.py: is a pipe, not a regular file"),
        (_device, "odd.py: is a device, not a regular file"),
        (_circle, "Too many levels of symbolic links"),
        (_endless, "odd.py: has more than 512MiB"),
    ],
    ids=["pipe", "device", "circle", "endless"],
)
def test_sources_that_are_no_files(cli: Run, project: Path, make: Callable[[Path], None], reason: str) -> None:
    make(project / "src" / "odd.py")
    result = cli("guest", "build", project)
    result.refuses(2, reason)
    assert len(result.err) < 1500


@pytest.mark.parametrize("make", [_pipe, _device], ids=["pipe", "device"])
def test_a_contract_that_is_no_file(cli: Run, project: Path, make: Callable[[Path], None]) -> None:
    (project / "wit").mkdir()
    make(project / "wit" / "odd.wit")
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.elastic-hal]", '[tool.elastic-hal]\nwit = "wit"'))
    result = cli("guest", "build", project)
    assert (result.code, result.out) == (2, "")
    assert "odd.wit" in result.err
    assert "Traceback" not in result.err
