"""Reads YAML into nodes that know their line, so that every complaint about a case file can name it.

Scalars keep the text that was written: whether `on` is a word or a truth value is decided by the WIT type, not by
YAML. What the nodes mean is decided by the readers above (`values`, `cases`).
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from elastic_hal.common.files import FileError, read_text

MAXIMUM_FILE_BYTES = 8 * 1024 * 1024
MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 500_000


@dataclass(frozen=True, slots=True)
class CaseProblem:
    """One thing wrong with a case file, where, and what to do about it."""

    path: str
    line: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}:{self.line}: {self.message}{hint}"


class CaseFileError(Exception):
    """A case file can't be used; `problems` says why."""

    def __init__(self, problems: Iterable[CaseProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    path: str
    line: int

    def problem(self, message: str, hint: str | None = None) -> CaseFileError:
        """The error to raise for something wrong here."""
        return CaseFileError([CaseProblem(self.path, self.line, message, hint)])


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `quoted` tells `"null"` from `null`."""

    text: str
    quoted: bool
    place: Place

    @property
    def is_null(self) -> bool:
        """Whether this is YAML's null."""
        return not self.quoted and self.text in {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; keys are plain strings and each occurs once."""

    entries: dict[str, Node]
    places: dict[str, Place]
    place: Place


Node = Scalar | Sequence | Mapping


def read_document(path: Path, shown: str | None = None) -> Node:
    """Reads one YAML document. `shown` is the path that messages give; raises CaseFileError."""
    name = shown or str(path)
    start = Place(name, 1)
    try:
        text = read_text(path, MAXIMUM_FILE_BYTES)
    except FileError as error:
        raise start.problem(error.reason) from error
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Node:
    """Parses one YAML document from a text; raises CaseFileError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Place(name, line).problem(f"is not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise Place(name, 1).problem(f"is not valid YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise Place(name, 1).problem("is nested too deeply") from error
    if root is None:
        raise Place(name, 1).problem("the file is empty")
    return _convert(root, name, 0, itertools.count())


def _convert(node: yaml.Node, name: str, depth: int, counter: Iterator[int]) -> Node:
    place = Place(name, node.start_mark.line + 1)
    if depth > MAXIMUM_DEPTH:
        raise place.problem("is nested too deeply, or refers to itself")
    if next(counter) > MAXIMUM_NODES:
        raise place.problem("holds too many values; YAML aliases may multiply them")
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, node.style is not None, place)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_convert(item, name, depth + 1, counter) for item in node.value), place)
    if not isinstance(node, yaml.MappingNode):
        raise place.problem(f"{node.tag} has no meaning here")
    entries: dict[str, Node] = {}
    places: dict[str, Place] = {}
    for key, value in node.value:
        key_place = Place(name, key.start_mark.line + 1)
        if not isinstance(key, yaml.ScalarNode):
            raise key_place.problem("a key must be a plain word")
        if key.value in entries:
            raise key_place.problem(f"the key {key.value!r} is given twice")
        entries[key.value] = _convert(value, name, depth + 1, counter)
        places[key.value] = key_place
    return Mapping(entries, places, place)


def as_mapping(node: Node, what: str, allowed: Iterable[str], required: Iterable[str] = ()) -> Mapping:
    """The node as a mapping with known keys only."""
    if not isinstance(node, Mapping):
        raise node.place.problem(f"{what} must be a mapping")
    known = list(allowed)
    for key in node.entries:
        if key not in known:
            raise node.places[key].problem(f"{what} has no key {key!r}", suggestion(key, known))
    for key in required:
        if key not in node.entries:
            raise node.place.problem(f"{what} lacks the key {key!r}")
    return node


def as_sequence(node: Node, what: str) -> tuple[Node, ...]:
    """The elements of a node that must be a list."""
    if not isinstance(node, Sequence):
        raise node.place.problem(f"{what} must be a list")
    return node.items


def as_text(node: Node, what: str) -> str:
    """The text of a node that must be a non-empty string."""
    if not isinstance(node, Scalar) or node.is_null:
        raise node.place.problem(f"{what} must be a text")
    return node.text


def as_whole_number(node: Node, what: str, low: int, high: int) -> int:
    """The value of a node that must be an integer within bounds."""
    if isinstance(node, Scalar) and not node.quoted:
        try:
            number = int(node.text, 0)
        except ValueError:
            number = low - 1
        if low <= number <= high:
            return number
    raise node.place.problem(f"{what} must be a whole number between {low} and {high}")


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint for a name that does not exist: the nearest one, else those that do."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:30])
    return f"there are: {shown}{', …' if len(names) > 30 else ''}"
