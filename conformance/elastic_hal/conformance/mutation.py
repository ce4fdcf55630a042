"""Runs the suite against every mutant and says which cases notice it; a mutant that no case notices is a hole in the
suite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from elastic_hal.conformance.adapter import Adapter
from elastic_hal.conformance.mutants import mutant_cases, mutant_names
from elastic_hal.conformance.results import SuiteResult, Verdict
from elastic_hal.conformance.runner import BuiltSuite, run_suite

KILLERS = {Verdict.FAIL, Verdict.ERROR}


@dataclass(frozen=True, slots=True)
class MutantResult:
    """One mutant: the (interface, case) pairs that noticed it, and the run."""

    mutant: str
    killed_by: tuple[tuple[str, str], ...]
    result: SuiteResult

    @property
    def killed(self) -> bool:
        """Whether any case noticed the mutant."""
        return bool(self.killed_by)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON data, without the whole run."""
        return {
            "mutant": self.mutant,
            "killed": self.killed,
            "unavailable": self.result.unavailable,
            "killed-by": [{"interface": interface, "case": case} for interface, case in self.killed_by],
            "counts": self.result.counts,
        }


def run_mutants(
    suite: BuiltSuite,
    adapter_for: Callable[[str], Adapter],
    *,
    names: Sequence[str] | None = None,
    expression: str | None = None,
    timeout: float | None = 2.0,
    on_mutant: Callable[[MutantResult], None] | None = None,
) -> list[MutantResult]:
    """Runs the chosen cases against each mutant, or those of them that are to notice it.

    `adapter_for` gives the adapter that starts the runtime with that mutant.
    """
    found = []
    for name in names if names is not None else mutant_names():
        result = run_suite(suite, adapter_for(name), expression=mutant_selection(name, expression), timeout=timeout)
        killed_by = tuple((case.interface, case.case.id) for case in result.results if case.verdict in KILLERS)
        found.append(MutantResult(name, killed_by, result))
        if on_mutant is not None:
            on_mutant(found[-1])
    return found


def mutant_selection(name: str, expression: str | None = None) -> str | None:
    """Selects the cases for one mutant: those that are to notice it, of those that `expression` selects; None for all
    cases.
    """
    parts = [part for part in (expression, mutant_cases(name)) if part is not None]
    return " and ".join(f"({part})" for part in parts) if parts else None


def mutants_selection(names: Sequence[str], expression: str | None = None) -> str | None:
    """Selects the cases that any of these mutants needs, so that nothing is built for the others; None for all
    cases.
    """
    selections = [mutant_selection(name, expression) for name in names]
    parts = [selection for selection in selections if selection is not None]
    return " or ".join(f"({part})" for part in parts) if len(parts) == len(selections) > 0 else None
