"""Whether what a runtime says of itself in `capabilities` and what its calls did agree, step by step.

A step that gave `unsupported` is excused only by the runtime's own word on what that very step needs; a step that
worked contradicts a runtime that says it lacks what the step needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from elastic_hal.codegen.targets.suite.cases import CallStep, Need, SuiteCase
from elastic_hal.conformance.capabilities import Statement
from elastic_hal.conformance.protocol import is_unsupported


def excuse(case: SuiteCase, step: int | None, statement: Statement | None, *, asked: bool) -> tuple[bool, str]:
    """Return whether a case whose `step` gave `unsupported` may be skipped, and why or why not.

    `asked` says that the suite can ask for capabilities: a runtime that then says nothing excuses nothing.
    """
    if statement is None:
        if asked:
            return False, "unsupported, but the runtime does not list its capabilities, so that nothing says so"
        return True, "unsupported; the suite has no case file of `capabilities` to ask the runtime by"
    needs = _needs(case, step)
    denied = statement.denied(needs)
    if denied is not None:
        return True, f"unsupported, as capabilities say of {denied}"
    return False, f"unsupported, but capabilities say that {_spelled(needs)} is supported"


def disagreement(case: SuiteCase, events: Sequence[Mapping[str, Any]], statement: Statement | None) -> str | None:
    """Return where a case that passed shows that the runtime's capabilities are not true; None where it does not."""
    if statement is None:
        return None
    if not case.steps:
        denied = statement.denied(_needs(case, None))
        served = denied is not None and case.positive and not case.negative
        return f"capabilities say that {denied} is not supported, but it is served" if served else None
    for number, event in _outcomes(case, events):
        needs = case.step_needs[number - 1] if number <= len(case.step_needs) else ()
        step = case.steps[number - 1]
        if is_unsupported(event):
            algorithms = [need for need in needs if need.is_algorithm]
            free = isinstance(step, CallStep) and step.expect == ("typed",)
            if free and algorithms and statement.denied(needs) is None:
                return f"step {number}: unsupported, but capabilities say that {_spelled(algorithms)} is supported"
        elif "ok" in event["outcome"]:
            denied = statement.denied(need for need in needs if need.exact)
            if denied is not None:
                return f"step {number}: capabilities say that {denied} is not supported, but it is served"
    return None


def _needs(case: SuiteCase, step: int | None) -> tuple[Need, ...]:
    """What one step needs, where that is known, else what the whole case needs."""
    if step is not None and step <= len(case.step_needs):
        return case.step_needs[step - 1]
    return tuple(Need.written(text) for text in case.needs)


def _outcomes(case: SuiteCase, events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The steps that were called, with their lines; steps that are repeated have none where they pass."""
    for event in events:
        if event.get("event") == "step" and isinstance(event.get("outcome"), Mapping):
            yield event["step"], event
    for number, step in enumerate(case.steps, start=1):
        if isinstance(step, CallStep) and step.repeat is not None and (step.expect is None or step.expect[0] == "ok"):
            yield number, {"outcome": {"ok": None}}


def _spelled(needs: Iterable[Need]) -> str:
    return ", ".join(dict.fromkeys(str(need) for need in needs)) or "it"
