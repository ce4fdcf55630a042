"""Whether the lines of one case are those that its guest would print: each in its place, of this case, none missing.

A runtime under test carries these lines and could print any it likes. What can be checked without believing it is
checked here: the case's steps are known, and with them which lines a run of it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elastic_hal.codegen.targets.suite.cases import CallStep, SuiteCase
from elastic_hal.common.text import shown

Event = Mapping[str, Any]
KINDS = ("begin", "step", "end", "summary")
_ENDS = {None: ("ok",), "ok": ("ok",), "err": ("err",), "typed": ("ok", "err")}


def fault(case: SuiteCase, events: Sequence[Event]) -> str | None:
    """Return what is wrong with the lines of a case, whatever its verdict; None where they are in order.

    The case has begun, which is for the caller to see.
    """
    for event in events:
        if event.get("event") not in KINDS:
            return f"{shown(event.get('event'), 60)!r} is no line of the protocol"
        if event["event"] != "summary" and event.get("case") != case.id:
            return f"a line is of another case: {shown(event.get('case'), 60)!r}"
    kinds = [event["event"] for event in events]
    if kinds[0] != "begin" or kinds.count("begin") != 1:
        return "the case does not begin once, in the first line"
    if "end" in kinds and kinds[kinds.index("end") :] != ["end", "summary"]:
        return "after the end comes the line with the count, and nothing else"
    if "summary" in kinds and "end" not in kinds:
        return "the line with the count comes without an end"
    last = 0
    for step in _steps(events):
        number = _number(step, len(case.steps)) if case.steps else last
        if number is None or number < last:
            return f"step {shown(step.get('step'), 60)} is none of the case, or out of order"
        last = number
    return _fault_of_end(case, events[-2], events[-1]) if "end" in kinds else None


def fault_of_pass(case: SuiteCase, events: Sequence[Event]) -> str | None:
    """Return why the lines don't show that every step of a case went as expected; None where they do."""
    return _fault_of_steps(case, _steps(events), len(case.steps))


def trapped_as_expected(case: SuiteCase, events: Sequence[Event]) -> bool:
    """Whether the last line announces the very call that the case expects to trap, after all steps before it."""
    for number, step in enumerate(case.steps, start=1):
        if isinstance(step, CallStep) and step.expect == ("trap",):
            last = events[-1]
            announced = last.get("event") == "step" and last.get("expect") == "trap" and "outcome" not in last
            return (
                announced
                and (last.get("step"), last.get("call")) == (number, _label(step))
                and _fault_of_steps(case, _steps(events)[:-1], number - 1) is None
            )
    return False


def said_unsupported(case: SuiteCase, events: Sequence[Event]) -> int | None:
    """Return the number of the step that the end blames, where its line says that the call gave `unsupported`."""
    number = _number(events[-2], len(case.steps))
    steps = _steps(events)
    if not steps or steps[-1].get("step") != number:
        return None
    return number if is_unsupported(steps[-1]) else None


def is_unsupported(step: Event) -> bool:
    """Whether the line of a step says that its call gave the error `unsupported`."""
    outcome = step.get("outcome")
    error = outcome.get("err") if isinstance(outcome, Mapping) else None
    return error == "unsupported" or (isinstance(error, Mapping) and "unsupported" in error)


def _fault_of_end(case: SuiteCase, end: Event, summary: Event) -> str | None:
    passed = end.get("verdict") == "pass"
    if not passed and case.steps and _number(end, len(case.steps)) is None:
        return f"the end blames step {shown(end.get('step'), 60)}, which the case does not have"
    counts = [summary.get("count"), *([summary.get("passed")] if passed else [])]
    if any(type(count) is not int or count != 1 for count in counts):
        return "the last line counts other cases than the one that ran"
    return None


def _fault_of_steps(case: SuiteCase, found: Sequence[Event], until: int) -> str | None:
    """Compare lines with the steps up to one. A step that is repeated has a line only where it fails."""
    wanted = [
        (number, step)
        for number, step in enumerate(case.steps[:until], start=1)
        if isinstance(step, CallStep) and step.repeat is None
    ]
    for (number, step), event in zip(wanted, found, strict=False):
        if (event.get("step"), event.get("call")) != (number, _label(step)):
            return f"the line of step {number} is missing"
        if not _is_as_expected(step, event.get("outcome")):
            return f"step {number} is not as expected, whatever the verdict says"
    if len(found) != len(wanted):
        return f"there are {len(found)} lines of steps where {len(wanted)} belong"
    return None


def _is_as_expected(step: CallStep, outcome: Any) -> bool:
    """Whether the kind of an outcome is the one that a step demands; whether its value is, the guest has judged."""
    kind = None if step.expect is None else step.expect[0]
    if not isinstance(outcome, Mapping) or len(outcome) != 1 or next(iter(outcome)) not in _ENDS.get(kind, ()):
        return False
    alternatives = step.expect[1] if kind == "err" and step.expect is not None else None
    if not alternatives or not all(isinstance(item, dict) for item in alternatives):
        return True
    return isinstance(outcome["err"], Mapping) and any(set(item) <= set(outcome["err"]) for item in alternatives)


def _steps(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.get("event") == "step"]


def _label(step: CallStep) -> str:
    return f"{step.interface}#{step.function}"


def _number(event: Event, most: int) -> int | None:
    """The number of the step that an event is about, where the case has such a step."""
    number = event.get("step")
    return number if type(number) is int and 1 <= number <= most else None
