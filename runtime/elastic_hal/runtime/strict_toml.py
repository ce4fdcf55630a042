"""Reading TOML files strictly: an unknown key, a wrong type or a wrong value is refused with its file and place.
A misspelt key would silently deny or grant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from elastic_hal.common.files import FileError
from elastic_hal.common.text import shown
from elastic_hal.common.toml_text import TomlError, read_toml
from elastic_hal.runtime.errors import RuntimeFailure

T = TypeVar("T")


class StrictReader:
    """Reads one file; every complaint names the file and the place in it. Complaints are of the class `error`."""

    def __init__(self, path: Path, error: type[RuntimeFailure]) -> None:
        self._path = path
        self._error = error

    def document(self, what: str) -> dict[str, Any]:
        """The file as TOML; `what` is what messages call it.

        Raises:
            RuntimeFailure: it cannot be read, or is no TOML.
        """
        try:
            return read_toml(self._path)
        except FileError as error:
            raise self._error(f"{shown(self._path)}: the {what} {error.reason}", error.hint) from error
        except TomlError as error:
            raise self._error(f"{shown(self._path)}: not TOML: {error}") from error

    def version(self, document: Mapping[str, Any], expected: int) -> None:
        """Refuses a file of another version."""
        version = document.get("version")
        if version != expected or isinstance(version, bool):
            raise self.wrong("version", f"must be {expected}", f"start the file with version = {expected}")

    def known(self, table: Mapping[str, Any], place: str, keys: Collection[str]) -> None:
        """Refuses keys that are none of `keys`."""
        for key in table:
            if key not in keys:
                hint = suggestion(key, keys) or f"known keys here: {', '.join(keys)}"
                raise self.wrong(f"{place}.{key}" if place else key, "unknown key", hint)

    def text(self, value: object, place: str) -> str:
        """A string that is neither empty nor holds a NUL."""
        text = self.typed(value, str, place, "a string")
        if not text or "\0" in text:
            raise self.wrong(place, "must be a string that is neither empty nor holds a NUL")
        return text

    def amount(self, value: object, place: str, example: str) -> str:
        """A number with its unit. Of a bare number nobody can tell what it counts."""
        if not isinstance(value, str):
            raise self.wrong(place, "must be a number with its unit, as a string", f'write it like "{example}"')
        return self.text(value, place)

    def beside(self, value: object, place: str) -> Path:
        """A path, relative to the file that is read unless it is absolute."""
        return self._path.resolve().parent / self.text(value, place)

    def digest(self, value: object, place: str) -> str | None:
        """A digest, or None where there is none."""
        if value is not None and not (isinstance(value, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", value)):
            raise self.wrong(place, "must be sha256: and 64 lower-case hexadecimal digits")
        return value

    def typed(self, value: object, wanted: type[T], place: str, what: str) -> T:
        """A value of a Python type; `what` is what people call that."""
        if not isinstance(value, wanted):
            raise self.wrong(place, f"must be {what}", _example(value, wanted))
        return value

    def whole_number(self, value: object, place: str, bounds: range, example: int) -> int:
        """A whole number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int) or value not in bounds:
            problem = f"must be a whole number from {bounds.start} to {bounds.stop - 1}"
            raise self.wrong(place, problem, f"write it like {example}, without quotes")
        return value

    def tables(self, value: object, place: str) -> list[tuple[str, dict[str, Any]]]:
        """The tables of an array, each with its place."""
        entries = self.typed(value, list, place, "an array of tables")
        places = [f"{place}[{index}]" for index in range(len(entries))]
        return [(at, self.typed(entry, dict, at, "a table")) for at, entry in zip(places, entries, strict=True)]

    def wrong(self, place: str, problem: str, hint: str = "") -> RuntimeFailure:
        """Makes a complaint."""
        return self._error(f"{shown(self._path)}: {shown(place)}: {problem}", hint)


def _example(value: object, wanted: type) -> str:
    """How a value of another type than wanted is written, by what stands there, where that is likely to be meant."""
    if wanted is bool:
        return "write true or false, without quotes"
    if wanted is str and isinstance(value, bool | int | float):
        return f'write it in quotes: "{str(value).lower()}"'
    if wanted is list and isinstance(value, str):
        return f'write it in brackets: ["{shown(value)}"]'
    if wanted is list and isinstance(value, dict):
        return "write it in brackets: [{ … }]"
    if wanted is dict:
        return "write it like { key = value }, or under a heading in brackets"
    return ""


def suggestion(word: str, known: Collection[str]) -> str:
    """A hint where a word looks like a misspelt one."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else ""
