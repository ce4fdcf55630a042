"""What a runtime says that it supports, asked through the `capabilities` interface; a case may be skipped only on its
own word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from elastic_hal.codegen.targets.suite.cases import Need

QUESTION = "list-capabilities"
INTERFACE_PREFIX = "elastic:hal/capabilities@"


@dataclass(frozen=True, slots=True)
class Statement:
    """Catalogue id → the algorithms listed, or None where it is said to be unsupported."""

    entries: Mapping[str, tuple[str, ...] | None]

    def denied(self, needs: Iterable[Need]) -> Need | None:
        """The first of the needs that the runtime says it lacks."""
        return next((need for need in needs if self.denies(need)), None)

    def denies(self, need: Need) -> bool:
        """Whether the runtime says that it lacks this.

        A function that several entries describe is there where one of them is. An entry speaks of an algorithm where
        it lists any of its kind, such as any MAC. Those of the need's ids that speak of it decide; where none does,
        those of `home`, then all of the same family, such as CRY (the same names mean other things elsewhere); and an
        algorithm of whose kind nothing is listed there is not served.
        """
        known = [self.entries[identifier] for identifier in need.ids if identifier in self.entries]
        if known and all(listed is None for listed in known):
            return True
        if need.value is None or not known:
            return False
        families = {identifier.partition("-")[0] for identifier in need.home or need.ids}
        family = [identifier for identifier in self.entries if identifier.partition("-")[0] in families]
        for identifiers in (need.ids, need.home, family) if need.is_algorithm else (need.ids,):
            lists = [self.entries.get(identifier) or () for identifier in identifiers]
            speaking = [listed for listed in lists if (need.kind.intersection(listed) if need.kind else listed)]
            if speaking:
                return not any(need.value in listed for listed in speaking)
        return need.is_algorithm


def read_statement(events: Iterable[Mapping[str, Any]]) -> Statement | None:
    """The statement in the events of a guest that was asked QUESTION; None where they hold none."""
    for event in events:
        outcome = event.get("outcome")
        if event.get("event") == "value" and isinstance(outcome, Mapping) and isinstance(outcome.get("ok"), list):
            return _statement(outcome["ok"])
    return None


def _statement(listed: list[Any]) -> Statement | None:
    """What is listed twice counts as supported where one of the two says so: to contradict oneself excuses nothing."""
    entries: dict[str, tuple[str, ...] | None] = {}
    for entry in listed:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            return None
        algorithms = entry.get("algorithms")
        names = tuple(str(name) for name in algorithms) if isinstance(algorithms, list) else ()
        before = entries.get(entry["id"])
        if entry.get("supported") is True:
            entries[entry["id"]] = (*(before or ()), *names)
        else:
            entries.setdefault(entry["id"], None)
    return Statement(entries)
