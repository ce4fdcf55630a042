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
            "expected": self.expected,
            "observed": self.observed,
            "seconds": round(self.seconds, 4),
            "command": list(self.command),
            "events": [dict(event) for event in self.events],
            "stderr": self.stderr,
        }


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One run. `unavailable` says why nothing could run; `stale` lists expectations that no longer hold."""

    adapter: str
    version: str
    platform: str | None
    started: str
    seconds: float
    results: tuple[CaseResult, ...] = ()
    unavailable: str | None = None
    stale: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases for each verdict, zeros included."""
        counted = Counter(result.verdict for result in self.results)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    @property
    def ok(self) -> bool:
        """Whether the runtime conforms as far as was run."""
        return self.unavailable is None and not self.stale and all(result.verdict.is_good for result in self.results)

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.unavailable is not None:
            return f"{self.adapter}: unavailable: {self.unavailable}"
        shown = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        stale = f", {counted(len(self.stale), 'stale expectation')}" if self.stale else ""
        runtime = f"{self.adapter} {self.version}"
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
            "unavailable": self.unavailable,
            "counts": self.counts,
            "stale": list(self.stale),
            "files": dict(self.files),
            "results": [result.to_json() for result in self.results],
        }
