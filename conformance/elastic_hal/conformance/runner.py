"""Runs a built suite on a runtime: asks what it supports, runs the chosen cases of each guest, judges, and applies
expectations.
"""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.adapter import Adapter, RuntimeUnavailable
from elastic_hal.conformance.capabilities import INTERFACE_PREFIX, QUESTION, Statement, read_statement
from elastic_hal.conformance.expectations import Expectations, apply_expectations
from elastic_hal.conformance.expression import case_words, compile_expression
from elastic_hal.conformance.groups import members, observe_group, whole_groups
from elastic_hal.conformance.judge import judge
from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict
from elastic_hal.conformance.session import Observation, observe_cases, observe_question

Progress = Callable[[CaseResult, int, int], None]
"""Called after each case with its result, how many are done, and how many there are."""

MOST_SESSIONS = 4
QUESTION_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class BuiltGuest:
    """A guest that is ready to run: one interface, its component, its cases."""

    interface: str
    component: Path
    cases: tuple[SuiteCase, ...]


@dataclass(frozen=True, slots=True)
class BuiltSuite:
    """Everything that can be run."""

    guests: tuple[BuiltGuest, ...] = field(default=())

    def cases(self) -> Iterator[tuple[str, SuiteCase]]:
        """Every case with its interface."""
        return ((guest.interface, case) for guest in self.guests for case in guest.cases)


def run_suite(
    suite: BuiltSuite,
    adapter: Adapter,
    *,
    platform: str | None = None,
    expression: str | None = None,
    expectations: Expectations | None = None,
    timeout: float | None = None,
    on_progress: Progress | None = None,
) -> SuiteResult:
    """Runs the suite. `expression` selects cases, `timeout` replaces their own; raises ExpressionError and
    AdapterError.
    """
    chosen = select(suite, expression)
    began = time.monotonic()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    try:
        name = adapter.name
        version = adapter.version()
        statement = _statement(suite, adapter, timeout)
        results = _run_guests(chosen, adapter, statement, timeout, on_progress)
    except RuntimeUnavailable as error:
        return SuiteResult(adapter.path.stem, "", platform, started, time.monotonic() - began, unavailable=str(error))
    stale: Sequence[str] = ()
    if expectations is not None:
        all_cases = [(interface, case.id) for interface, case in suite.cases()]
        results, stale = apply_expectations(expectations, results, all_cases)
    return SuiteResult(name, version, platform, started, time.monotonic() - began, tuple(results), stale=tuple(stale))


def select(suite: BuiltSuite, expression: str | None) -> list[BuiltGuest]:
    """The guests with only those cases that the expression selects, without those that have none."""
    if expression is None:
        return list(suite.guests)
    predicate = compile_expression(expression)
    chosen = []
    for guest in suite.guests:
        selected = [case for case in guest.cases if predicate(case_words(guest.interface, case))]
        cases = whole_groups(selected, guest.cases)
        if cases:
            chosen.append(BuiltGuest(guest.interface, guest.component, cases))
    return chosen


def _statement(suite: BuiltSuite, adapter: Adapter, timeout: float | None) -> Statement | None:
    """What the runtime says that it supports, where the suite can ask it."""
    offered = adapter.hal_interfaces()
    for guest in suite.guests:
        if guest.interface.startswith(INTERFACE_PREFIX) and (offered is None or guest.interface in offered):
            answer = observe_question(adapter, guest.component, ["--call", QUESTION], timeout or QUESTION_SECONDS)
            return read_statement(answer.events)
    return None


def _run_guests(
    guests: Sequence[BuiltGuest],
    adapter: Adapter,
    statement: Statement | None,
    timeout: float | None,
    on_progress: Progress | None,
) -> list[CaseResult]:
    total = sum(len(guest.cases) for guest in guests)
    counter = _Counter(total, on_progress)
    offered = adapter.hal_interfaces()
    workers = max(1, min(len(guests), os.cpu_count() or 1, MOST_SESSIONS))
    with ThreadPoolExecutor(workers) as pool:
        futures = {
            guest.interface: pool.submit(_run_guest, guest, adapter, statement, offered, timeout, counter)
            for guest in sorted(guests, key=lambda guest: -len(guest.cases))
        }
        try:
            return [result for guest in guests for result in futures[guest.interface].result()]
        except BaseException:
            counter.stopped = True
            raise


def _run_guest(
    guest: BuiltGuest,
    adapter: Adapter,
    statement: Statement | None,
    offered: Sequence[str] | None,
    timeout: float | None,
    counter: _Counter,
) -> list[CaseResult]:
    results: list[CaseResult] = []
    if offered is not None and guest.interface not in offered:
        for case in guest.cases:
            results.append(counter.add(_not_offered(guest.interface, case)))
        return results
    for case, observation in _observe(guest, adapter, timeout):
        if observation is None:
            result = CaseResult(guest.interface, case, Verdict.SKIP, "the adapter cannot run several workloads at once")
        else:
            result = judge(guest.interface, case, observation, statement)
        results.append(counter.add(result))
        if counter.stopped:
            break
    return results


def _observe(
    guest: BuiltGuest, adapter: Adapter, timeout: float | None
) -> Iterator[tuple[SuiteCase, Observation | None]]:
    """Runs the cases that run alone, then the groups; None where the adapter cannot run a group."""
    leaders = members(guest.cases)
    alone = [case for case in guest.cases if case.id not in leaders]
    if alone:
        yield from observe_cases(adapter, guest.component, alone, timeout)
    cases = {case.id: case for case in guest.cases}
    for leader in {leader.id: leader for leader in leaders.values()}.values():
        seen = observe_group(adapter, guest.component, leader, cases, timeout)
        yield from seen if seen is not None else ((case, None) for case in whole_groups([leader], guest.cases))


def _not_offered(interface: str, case: SuiteCase) -> CaseResult:
    return CaseResult(interface, case, Verdict.SKIP, "the adapter does not list this interface")


class _Counter:
    """Counts finished cases over all sessions and tells whoever listens."""

    def __init__(self, total: int, on_progress: Progress | None) -> None:
        self._total = total
        self._done = 0
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self.stopped = False

    def add(self, result: CaseResult) -> CaseResult:
        with self._lock:
            self._done += 1
            if self._on_progress is not None:
                self._on_progress(result, self._done, self._total)
        return result


def adapter_options(platform: str | None, mutant: str | None) -> Mapping[str, str]:
    """The options that `load_adapter` hands to an adapter."""
    options = {"platform": platform, "mutant": mutant}
    return {name: value for name, value in options.items() if value is not None}
