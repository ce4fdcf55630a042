"""What the brackets of a file are for, and where a line or a space belongs whatever the length of the line."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from elastic_hal.codegen.formatting.pieces import CLOSERS, Piece

_OPENERS = frozenset({"(", "{", "<"})
_WITH_MEMBERS = frozenset({"record", "variant", "enum", "flags"})
_TIGHT_BEFORE = frozenset({",", ";", ")", ">", ".", "/", ":", "@", "(", "<", ""})
_TIGHT_AFTER = frozenset({"(", "<", ".", "/", "@"})


class Group(enum.Enum):
    """What stands between two brackets."""

    BODY = enum.auto()
    """Items, each on lines of its own."""
    MEMBERS = enum.auto()
    """Fields, cases or labels, each on a line of its own with a comma after it."""
    LIST = enum.auto()
    """Parameters, used names, renames or the types of a tuple: on one line, or a line and a comma for each."""
    ARGUMENTS = enum.auto()
    """The arguments of another type: like a list, but no comma may follow the last."""
    FIXED = enum.auto()
    """What is never broken: an attribute's argument, a case's payload, a handle's resource."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The pieces of a file and what is known of each, by its number in `pieces`."""

    pieces: Sequence[Piece]
    groups: dict[int, Group]
    """Of each opening bracket."""
    closers: dict[int, int]
    """From each opening bracket to the closing one."""
    crowded: frozenset[int]
    """The opening brackets of groups that hold a comment which can't stand within a line."""
    after_attributes: frozenset[int]
    """The pieces that follow an attribute."""
    spaces: Sequence[bool]
    """Whether a space stands before the piece where it is not the first on its line."""


def structure_of(pieces: Sequence[Piece]) -> Structure:
    """Finds the brackets, attributes and spaces of a file without syntax errors."""
    groups: dict[int, Group] = {}
    closers: dict[int, int] = {}
    openers: dict[int, int] = {}
    crowded: set[int] = set()
    opened: list[tuple[int, int]] = []
    last_crowd = -1  # the last piece with a comment that needs lines
    for number, piece in enumerate(pieces):
        if any(comment.needs_lines for comment in piece.comments):
            last_crowd = number
        if piece.text in _OPENERS:
            groups[number] = _group(pieces, number)
            opened.append((number, last_crowd))
        elif piece.text in CLOSERS:
            opener, crowd_before = opened.pop()
            closers[opener], openers[number] = number, opener
            if last_crowd != crowd_before:
                crowded.add(opener)
    attributes = _after_attributes(pieces, closers)
    spaces = [_has_space(pieces, number, openers) for number in range(len(pieces))]
    return Structure(pieces, groups, closers, frozenset(crowded), attributes, spaces)


def _group(pieces: Sequence[Piece], number: int) -> Group:
    before = pieces[number - 1].text
    if pieces[number].text == "{":
        if before in {".", "with"}:
            return Group.LIST
        return Group.MEMBERS if pieces[number - 2].text in _WITH_MEMBERS else Group.BODY
    if pieces[number].text == "(":
        is_accessor = before in {"get", "set"} and pieces[number - 2].text in {":", "static"}
        return Group.LIST if is_accessor or before in {"func", "constructor"} else Group.FIXED
    if before in {"own", "borrow"}:
        return Group.FIXED
    return Group.LIST if before == "tuple" else Group.ARGUMENTS


def _after_attributes(pieces: Sequence[Piece], closers: dict[int, int]) -> frozenset[int]:
    found = set()
    for number, piece in enumerate(pieces):
        # `@` stands before versions too.
        if piece.text == "@" and not pieces[number + 1].text[0].isdigit():
            found.add(closers.get(number + 2, number + 1) + 1)
    return frozenset(found)


def _has_space(pieces: Sequence[Piece], number: int, openers: dict[int, int]) -> bool:
    if number == 0:
        return False
    text, before = pieces[number].text, pieces[number - 1].text
    if text == "}":
        # Only the braces of `with { … }` are padded on one line.
        return before != "{" and pieces[openers[number] - 1].text == "with"
    if text == "{":
        return before != "."
    if text in _TIGHT_BEFORE or before in _TIGHT_AFTER:
        return False
    if before == "{":
        return pieces[number - 2].text == "with"
    return before != ":" or not _is_within_id(pieces, number - 1)


def _is_within_id(pieces: Sequence[Piece], colon: int) -> bool:
    """Tells the colon of `wasi:io/poll` from the one of `name: type`."""
    return pieces[colon - 2].text == "package" or pieces[colon + 2].text == "/"
