"""Finds where a field, case or flag stands in the text: the model keeps the places of whole types only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from elastic_hal.codegen.source import Span

_PIECE = re.compile(r"//[^\n]*|/\*|\*/|%?[^\W\d][\w-]*|[{}<>(),]")


def member_spans(type_name: Span | None) -> dict[str, Span]:
    """Where the members of the type whose name stands at `type_name` are declared."""
    if type_name is None:
        return {}
    return {
        found.group().removeprefix("%"): Span(type_name.file, found.start(), found.end())
        for found in _member_names(type_name)
    }


def _member_names(type_name: Span) -> Iterator[re.Match[str]]:
    """The first word of each member, up to the brace that closes the type."""
    depth = 0
    is_first = False
    for found in _code_after(type_name):
        piece = found.group()
        if piece == "}":
            return
        if is_first:
            yield found
        depth += (piece in "<(") - (piece in ">)")
        is_first = depth == 0 and piece in "{,"


def _code_after(span: Span) -> Iterator[re.Match[str]]:
    """Words and punctuation outside of comments; block comments nest."""
    comments = 0
    for found in _PIECE.finditer(span.file.text, span.end):
        piece = found.group()
        if piece == "/*":
            comments += 1
        elif piece == "*/":
            comments -= comments > 0
        elif comments == 0 and not piece.startswith("//"):
            yield found
