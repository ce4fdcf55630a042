"""Writes the pieces of a file out again: which line each goes to, how far it is indented, where an empty line stays.

Every decision follows from the tokens, the comments and what is kept of the old layout (which comments stand at the end
of a line, and which lines an empty one is before), so that laying text out again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from elastic_hal.codegen.formatting.pieces import CLOSERS, Comment, Piece
from elastic_hal.codegen.formatting.structure import Group, Structure

LINE_LENGTH = 120
"""Characters of a line above which its lists are broken. Comments are never broken."""

INDENT = 2

_OPENERS = frozenset({"(", "{", "<"})
_COMMA_ENDED = frozenset({Group.MEMBERS, Group.LIST})
"""Groups whose last entry has a comma after it where each has a line."""

_TIGHT_AFTER_COMMENT = CLOSERS | {",", ";", ":"}


def lay_out(structure: Structure) -> str:
    """The text of a file in the canonical style, with a line break at its end where there is anything in it."""
    writer = _Writer(structure)
    for number in range(len(structure.pieces)):
        writer.piece(number)
    return "".join(writer.text).lstrip("\n")


@dataclass(slots=True)
class _Open:
    """A bracket that is open, or the file as a whole.

    `segment_end` is the last piece of the item or entry that is being written; `has_comma` tells that a comma that is
    not among the pieces will follow it.
    """

    group: Group
    is_broken: bool
    indent: int
    closer: int
    segment_end: int
    has_comma: bool


class _Writer:
    def __init__(self, structure: Structure) -> None:
        self.text: list[str] = []
        self._structure = structure
        self._pieces = structure.pieces
        self._column = 0
        self._open = [_Open(Group.BODY, True, 0, len(structure.pieces), 0, False)]
        widths = (
            len(piece.text) + has_space + sum(len(comment.text) + 2 for comment in piece.comments)
            for piece, has_space in zip(structure.pieces, structure.spaces, strict=True)
        )
        self._width_before = [0, *accumulate(widths)]

    def piece(self, number: int) -> None:
        """Writes a piece with what belongs before it."""
        piece = self._pieces[number]
        inside = self._open[-1]
        if number == inside.closer:
            self._open.pop()
            if inside.is_broken and (self._pieces[number - 1].text not in _OPENERS or piece.comments):
                self._end_group(inside, piece)
            else:
                self._within_line(number, piece)
        elif self._starts_line(number):
            self._start_line(number, piece)
        else:
            self._within_line(number, piece)
        self._write(piece.text)
        if number in self._structure.groups:
            self._open_group(number)

    def _starts_line(self, number: int) -> bool:
        inside = self._open[-1]
        if not inside.is_broken:
            return False
        if number == 0 or number - 1 in self._structure.groups:
            return True
        before = self._pieces[number - 1].text
        if inside.group is not Group.BODY:
            return before == ","
        # A `;` follows the braces of used names; all other braces are the end of an item.
        is_next_item = before == ";" or (before == "}" and self._pieces[number].text != ";")
        return is_next_item or number in self._structure.after_attributes or not self._pieces[number].text

    def _start_line(self, number: int, piece: Piece) -> None:
        inside = self._open[-1]
        inside.segment_end = end = self._segment_end(number, inside)
        inside.has_comma = inside.group in _COMMA_ENDED and end + 1 == inside.closer
        is_first = number == 0 or number - 1 in self._structure.groups
        is_within_item = number in self._structure.after_attributes
        leading = self._write_trailing(piece) if number else piece.comments
        for index, comment in enumerate(leading):
            may_part = not is_within_item and (index > 0 or not is_first)
            self._new_line(inside.indent, is_parted=may_part and comment.breaks > 1)
            self._write(comment.text)
        is_first = is_first and not leading
        may_part = not is_within_item and not is_first and bool(piece.text)
        self._new_line(inside.indent, is_parted=may_part and piece.breaks > 1)

    def _end_group(self, inside: _Open, piece: Piece) -> None:
        """Ends the last line of a broken group and begins the one of its closing bracket."""
        is_empty = self.text[-1] in _OPENERS
        if inside.group in _COMMA_ENDED and not is_empty:
            self._write(",")
        for index, comment in enumerate(self._write_trailing(piece)):
            self._new_line(inside.indent, is_parted=comment.breaks > 1 and (index > 0 or not is_empty))
            self._write(comment.text)
        self._new_line(inside.indent - INDENT, is_parted=False)

    def _write_trailing(self, piece: Piece) -> tuple[Comment, ...]:
        """Writes the comments that stand at the end of the line before, and gives the others."""
        comments = piece.comments
        count = 0
        while count < len(comments) and not comments[count].breaks:
            count += 1
        following = comments[count].breaks if count < len(comments) else piece.breaks
        if count and not following and piece.text and not comments[count - 1].is_line:
            return comments  # they stand on the line of what comes after them
        for comment in comments[:count]:
            self._write(f" {comment.text}")
        return comments[count:]

    def _within_line(self, number: int, piece: Piece) -> None:
        """Writes the comments that stand within a line, and the space before the piece."""
        after_line_comment = False
        indent = self._open[-1].indent + INDENT
        for comment in piece.comments:
            if after_line_comment:
                self._new_line(indent, is_parted=False)
            elif self.text and self.text[-1] not in _OPENERS:
                self._write(" ")
            self._write(comment.text)
            after_line_comment = comment.is_line
        if after_line_comment:
            self._new_line(indent, is_parted=False)
        elif self._structure.spaces[number] or (piece.comments and piece.text not in _TIGHT_AFTER_COMMENT):
            self._write(" ")

    def _open_group(self, number: int) -> None:
        group, closer = self._structure.groups[number], self._structure.closers[number]
        around = self._open[-1]
        if group in {Group.BODY, Group.MEMBERS}:
            is_broken = True
        elif group is Group.FIXED:
            is_broken = False
        else:
            is_broken = number in self._structure.crowded or (closer > number + 1 and not self._fits(number, around))
        indent = around.indent + INDENT if is_broken else around.indent
        self._open.append(_Open(group, is_broken, indent, closer, around.segment_end, around.has_comma))

    def _fits(self, number: int, around: _Open) -> bool:
        rest = self._width_before[around.segment_end + 1] - self._width_before[number + 1]
        return self._column + rest + around.has_comma <= LINE_LENGTH

    def _segment_end(self, number: int, inside: _Open) -> int:
        """The last piece of the item or list entry that begins with a piece."""
        structure = self._structure
        while number < inside.closer:
            group = structure.groups.get(number)
            if group in {Group.BODY, Group.MEMBERS} or self._pieces[number].text in {";", ","}:
                return number
            number = structure.closers.get(number, number) + 1
            if self._pieces[number - 1].text == "}" and self._pieces[number].text != ";":
                return number - 1
        return inside.closer - 1

    def _new_line(self, indent: int, is_parted: bool) -> None:
        self.text.append("\n\n" if is_parted else "\n")
        self._column = 0
        if indent:
            self._write(" " * indent)

    def _write(self, text: str) -> None:
        if text:
            self.text.append(text)
            end = text.rfind("\n")
            self._column = len(text) - end - 1 if end >= 0 else self._column + len(text)
