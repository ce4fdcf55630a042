"""What the front end has to say about WIT text: one finding each, with a stable code and the place that it is about.

`codes.py` lists the codes, `rendering.py` turns findings into text for people; other forms read the same fields.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.rendering import render_text
from elastic_hal.codegen.source import Span

__all__ = ["Code", "Diagnostic", "Diagnostics", "Fix", "Note", "Severity", "WitError", "render_text"]


class Severity(enum.Enum):
    """How bad a finding is: an error means that there is no model."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that helps to understand a diagnostic, with the related place where there is one."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the text that is certain to be what was meant."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `span` is None where no text could be read; then the message names the path, and `path` holds it."""

    code: Code
    severity: Severity
    message: str
    span: Span | None
    notes: tuple[Note, ...] = ()
    fix: Fix | None = None
    path: str | None = None


MAX_FINDINGS = 300
"""Findings of one run. Who has more is helped by the first ones; hostile text must not cost more."""

MAX_MESSAGE = 600
"""Characters of a message; names in it can be as long as the text allows."""


class Diagnostics:
    """Collects the findings of one run, each once."""

    def __init__(self) -> None:
        self._is_full = False
        self._found: dict[tuple[Code, str, Span | None], Diagnostic] = {}

    def error(
        self,
        code: Code,
        message: str,
        span: Span | None,
        notes: Sequence[Note] = (),
        fix: Fix | None = None,
        path: str | None = None,
    ) -> None:
        """Adds an error, unless the same one was added before."""
        self.add(Diagnostic(code, Severity.ERROR, message, span, tuple(notes), fix, path))

    def warning(self, code: Code, message: str, span: Span, notes: Sequence[Note] = ()) -> None:
        """Adds a warning, unless the same one was added before."""
        self.add(Diagnostic(code, Severity.WARNING, message, span, tuple(notes)))

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds a finding, unless the same one was added before."""
        if len(self._found) < MAX_FINDINGS:
            notes = tuple(replace(note, message=_shortened(note.message)) for note in diagnostic.notes)
            diagnostic = replace(diagnostic, message=_shortened(diagnostic.message), notes=notes)
            self._found.setdefault((diagnostic.code, diagnostic.message, diagnostic.span), diagnostic)
        elif not self._is_full:
            self._is_full = True
            severity = Severity.ERROR if self.has_errors else Severity.WARNING
            message = f"there are more than {MAX_FINDINGS} {severity.value}s; the others are left out"
            last = Diagnostic(Code.TOO_MANY_ERRORS, severity, message, None)
            self._found[last.code, message, None] = last

    @property
    def is_full(self) -> bool:
        """Whether further findings are left out."""
        return self._is_full

    @property
    def has_errors(self) -> bool:
        """Whether there is anything that stands in the way of a model."""
        return any(one.severity is Severity.ERROR for one in self._found.values())

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All findings: those without a place first, then file by file in the order of the text."""
        return tuple(sorted(self._found.values(), key=_place))


def _shortened(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…"


def _place(diagnostic: Diagnostic) -> tuple[bool, str, int]:
    is_last = diagnostic.code is Code.TOO_MANY_ERRORS
    if diagnostic.span is None:
        return is_last, "", 0
    return is_last, diagnostic.span.file.path, diagnostic.span.start


class WitError(Exception):
    """WIT text that has no model. `str()` is the rendered findings without colour."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(tuple(diagnostics))
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return render_text(self.diagnostics, colour=False)
