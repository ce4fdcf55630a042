"""A place in a text as every machine form needs it: lines and columns counted from 1, columns in characters."""

from __future__ import annotations

from dataclasses import dataclass

from elastic_hal.codegen.source import Span


@dataclass(frozen=True, slots=True)
class Region:
    """Where something stands. The end is exclusive: the column after the last character."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


def region_of(span: Span) -> Region:
    """The region of a span."""
    line, column = span.file.position(span.start)
    end_line, end_column = span.file.position(max(span.start, span.end))
    return Region(span.file.path, line, column, end_line, end_column)
