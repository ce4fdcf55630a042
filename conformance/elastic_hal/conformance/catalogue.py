"""Which catalogue ids a function carries: those of the `HAL: …` line in its doc comment."""

from __future__ import annotations

import re

from elastic_hal.codegen import model

_HAL_LINE = re.compile(r"^\s*HAL:\s*(.+?)\s*$", re.MULTILINE)
_CATALOGUE_ID = re.compile(r"^[A-Z]{3}-[0-9]{1,3}$")


def catalogue_ids(function: model.Function) -> tuple[str, ...]:
    """The function's ids in the order of its doc comment; empty where it has no such line."""
    found: list[str] = []
    for line in _HAL_LINE.findall(function.docs or ""):
        found.extend(word for word in re.split(r"[,\s]+", line.rstrip(".")) if is_catalogue_id(word))
    return tuple(dict.fromkeys(found))


def is_catalogue_id(word: str) -> bool:
    """Whether a word has the form of a catalogue id, such as `CRY-11`."""
    return _CATALOGUE_ID.match(word) is not None


def sort_key(identifier: str) -> tuple[str, int]:
    """Orders ids by family and number."""
    family, _, number = identifier.partition("-")
    return family, int(number) if number.isdecimal() else 0
