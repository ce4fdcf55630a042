"""Puts a family into a copy of the repository, and counts what it costs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cost:
    """New files with their lines, and shared files with the lines that they get."""

    files: dict[str, int]
    edits: dict[str, int]


def read(family: Path) -> dict[str, Any]:
    return tomllib.loads((family / "family.toml").read_text("utf-8"))


def cost(family: Path) -> Cost:
    """What the family adds; generated files are not counted, because nobody writes them."""
    described = read(family)
    files = {place: _lines((family / name).read_text("utf-8")) for name, place in described["files"].items()}
    edits: dict[str, int] = {}
    for edit in described["edit"]:
        edits[edit["file"]] = edits.get(edit["file"], 0) + _lines(edit["insert"])
    return Cost(files, edits)


def apply(family: Path, repository: Path) -> None:
    """Raises ValueError where a place for lines is not there."""
    described = read(family)
    for name, place in described["files"].items():
        (repository / place).write_text((family / name).read_text("utf-8"), "utf-8")
    for edit in described["edit"]:
        path = repository / edit["file"]
        lines = path.read_text("utf-8").splitlines(keepends=True)
        at = _place(lines, edit)
        path.write_text("".join([*lines[:at], edit["insert"], *lines[at:]]), "utf-8")


def _place(lines: list[str], edit: dict[str, Any]) -> int:
    if edit["after"] == "$":
        return len(lines)
    for number, line in enumerate(lines):
        if line.startswith(edit["after"]):
            return number if edit.get("before") else number + 1
    raise ValueError(f"{edit['file']}: no line begins with {edit['after']!r}")


def _lines(text: str) -> int:
    """Lines that say something."""
    return sum(1 for line in text.splitlines() if line.strip())
