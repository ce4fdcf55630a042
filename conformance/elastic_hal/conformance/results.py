"""What a run gives: a verdict for each case, and the whole of a run as data and as JSON."""

from __future__ import annotations

import enum
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.common.text import counted

LEVELS = ("listed", "core", "full")
"""The conformance levels, each above the one before; `levels` says what they demand."""


class Verdict(enum.Enum):
    """How a case ended. XFAIL and XPASS concern cases that the expectations list as failing."""

    PASS = "pass"  # noqa: S105  a verdict, no secret
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    XFAIL = "xfail"
    XPASS = "xpass"

    @property
    def is_good(self) -> bool:
        """Whether the verdict leaves the run good."""
        return self in {Verdict.PASS, Verdict.SKIP, Verdict.XFAIL}


class Skip(enum.Enum):
    """Why a case was skipped: by the runtime's own word, or because the adapter or the suite lacks something."""

    LACKING = "lacking"
    NOT_LISTED = "not-listed"
    NO_GROUPS = "no-groups"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case on one runtime. `expected` and `observed` are JSON-able; `events` are the lines that the guest
    printed.
    """

    interface: str
    case: SuiteCase
    verdict: Verdict
    reason: str = ""
    expected: Any = None
    observed: Any = None
    command: tuple[str, ...] = ()
    seconds: float = 0.0
    events: tuple[Mapping[str, Any], ...] = ()
    stderr: str = ""
    skip: Skip | None = None

    @property
    def command_line(self) -> str:
        """The command that runs this case alone, for a shell."""
        return shlex.join(self.command)

    def to_json(self) -> dict[str, Any]:
        """The result as one object of `results.jsonl`."""
        return {
            "interface": self.interface,
            "case": self.case.id,
            "title": self.case.title,
            "functions": list(self.case.functions),
            "catalogue": list(self.case.catalogue),
            "origin": self.case.origin,
            "source": self.case.source,
            "place": self.case.place,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "skip": None if self.skip is None else self.skip.value,
            "expected": self.expected,
            "observed": self.observed,
            "seconds": round(self.seconds, 4),
            "command": list(self.command),
            "events": [dict(event) for event in self.events],
            "stderr": self.stderr,
        }


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One run. `unavailable` says why nothing could run; `stale` lists expectations that no longer hold.

    `level` is the conformance level that a whole run reached and `lacking` what the next one lacks; a run of selected
    cases has none. `wanted` is the level that was asked for. `options` are those that give this run again.
    """

    adapter: str
    version: str
    platform: str | None
    started: str
    seconds: float
    results: tuple[CaseResult, ...] = ()
    unavailable: str | None = None
    stale: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    selected: bool = False
    level: str | None = None
    wanted: str | None = None
    lacking: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases for each verdict, zeros included."""
        counted = Counter(result.verdict for result in self.results)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    @property
    def ok(self) -> bool:
        """Whether all that ran is as it should be, something passed, and a whole run reached the level asked for.

        A run with failures that are expected reaches no level, and is what whoever expected them asked for.
        """
        if not self.is_clean or not self.counts[Verdict.PASS.value]:
            return False
        return self.selected or self.has_expected_failures or (self.level is not None and self.reaches_wanted)

    @property
    def has_expected_failures(self) -> bool:
        """Whether cases failed that are expected to."""
        return self.counts[Verdict.XFAIL.value] > 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is as it should not be. That holds too where nothing ran."""
        return self.unavailable is None and not self.stale and all(result.verdict.is_good for result in self.results)

    @property
    def reaches_wanted(self) -> bool:
        """Whether the run reached the level that was asked for."""
        if self.wanted is None or self.level is None:
            return self.wanted is None
        return LEVELS.index(self.level) >= LEVELS.index(self.wanted)

    @property
    def conclusion(self) -> str:
        """What the run shows, in one sentence."""
        passed, skipped = self.counts[Verdict.PASS.value], self.counts[Verdict.SKIP.value]
        ran = f"{counted(passed, 'case')} passed"
        ran += f"; {counted(skipped, 'case')} skipped, which shows nothing" if skipped else ""
        if not self.is_clean:
            return "Does not conform."
        if not passed:
            return "Shows nothing: no case passed."
        if self.has_expected_failures:
            known = counted(self.counts[Verdict.XFAIL.value], "case")
            return f"As expected, and at no level: {known} failed, as expected; {ran}."
        if self.selected:
            return f"The selected cases are as they should be: {ran}."
        if self.level is None:
            return f"Does not conform: {'; '.join(self.lacking)}."
        if not self.reaches_wanted:
            return f"Does not conform at level {self.wanted}: {'; '.join(self.lacking)}."
        return f"Conforms at level {self.level}: {ran}."

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.unavailable is not None:
            return f"{self.adapter}: unavailable: {self.unavailable}"
        shown = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        stale = f", {counted(len(self.stale), 'stale expectation')}" if self.stale else ""
        runtime = f"{self.adapter} {self.version}"
        stale += f", level {self.level}" if self.level is not None else ""
        return f"{runtime}: {counted(len(self.results), 'case')}: {shown or 'none'}{stale} in {self.seconds:.1f} s"

    def to_json(self) -> dict[str, Any]:
        """The run as JSON data."""
        return {
            "adapter": self.adapter,
            "version": self.version,
            "platform": self.platform,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "ok": self.ok,
            "conclusion": self.conclusion,
            "selected": self.selected,
            "level": self.level,
            "wanted": self.wanted,
            "lacking": list(self.lacking),
            "unavailable": self.unavailable,
            "counts": self.counts,
            "stale": list(self.stale),
            "files": dict(self.files),
            "results": [result.to_json() for result in self.results],
        }
