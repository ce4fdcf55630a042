"""What a runtime says that it supports, asked through the `capabilities` interface; a case may be skipped only on its
own word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

QUESTION = "list-capabilities"
INTERFACE_PREFIX = "elastic:hal/capabilities@"


@dataclass(frozen=True, slots=True)
class Statement:
    """Catalogue id → the algorithms listed, or None where it is said to be unsupported."""

    entries: Mapping[str, tuple[str, ...] | None]

    def denied(self, needs: Iterable[str]) -> str | None:
        """The first of the needs that the runtime says it lacks."""
        for need in needs:
            identifier, slash, algorithm = need.partition("/")
            algorithms = self.entries.get(identifier)
            if identifier in self.entries and (algorithms is None or (slash and algorithm not in algorithms)):
                return need
        return None


def read_statement(events: Iterable[Mapping[str, Any]]) -> Statement | None:
    """The statement in the events of a guest that was asked QUESTION; None where they hold none."""
    for event in events:
        outcome = event.get("outcome")
        if event.get("event") == "value" and isinstance(outcome, Mapping) and isinstance(outcome.get("ok"), list):
            return _statement(outcome["ok"])
    return None


def _statement(listed: list[Any]) -> Statement | None:
    entries: dict[str, tuple[str, ...] | None] = {}
    for entry in listed:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            return None
        algorithms = entry.get("algorithms")
        names = tuple(str(name) for name in algorithms) if isinstance(algorithms, list) else ()
        entries[entry["id"]] = names if entry.get("supported") is True else None
    return Statement(entries)
