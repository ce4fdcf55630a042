"""Applies the fixes of diagnostics to texts. Writing the texts is left to the caller."""

from __future__ import annotations

from collections.abc import Iterable

from elastic_hal.codegen.diagnostics import Diagnostic, Fix
from elastic_hal.codegen.source import SourceFile


def fixed_texts(diagnostics: Iterable[Diagnostic]) -> dict[SourceFile, str]:
    """The new text of each file that a fix changes. Of fixes that overlap only the first is applied."""
    fixes: dict[SourceFile, set[Fix]] = {}
    for diagnostic in diagnostics:
        if diagnostic.fix is not None:
            fixes.setdefault(diagnostic.fix.span.file, set()).add(diagnostic.fix)
    return {file: _apply(file.text, sorted(wanted, key=_place)) for file, wanted in fixes.items()}


def _place(fix: Fix) -> tuple[int, int, str]:
    return fix.span.start, fix.span.end, fix.replacement


def _apply(text: str, fixes: list[Fix]) -> str:
    parts: list[str] = []
    position, last_insertion = 0, -1
    for fix in fixes:
        start, end = fix.span.start, fix.span.end
        if start < position or start == last_insertion:
            continue
        parts += [text[position:start], fix.replacement]
        position = end
        last_insertion = start
    return "".join([*parts, text[position:]])
