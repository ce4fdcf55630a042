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
from elastic_hal.conformance.expectations import Expectations, apply_expectations, as_expected
from elastic_hal.conformance.expression import case_words, compile_expression
from elastic_hal.conformance.groups import members, observe_group, whole_groups
from elastic_hal.conformance.judge import judge
from elastic_hal.conformance.levels import level_reached
from elastic_hal.conformance.process import Running, StoppedError
from elastic_hal.conformance.results import CaseResult, Skip, SuiteResult, Verdict
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
    """Everything that can be run. `contract` has the ids of all interfaces of the contract that it is of, where known,
    and `interfaces` those that the whole suite has cases of, built or not.
    """

    guests: tuple[BuiltGuest, ...] = field(default=())
    contract: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()

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
    level: str | None = None,
    options: Sequence[str] = (),
) -> SuiteResult:
    """Runs the suite. `expression` selects cases, `timeout` replaces their own, `level` is the one that a whole run has
    to reach, and `options` are those that give this run again. Raises ExpressionError and AdapterError.
    """
    chosen = select(suite, expression)
    began = time.monotonic()
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    run = _Run(adapter, timeout, _Counter(sum(len(guest.cases) for guest in chosen), on_progress, expectations))
    try:
        adapter.check(suite.contract)
        name, version, offered = adapter.name, adapter.version(), adapter.hal_interfaces()
        run.offered = offered
        run.ask(suite)
        results = run.guests(chosen)
    except RuntimeUnavailable as error:
        seconds = time.monotonic() - began
        return SuiteResult(
            adapter.path.stem,
            "",
            platform,
            started,
            seconds,
            tuple(run.found),  # what was found before the runtime went away
            unavailable=str(error),
            options=tuple(options),
        )
    stale: Sequence[str] = ()
    if expectations is not None:
        all_cases = [(interface, case.id) for interface, case in suite.cases()]
        results, stale = apply_expectations(expectations, results, all_cases)
    found: str | None = None
    lacking: tuple[str, ...] = ()
    if expression is None:
        interfaces = suite.interfaces or tuple(guest.interface for guest in suite.guests if guest.cases)
        found, lacking = level_reached(results, offered, interfaces)
    return SuiteResult(
        name,
        version,
        platform,
        started,
        time.monotonic() - began,
        tuple(results),
        stale=tuple(stale),
        selected=expression is not None,
        level=found,
        wanted=level,
        lacking=lacking,
        options=tuple(options),
    )


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


class _Run:
    """One run: the adapter, what the runtime says of itself, and the processes that are under way."""

    def __init__(self, adapter: Adapter, timeout: float | None, counter: _Counter) -> None:
        self._adapter = adapter
        self._timeout = timeout
        self._counter = counter
        self._running = Running()
        self._statement: Statement | None = None
        self._asked = False
        self.offered: Sequence[str] | None = None

    @property
    def found(self) -> Sequence[CaseResult]:
        """What was found so far, as the expectations have it."""
        return self._counter.results

    def ask(self, suite: BuiltSuite) -> None:
        """Asks the runtime what it supports, where the suite can ask. A runtime that does not answer says nothing."""
        for guest in suite.guests:
            if guest.interface.startswith(INTERFACE_PREFIX):
                self._asked = True
                if self.offered is None or guest.interface in self.offered:
                    arguments = ["--call", QUESTION]
                    answer = observe_question(
                        self._adapter, guest.component, arguments, self._timeout, QUESTION_SECONDS, self._running
                    )
                    self._statement = read_statement(answer.events)

    def guests(self, guests: Sequence[BuiltGuest]) -> list[CaseResult]:
        """The results of all guests, in their order. Whatever interrupts it ends every process first."""
        workers = max(1, min(len(guests), os.cpu_count() or 1, MOST_SESSIONS))
        with ThreadPoolExecutor(workers) as pool:
            futures = {
                guest.interface: pool.submit(self._guest, guest)
                for guest in sorted(guests, key=lambda guest: -len(guest.cases))
            }
            try:
                return [result for guest in guests for result in futures[guest.interface].result()]
            except BaseException:
                self._counter.stopped = True
                self._running.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _guest(self, guest: BuiltGuest) -> list[CaseResult]:
        results: list[CaseResult] = []
        if self.offered is not None and guest.interface not in self.offered:
            reason = "the adapter does not list this interface"
            for case in guest.cases:
                results.append(self._counter.add(_skipped(guest.interface, case, reason, Skip.NOT_LISTED)))
            return results
        for case, observation in self._observe(guest):
            if self._counter.stopped:
                raise StoppedError
            if observation is None:
                reason = "the adapter cannot run several workloads at once"
                result = _skipped(guest.interface, case, reason, Skip.NO_GROUPS)
            else:
                result = judge(guest.interface, case, observation, self._statement, asked=self._asked)
            results.append(self._counter.add(result))
        return results

    def _observe(self, guest: BuiltGuest) -> Iterator[tuple[SuiteCase, Observation | None]]:
        """Runs the cases that run alone, then the groups; None where the adapter cannot run a group."""
        leaders = members(guest.cases)
        alone = [case for case in guest.cases if case.id not in leaders]
        if alone:
            yield from observe_cases(self._adapter, guest.component, alone, self._timeout, self._running)
        cases = {case.id: case for case in guest.cases}
        for leader in {leader.id: leader for leader in leaders.values()}.values():
            seen = observe_group(self._adapter, guest.component, leader, cases, self._timeout, self._running)
            yield from seen if seen is not None else ((case, None) for case in whole_groups([leader], guest.cases))


def _skipped(interface: str, case: SuiteCase, reason: str, skip: Skip) -> CaseResult:
    return CaseResult(interface, case, Verdict.SKIP, reason, skip=skip)


class _Counter:
    """Counts finished cases over all sessions and tells whoever listens, with what the expectations make of each."""

    def __init__(self, total: int, on_progress: Progress | None, expectations: Expectations | None) -> None:
        self._total = total
        self._on_progress = on_progress
        self._expectations = expectations
        self._lock = threading.Lock()
        self.results: list[CaseResult] = []
        self.stopped = False

    def add(self, result: CaseResult) -> CaseResult:
        with self._lock:
            known = self._expectations
            self.results.append(result if known is None else as_expected(result, known))
            if self._on_progress is not None:
                self._on_progress(self.results[-1], len(self.results), self._total)
        return result


def adapter_options(platform: str | None, mutant: str | None) -> Mapping[str, str]:
    """The options that `load_adapter` hands to an adapter."""
    options = {"platform": platform, "mutant": mutant}
    return {name: value for name, value in options.items() if value is not None}
