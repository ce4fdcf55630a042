"""Diagnostics as SARIF 2.1.0 (OASIS), which code scanners and editors read.

The columns are Unicode code points, as the run states; paths are URIs relative to where the command ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from elastic_hal.codegen.codes import LINTS, Code
from elastic_hal.codegen.diagnostics import Diagnostic, Fix, Note
from elastic_hal.codegen.rendering import advice
from elastic_hal.codegen.reports.region import region_of
from elastic_hal.codegen.source import Span

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(diagnostics: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """The log of one run of the tool, whose version is given."""
    codes = list(Code)
    rules = [
        {
            "id": code.value,
            "shortDescription": {"text": code.meaning},
            "defaultConfiguration": {"level": "warning" if code in LINTS else "error"},
        }
        for code in codes
    ]
    driver = {"name": "elastic-hal", "semanticVersion": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code)) for one in diagnostics],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    placeless = [note.message for note in diagnostic.notes if note.span is None]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.value,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": "\n".join([diagnostic.message, *placeless])},
    }
    location = _location(diagnostic.span, diagnostic.path)
    if location is not None:
        result["locations"] = [location]
    related = [_related(note) for note in diagnostic.notes if note.span is not None]
    if related:
        result["relatedLocations"] = related
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _related(note: Note) -> dict[str, Any]:
    return {**(_location(note.span, None) or {}), "message": {"text": note.message}}


def _location(span: Span | None, path: str | None) -> dict[str, Any] | None:
    if span is not None:
        return {"physicalLocation": {"artifactLocation": _artifact(span.file.path), "region": _region(span)}}
    return None if path is None else {"physicalLocation": {"artifactLocation": _artifact(path)}}


def _artifact(path: str) -> dict[str, str]:
    uri = quote(Path(path).as_posix().encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{uri}" if Path(path).is_absolute() else uri}


def _region(span: Span) -> dict[str, int]:
    region = region_of(span)
    return {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    old = fix.span.file.text[fix.span.start : fix.span.end]
    replacement = {"deletedRegion": _region(fix.span), "insertedContent": {"text": fix.replacement}}
    change = {"artifactLocation": _artifact(fix.span.file.path), "replacements": [replacement]}
    return {"description": {"text": advice(old, fix.replacement)}, "artifactChanges": [change]}
