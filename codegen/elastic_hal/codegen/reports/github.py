"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elastic_hal.codegen.diagnostics import Diagnostic
from elastic_hal.codegen.rendering import advice
from elastic_hal.codegen.reports.region import region_of


def to_github(diagnostics: Sequence[Diagnostic]) -> str:
    """One line for each diagnostic, each ending with a line break."""
    return "".join(f"{_command(one)}\n" for one in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = ",".join(f"{name}={_escaped_property(value)}" for name, value in _properties(diagnostic))
    text = _escaped("\n".join(_lines(diagnostic)))
    return f"::{diagnostic.severity.value} {properties}::{text}"


def _properties(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    if diagnostic.span is not None:
        region = region_of(diagnostic.span)
        yield "file", region.path
        yield "line", str(region.line)
        yield "endLine", str(region.end_line)
        if region.line == region.end_line:  # GitHub takes columns within one line only
            yield "col", str(region.column)
            yield "endColumn", str(region.end_column)
    elif diagnostic.path is not None:
        yield "file", diagnostic.path
    yield "title", diagnostic.code.value


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    yield diagnostic.message
    for note in diagnostic.notes:
        place = ""
        if note.span is not None:
            region = region_of(note.span)
            place = f" ({region.path}:{region.line}:{region.column})"
        yield f"note: {note.message}{place}"
    if diagnostic.fix is not None:
        span = diagnostic.fix.span
        yield f"help: {advice(span.file.text[span.start : span.end], diagnostic.fix.replacement)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
