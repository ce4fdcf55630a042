"""Runs the suite against every mutant and says which cases notice it; a mutant that no case notices is a hole in the
suite.

First the same runtime runs without a mutant: only where it is healthy does it say anything that a case fails with one.
A mutant is noticed by a case that passed then and fails now. A runtime that breaks down, or does not come back, has
shown nothing of the mutant, except where that is just what the mutant does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from elastic_hal.common.errors import ElasticHalError
from elastic_hal.conformance.adapter import Adapter
from elastic_hal.conformance.expression import any_of, full_id
from elastic_hal.conformance.mutants import BREAKS_DOWN, HANGS, mutant_cases, mutant_names
from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict
from elastic_hal.conformance.runner import BuiltSuite, run_suite, select

MAX_BAD_SHOWN = 5
MAX_HANGING_CASES = 2
"""Cases of each interface that run against a mutant that hangs, since each costs its whole time."""
Notice = tuple[str, str]


class UnhealthyBaselineError(ElasticHalError):
    """The runtime is not in order without any mutant, so that nothing can be said of the mutants."""


@dataclass(frozen=True, slots=True)
class MutantResult:
    """One mutant: the (interface, case) pairs that noticed it, and the run."""

    mutant: str
    killed_by: tuple[Notice, ...]
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
    adapter_for: Callable[[str | None], Adapter],
    *,
    names: Sequence[str] | None = None,
    expression: str | None = None,
    timeout: float | None = 2.0,
    on_mutant: Callable[[MutantResult], None] | None = None,
    baseline: SuiteResult | None = None,
) -> list[MutantResult]:
    """Runs the chosen cases against each mutant, or those of them that are to notice it.

    `adapter_for` gives the adapter that starts the runtime with that mutant, and for None the one without any.
    `timeout` is how long a case may take with a mutant that hangs; with the others it has its own time. `baseline` is a
    run of the runtime without mutant, where there is one already.

    Raises:
        UnhealthyBaselineError: without any mutant the runtime is not there, a case fails, or none passes.
    """
    names = mutant_names() if names is None else names
    if baseline is None:
        baseline = run_suite(suite, adapter_for(None), expression=mutants_selection(names, expression))
    healthy = _healthy(baseline)
    found = []
    for name in names:
        selection = mutant_selection(name, expression)
        if name == HANGS:
            selection = any_of([], _few_of_each_interface(healthy, baseline, selection, suite))
        limit = timeout if name == HANGS else None
        result = run_suite(suite, adapter_for(name), expression=selection, timeout=limit)
        found.append(MutantResult(name, _noticed(name, result, healthy), result))
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


def _healthy(baseline: SuiteResult) -> frozenset[Notice]:
    """The cases that pass without a mutant; raises where any does not, or none does."""
    hint = "`elastic-hal conformance run` shows what is wrong; until it passes, nothing can be said of mutants"
    if baseline.unavailable is not None:
        raise UnhealthyBaselineError(f"without a mutant the runtime is not there: {baseline.unavailable}", hint)
    bad = [result for result in baseline.results if not result.verdict.is_good]
    if bad:
        shown = "; ".join(f"{full_id(item.interface, item.case)}: {item.reason}" for item in bad[:MAX_BAD_SHOWN])
        more = f"; and {len(bad) - MAX_BAD_SHOWN} more" if len(bad) > MAX_BAD_SHOWN else ""
        raise UnhealthyBaselineError(f"without a mutant {len(bad)} cases do not pass: {shown}{more}", hint)
    passed = frozenset(_of(result) for result in baseline.results if result.verdict is Verdict.PASS)
    if not passed:
        raise UnhealthyBaselineError("without a mutant no case passes", hint)
    return passed


def _noticed(name: str, result: SuiteResult, healthy: frozenset[Notice]) -> tuple[Notice, ...]:
    kills = {Verdict.FAIL, Verdict.ERROR} if name in BREAKS_DOWN else {Verdict.FAIL}
    return tuple(_of(item) for item in result.results if item.verdict in kills and _of(item) in healthy)


def _few_of_each_interface(
    healthy: frozenset[Notice], baseline: SuiteResult, selection: str | None, suite: BuiltSuite
) -> list[str]:
    """The first cases of each interface that passed, of those that are selected, by their full ids."""
    chosen: dict[str, list[str]] = {}
    selected = {(guest.interface, case.id) for guest in select(suite, selection) for case in guest.cases}
    for result in baseline.results:
        few = chosen.setdefault(result.interface, [])
        if _of(result) in healthy and _of(result) in selected and len(few) < MAX_HANGING_CASES:
            few.append(full_id(result.interface, result.case))
    return [name for few in chosen.values() for name in few]


def _of(result: CaseResult) -> Notice:
    return result.interface, result.case.id
