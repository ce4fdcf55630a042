"""One change as data: where it is, what stood there and what stands there now, whom it breaks and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from elastic_hal.codegen.diffing.rules import Bump, Rule, Side
from elastic_hal.codegen.source import Span


class Travel(enum.Enum):
    """Which way values of a type go in calls: the reader of a value is who meets what it does not know."""

    TO_HOSTS = "to-hosts"
    TO_GUESTS = "to-guests"


@dataclass(frozen=True, slots=True)
class Subject:
    """A piece of one version: how it is written, and where. `span` is None where there is no place to point at."""

    text: str
    span: Span | None

    @property
    def place(self) -> str:
        """`file:line`, or nothing."""
        if self.span is None:
            return ""
        line, _ = self.span.file.position(self.span.start)
        return f"{self.span.file.path}:{line}"


@dataclass(frozen=True, slots=True)
class Change:
    """A change. `exempt` names the unstable feature that takes it out of every promise."""

    rule: Rule
    path: tuple[str, ...]
    old: Subject | None
    new: Subject | None
    breaks: frozenset[Side]
    bump: Bump
    why: str
    travels: frozenset[Travel] = frozenset()
    exempt: str | None = None

    @property
    def verdict(self) -> str:
        """`compatible`, `breaking-for-hosts`, `breaking-for-guests` or `breaking-for-both`."""
        if not self.breaks:
            return "compatible"
        if len(self.breaks) > 1:
            return "breaking-for-both"
        return f"breaking-for-{next(iter(self.breaks)).value}"
