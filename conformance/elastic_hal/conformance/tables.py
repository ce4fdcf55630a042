"""Cases written as a table: each row of `each` fills the places marked `{column}` and `@column`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from elastic_hal.conformance.document import Mapping, Node, Scalar, Sequence, as_sequence, suggestion

_COLUMN = re.compile(r"\{([A-Za-z][A-Za-z0-9_-]*)\}")
_TEXT_KEYS = ("id", "title", "source", "needs", "catalogue")


def rows(case: Mapping) -> Iterator[Mapping]:
    """The case once for each row of its table; a case without a table as it is."""
    if "each" not in case.entries:
        yield case
        return
    for row in as_sequence(case.entries["each"], "each"):
        if not isinstance(row, Mapping):
            raise row.place.problem("a row of `each` is a mapping from column to value")
        yield _fill(case, row)


def _fill(case: Mapping, row: Mapping) -> Mapping:
    entries: dict[str, Node] = {}
    for key, node in case.entries.items():
        if key == "each":
            continue
        entries[key] = _texts(node, row) if key in _TEXT_KEYS else _values(node, row)
    return Mapping(entries, case.places, row.place)


def _texts(node: Node, row: Mapping) -> Node:
    if isinstance(node, Sequence):
        return Sequence(tuple(_texts(item, row) for item in node.items), node.place)
    if not isinstance(node, Scalar):
        return node

    def cell(match: re.Match[str]) -> str:
        found = _cell(match.group(1), node, row)
        if not isinstance(found, Scalar):
            raise found.place.problem(f"the column {match.group(1)!r} is used in a text, so it must be a single value")
        return found.text

    return Scalar(_COLUMN.sub(cell, node.text), True, node.place)


def _values(node: Node, row: Mapping) -> Node:
    match node:
        case Scalar(text=text) if text.startswith("@") and not text.startswith("@@"):
            return _cell(text[1:], node, row)
        case Scalar():
            return node
        case Sequence(items, place):
            return Sequence(tuple(_values(item, row) for item in items), place)
        case Mapping(entries, places, place):
            return Mapping({key: _values(value, row) for key, value in entries.items()}, places, place)


def _cell(name: str, node: Node, row: Mapping) -> Node:
    if name not in row.entries:
        raise node.place.problem(
            f"the row at line {row.place.line} has no column {name!r}", suggestion(name, row.entries)
        )
    return row.entries[name]
