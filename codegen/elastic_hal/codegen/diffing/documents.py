"""A report as JSON, for programs. docs/wit-diff.md describes the form; `format` goes up when it changes."""

from __future__ import annotations

from typing import Any

from elastic_hal.codegen.diffing.changes import Change, Subject
from elastic_hal.codegen.diffing.report import Report

FORMAT = 1

VERDICTS = ("breaking-for-both", "breaking-for-hosts", "breaking-for-guests", "compatible")


def to_document(report: Report) -> dict[str, Any]:
    """The report as a value that `json` can write."""
    verdicts = [change.verdict for change in report.changes]
    return {
        "format": FORMAT,
        "package": report.package,
        "old": _version(report.old.version),
        "new": _version(report.new.version),
        "changes": [_change(change) for change in report.changes],
        "summary": {verdict: verdicts.count(verdict) for verdict in VERDICTS},
        "bump": report.bump.name.lower(),
        "needed": report.needed,
        "sufficient": report.is_sufficient,
    }


def _version(version: object) -> str | None:
    return None if version is None else str(version)


def _change(change: Change) -> dict[str, Any]:
    return {
        "rule": change.rule.code,
        "class": change.verdict,
        "breaks": sorted(side.value for side in change.breaks),
        "bump": change.bump.name.lower(),
        "path": list(change.path),
        "old": _subject(change.old),
        "new": _subject(change.new),
        "travels": sorted(travel.value for travel in change.travels),
        "exempt": change.exempt,
        "why": change.why,
    }


def _subject(subject: Subject | None) -> dict[str, Any] | None:
    if subject is None:
        return None
    if subject.span is None:
        return {"text": subject.text, "path": None, "line": None, "column": None}
    line, column = subject.span.file.position(subject.span.start)
    return {"text": subject.text, "path": subject.span.file.path, "line": line, "column": column}
