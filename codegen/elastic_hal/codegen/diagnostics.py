"""What the front end has to say about WIT text: one finding each, with a stable code and the place that it is about.

`codes.py` lists the codes, `rendering.py` turns findings into text for people; other forms read the same fields.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

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
    """One finding. `span` is None where no text could be read, and then the message names the path."""

    code: Code
    severity: Severity
    message: str
    span: Span | None
    notes: tuple[Note, ...] = ()
    fix: Fix | None = None


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
        self, code: Code, message: str, span: Span | None, notes: Sequence[Note] = (), fix: Fix | None = None
    ) -> None:
        """Adds an error, unless the same one was added before."""
        if len(message) > MAX_MESSAGE:
            message = message[:MAX_MESSAGE] + "…"
        self.add(Diagnostic(code, Severity.ERROR, message, span, tuple(notes), fix))

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds a finding, unless the same one was added before."""
        if len(self._found) < MAX_FINDINGS:
            self._found.setdefault((diagnostic.code, diagnostic.message, diagnostic.span), diagnostic)
        elif not self._is_full:
            self._is_full = True
            message = f"there are more than {MAX_FINDINGS} errors; the others are left out"
            last = Diagnostic(Code.TOO_MANY_ERRORS, Severity.ERROR, message, None)
            self._found[last.code, message, None] = last

    @property
    def has_errors(self) -> bool:
        """Whether there is anything that stands in the way of a model."""
        return any(one.severity is Severity.ERROR for one in self._found.values())

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All findings: those without a place first, then file by file in the order of the text."""
        return tuple(sorted(self._found.values(), key=_place))


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
