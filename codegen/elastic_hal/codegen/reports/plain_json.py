"""Diagnostics as the project's own JSON document, which `docs/diagnostics.md` describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from elastic_hal.codegen.diagnostics import Diagnostic, Fix, Note
from elastic_hal.codegen.rendering import advice
from elastic_hal.codegen.reports.region import region_of
from elastic_hal.codegen.source import Span

_NOWHERE: dict[str, Any] = {"path": None, "line": None, "column": None, "end_line": None, "end_column": None}


def to_json(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The document: `{"diagnostics": […]}`."""
    return {"diagnostics": [_finding(one) for one in diagnostics]}


def _finding(diagnostic: Diagnostic) -> dict[str, Any]:
    document: dict[str, Any] = {
        "code": diagnostic.code.value,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "notes": [_note(note) for note in diagnostic.notes],
    }
    if diagnostic.span is None:
        document["path"] = diagnostic.path
    if diagnostic.fix is not None:
        document["fix"] = _fix(diagnostic.fix)
    return document


def _place(span: Span | None) -> dict[str, Any]:
    return dict(_NOWHERE) if span is None else asdict(region_of(span))


def _note(note: Note) -> dict[str, Any]:
    return {"message": note.message, **_place(note.span)}


def _fix(fix: Fix) -> dict[str, Any]:
    old = fix.span.file.text[fix.span.start : fix.span.end]
    return {"message": advice(old, fix.replacement), "replacement": fix.replacement, **_place(fix.span)}
