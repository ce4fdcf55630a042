"""Cases that need several workloads at once: they run beside each other in one host, each as a workload of its own.

A case with `beside` leads a group: it runs as the workload that the guest always is, and the cases that it names run at
the same time, as workloads of the names that it gives them. Every case of a group is judged by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.adapter import Adapter
from elastic_hal.conformance.document import CaseProblem, suggestion
from elastic_hal.conformance.events import parse_event
from elastic_hal.conformance.process import LONGEST_LINE, Running, RuntimeProcess
from elastic_hal.conformance.session import MOST_BYTES, MOST_LINES, SETTLE_SECONDS, START_SECONDS, Observation

SEPARATOR = b" | "
"""What stands between the name of a workload and a line of its output."""


@dataclass(frozen=True, slots=True)
class GroupCase(SuiteCase):
    """A case that leads a group. `beside` has the name of each other workload and the id of its case."""

    beside: tuple[tuple[str, str], ...] = ()


def lead_groups(
    cases: Sequence[SuiteCase], beside: Mapping[str, Mapping[str, str]], path: str
) -> tuple[list[SuiteCase], list[CaseProblem]]:
    """The cases with those that lead a group made GroupCases, and what is wrong with their groups."""
    known = {case.id: case for case in cases}
    problems: list[CaseProblem] = []
    taken: dict[str, str] = {}
    for leader, others in beside.items():
        line = int(known[leader].place.rpartition(":")[2])
        for identifier in others.values():
            if identifier not in known:
                problems.append(
                    CaseProblem(path, line, f"beside: there is no case {identifier!r}", suggestion(identifier, known))
                )
            elif identifier in beside:
                problems.append(CaseProblem(path, line, f"beside: {identifier!r} leads a group itself", ""))
            elif identifier in taken:
                problems.append(
                    CaseProblem(
                        path, line, f"beside: {identifier!r} is in the group of {taken[identifier]!r} already", ""
                    )
                )
            taken[identifier] = leader
    made = [_leading(case, beside[case.id]) if case.id in beside else case for case in cases]
    return made, problems


def members(cases: Sequence[SuiteCase]) -> dict[str, GroupCase]:
    """The ids of all cases that are in a group, each with the case that leads it."""
    found: dict[str, GroupCase] = {}
    for case in cases:
        if isinstance(case, GroupCase):
            found |= dict.fromkeys((case.id, *(other for _, other in case.beside)), case)
    return found


def whole_groups(chosen: Sequence[SuiteCase], cases: Sequence[SuiteCase]) -> tuple[SuiteCase, ...]:
    """The chosen cases, and those that must run with them, in the order of `cases`."""
    leaders = members(cases)
    groups = {leaders[case.id].id for case in chosen if case.id in leaders}
    wanted = {case.id for case in chosen} | {case for case, leader in leaders.items() if leader.id in groups}
    return tuple(case for case in cases if case.id in wanted)


def observe_group(
    adapter: Adapter,
    component: Path,
    leader: GroupCase,
    cases: Mapping[str, SuiteCase],
    timeout: float | None = None,
    running: Running | None = None,
) -> Iterator[tuple[SuiteCase, Observation]] | None:
    """Runs a group and gives what was seen of each case; None where the adapter cannot run several workloads."""
    workloads = {component.stem: cases[leader.id], **{name: cases[case] for name, case in leader.beside}}
    command = adapter.group_argv([(name, component, ["--case", case.id]) for name, case in workloads.items()])
    if command is None:
        return None
    own = max(case.timeout for case in workloads.values())
    seen = _observe(command, tuple(workloads), timeout, own, running or Running())
    return iter([(workloads[name], observation) for name, observation in seen.items()])


def _leading(case: SuiteCase, others: Mapping[str, str]) -> GroupCase:
    values: dict[str, Any] = {field.name: getattr(case, field.name) for field in fields(SuiteCase)}
    return GroupCase(**values, beside=tuple(others.items()))


def _observe(
    command: tuple[str, ...], names: Sequence[str], timeout: float | None, own: float, running: Running
) -> dict[str, Observation]:
    """Runs the command to its end and sorts its lines by workload."""
    whole = Observation(command)
    seen = {name: Observation(command) for name in names}
    started = time.monotonic()
    process = running.start(command)
    try:
        process.end_input()
        _collect(process, whole, seen, timeout, own)
        if not whole.timed_out and not whole.overflow:
            whole.exit_code = process.wait(time.monotonic() + SETTLE_SECONDS)
    finally:
        code = running.end(process)
    whole.runtime_died = whole.exit_code is not None and code < 0
    whole.seconds, whole.stderr = time.monotonic() - started, process.stderr_tail()
    all_passed = all(_passed(own) for own in seen.values())
    return {name: _own(whole, own, all_passed=all_passed) for name, own in seen.items()}


def _collect(
    process: RuntimeProcess, whole: Observation, seen: Mapping[str, Observation], timeout: float | None, seconds: float
) -> None:
    """Reads until all have ended. Their own time begins when all of them have begun, because loading a component may
    take long; a time of the user's counts from the start.
    """
    lines = size = 0
    deadline = time.monotonic() + (START_SECONDS if timeout is None else timeout)
    begun = timeout is not None
    while True:
        if not begun and all(own.events for own in seen.values()):
            deadline, begun = time.monotonic() + seconds, True
        try:
            raw = process.read_line(deadline)
        except TimeoutError:
            whole.timed_out = True
            return
        if raw is None:
            return
        lines += 1
        size += len(raw)
        if lines > MOST_LINES or size > MOST_BYTES or len(raw) > LONGEST_LINE:
            whole.overflow = True
            return
        name, _, text = raw.partition(SEPARATOR)
        own = seen.get(name.decode(errors="replace").strip())
        event = parse_event(text) if own is not None else None
        if own is None or event is None:
            whole.garbage = whole.garbage or raw[:200].decode(errors="replace").rstrip("\n")
        else:
            own.events.append(event)


def _own(whole: Observation, own: Observation, *, all_passed: bool) -> Observation:
    """What was seen of one workload. The command has one exit code: a bad one is of those that did not pass."""
    if whole.timed_out and _failed(own):
        # It has ended, and badly: that the others wait for ever, perhaps for what it owed them, is not its verdict.
        return replace(whole, events=own.events, timed_out=False, exit_code=1)
    blamed = not _passed(own) or all_passed
    code = whole.exit_code if whole.exit_code is None or blamed else 0
    return replace(whole, events=own.events, exit_code=code)


def _failed(own: Observation) -> bool:
    ended = bool(own.events) and own.events[-1].get("event") == "summary"
    return ended and not _passed(own)


def _passed(own: Observation) -> bool:
    return any(event.get("event") == "end" and event.get("verdict") == "pass" for event in own.events)
