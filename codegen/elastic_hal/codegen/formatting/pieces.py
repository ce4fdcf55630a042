"""A file as the formatter sees it: its tokens as they are spelled, each with the comments that stand before it.

A comment documents the token after it, so it must stay between the same two tokens. The one exception is the comma
after the last part of a list: layout decides whether it is there, and its comments go to the bracket after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from elastic_hal.codegen.diagnostics import Diagnostics
from elastic_hal.codegen.source import SourceFile
from elastic_hal.codegen.syntax.lexer import Lexer
from elastic_hal.codegen.syntax.tables import load_tables

CLOSERS = frozenset({")", "}", ">"})

_COMMENT = re.compile(r"//[^\n]*|/\*")
_BLOCK_MARK = re.compile(r"/\*|\*/")
_LINE_END = re.compile(r"(?<!\r)\r\n")


class Comment(NamedTuple):
    """A comment. `breaks` counts the line breaks right before it in the text that was read."""

    text: str
    breaks: int

    @property
    def is_line(self) -> bool:
        """Whether it reaches to the end of its line, so that nothing can follow it there."""
        return self.text.startswith("//")

    @property
    def needs_lines(self) -> bool:
        """Whether it can't stand within a line."""
        return self.is_line or "\n" in self.text


class Piece(NamedTuple):
    """A token as it is spelled, with the comments before it. The last piece of a file is empty.

    `breaks` counts the line breaks between the token and what is before it, a comment or a token.
    """

    text: str
    comments: tuple[Comment, ...]
    breaks: int


def read_pieces(file: SourceFile) -> list[Piece]:
    """The pieces of a file that has no syntax errors, without commas that end a list."""
    pieces: list[Piece] = []
    for piece in _all_pieces(file):
        if piece.text in CLOSERS and pieces[-1].text == ",":
            comma = pieces.pop()
            pieces.append(piece._replace(comments=_joined(comma.comments, piece.comments)))
        else:
            pieces.append(piece)
    return pieces


def comments_between(text: str, start: int, end: int) -> tuple[tuple[Comment, ...], int]:
    """The comments between two tokens, and the line breaks after the last of them."""
    comments: list[Comment] = []
    position = start
    while (found := _COMMENT.search(text, position, end)) is not None:
        breaks = text.count("\n", position, found.start())
        if found.group() == "/*":
            position = _end_of_block(text, found.start())
            # The line ends of the text are LF; a carriage return that is no part of one is the author's.
            comments.append(Comment(_LINE_END.sub("\n", text[found.start() : position]), breaks))
        else:
            position = found.end()
            comments.append(Comment(found.group().rstrip(" \t\r"), breaks))
    return tuple(comments), text.count("\n", position, end)


def _all_pieces(file: SourceFile) -> Iterator[Piece]:
    text = file.text
    position = 1 if text.startswith("\ufeff") else 0
    for token in Lexer(file, load_tables().keywords, Diagnostics()).tokens():
        comments, breaks = comments_between(text, position, token.start)
        yield Piece(text[token.start : token.end], comments, breaks)
        position = token.end
    yield Piece("", *comments_between(text, position, len(text)))


def _end_of_block(text: str, start: int) -> int:
    depth = 0
    for mark in _BLOCK_MARK.finditer(text, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _joined(first: tuple[Comment, ...], second: tuple[Comment, ...]) -> tuple[Comment, ...]:
    if first and second and first[-1].is_line and not second[0].breaks:
        second = (second[0]._replace(breaks=1), *second[1:])
    return first + second
