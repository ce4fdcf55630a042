"""What a writer was told about its objects, and which states of them are therefore allowed."""

from __future__ import annotations

import threading
from collections import Counter

ABSENT = 0


class Ledger:
    """The objects of one container, which one writer at a time changes. It reads the lines that the writer prints."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}
        self._open: dict[str, set[int]] = {}
        """Changes of which nobody knows whether they took place: they were begun, and no answer came."""
        self._begun: dict[str, list[int]] = {}
        self._doing: tuple[str, int] | None = None

    def line(self, words: list[str]) -> bool:
        """Takes a line of a writer; False where it is none."""
        with self._lock:
            match words:
                case ["begin", name, number]:
                    self._doing = name, int(number)
                    self._open.setdefault(name, set()).add(int(number))
                    self._begun.setdefault(name, []).append(int(number))
                case ["done", name] if self._doing is not None and self._doing[0] == name:
                    self.acknowledged += 1
                    self._known[name] = self._doing[1]
                    self._open[name], self._doing = set(), None
                case ["failed", name, case] if self._doing is not None and self._doing[0] == name:
                    self.refused[case] += 1
                    if case != "internal":
                        # A typed refusal says that nothing was changed; after a failure of the host that is open.
                        self._open[name].discard(self._doing[1])
                    self._doing = None
                case _:
                    return False
        return True

    def snapshot(self) -> Snapshot:
        """The state of now, for a reader that begins now."""
        with self._lock:
            allowed = {name: {self._known.get(name, ABSENT), *self._open[name]} for name in self._open}
            return Snapshot(self, allowed, {name: len(begun) for name, begun in self._begun.items()})

    def settle(self) -> None:
        """Forgets what was begun so far, when nobody writes and all that readers found is judged."""
        with self._lock:
            self._begun.clear()

    def begun_since(self, marks: dict[str, int]) -> dict[str, set[int]]:
        with self._lock:
            return {name: set(begun[marks.get(name, 0) :]) for name, begun in self._begun.items()}


class Snapshot:
    """What a reader may find that began at one moment and ended at another."""

    def __init__(self, ledger: Ledger, allowed: dict[str, set[int]], marks: dict[str, int]) -> None:
        self._ledger = ledger
        self._allowed = allowed
        self._marks = marks

    def faults(self, found: dict[str, str]) -> list[str]:
        """What is wrong with what one look has found: numbers, or `torn`, by name."""
        later = self._ledger.begun_since(self._marks)
        faults = []
        for name in sorted({*self._allowed, *later, *found}):
            allowed = self._allowed.get(name, {ABSENT}) | later.get(name, set())
            seen = found.get(name, str(ABSENT))
            if seen not in map(str, allowed):
                faults.append(f"{name} is {seen}, and may be one of {sorted(allowed)}")
        return faults
