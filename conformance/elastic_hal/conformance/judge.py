"""Turns what was observed of one case into a verdict.

The guest's own verdict counts only where everything around it is in order: its lines are JSON, each is in its place,
the last line is there, and the exit code agrees. What the runtime broke is an error, what the contract forbids is a
failure.
"""

from __future__ import annotations

from typing import Any

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.common.text import shown
from elastic_hal.conformance import protocol
from elastic_hal.conformance.agreement import disagreement, excuse
from elastic_hal.conformance.capabilities import Statement
from elastic_hal.conformance.results import CaseResult, Skip, Verdict
from elastic_hal.conformance.session import Observation

LONGEST_OBSERVED = 2_000
LONGEST_WORDS = 200
Judgement = tuple[Verdict, str, Any, Any]


def judge(
    interface: str, case: SuiteCase, observation: Observation, statement: Statement | None, *, asked: bool = False
) -> CaseResult:
    """The result of a case, before expectations. `asked` says that the runtime was to state its capabilities."""
    verdict, reason, expected, observed = _verdict(case, observation, statement, asked)
    return CaseResult(
        interface=interface,
        case=case,
        verdict=verdict,
        reason=reason,
        expected=_bounded(expected),
        observed=_bounded(observed),
        command=observation.command,
        seconds=observation.seconds,
        events=tuple(observation.events[-200:]),
        stderr=observation.stderr,
        skip=None if verdict is not Verdict.SKIP else Skip.NOT_ASKED if statement is None else Skip.LACKING,
    )


def _verdict(case: SuiteCase, observation: Observation, statement: Statement | None, asked: bool) -> Judgement:
    broken = _broken(observation)
    if broken is not None:
        return Verdict.ERROR, broken, None, observation.garbage
    events = observation.events
    begun = [event.get("case") for event in events if event.get("event") == "begin"]
    if not begun or begun[0] != case.id:
        reason = _with_last_words(f"the guest did not begin the case {case.id}", observation.stderr)
        return Verdict.ERROR, reason, None, _last_event(observation)
    ended = any(event.get("event") == "end" for event in events)
    if ended and events[-1].get("event") == "end":
        reason = "the output is cut short: its last line, with the count, is missing"
        return Verdict.ERROR, reason, None, _last_event(observation)
    fault = protocol.fault(case, events)
    if fault is not None:
        return Verdict.ERROR, f"the output is not that of the case: {fault}", None, _last_event(observation)
    if not ended:
        return _without_end(case, observation)
    end = events[-2]
    if (end.get("verdict") == "pass") != (observation.exit_code == 0):
        return Verdict.ERROR, f"the exit code {observation.exit_code} contradicts the guest's verdict", None, end
    return _guest_verdict(case, observation, statement, asked)


def _broken(observation: Observation) -> str | None:
    if observation.not_run is not None:
        return observation.not_run
    if observation.timed_out:
        return f"no end after {observation.seconds:.0f} s; the runtime was killed"
    if observation.overflow:
        return "the output is larger than a case may print"
    if observation.garbage is not None:
        return "the output is not one JSON object a line"
    if observation.runtime_died:
        return _with_last_words("the runtime ended before the case did", observation.stderr)
    return None


def _with_last_words(reason: str, stderr: str) -> str:
    """The reason, and what the runtime said last: mostly the cause."""
    said = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"{reason}: {shown(said[-1], LONGEST_WORDS)}" if said else reason


def _without_end(case: SuiteCase, observation: Observation) -> Judgement:
    last = observation.events[-1]
    if observation.exit_code == 0:
        return Verdict.ERROR, "the output is cut short: the guest exited well without ending the case", None, last
    if protocol.trapped_as_expected(case, observation.events):
        return Verdict.PASS, "trapped as expected", "trap", "trap"
    step = last.get("step", 0) if last.get("event") == "step" else 0
    return (
        Verdict.FAIL,
        f"the guest trapped after step {step}",
        "no trap" if not case.expects_trap else "trap at its step",
        last,
    )


def _guest_verdict(case: SuiteCase, observation: Observation, statement: Statement | None, asked: bool) -> Judgement:
    events = observation.events
    end = events[-2]
    expected, observed = end.get("expected"), end.get("observed")
    match end.get("verdict"):
        case "pass":
            fault = protocol.fault_of_pass(case, events)
            if fault is not None:
                return Verdict.ERROR, f"the output is not that of a case that passes: {fault}", None, end
            reason = disagreement(case, events, statement)
            return (Verdict.PASS, "", None, None) if reason is None else (Verdict.FAIL, reason, None, "ok")
        case "unsupported":
            step = protocol.said_unsupported(case, events)
            if case.steps and step is None:
                return Verdict.ERROR, "the end says unsupported, but no step does", None, end
            excused, reason = excuse(case, step, statement, asked=asked)
            return (Verdict.SKIP if excused else Verdict.FAIL), reason, expected, observed
        case "fail":
            call = f"{shown(end['call']).rpartition('#')[2]}: " if isinstance(end.get("call"), str) else ""
            reason = shown(end.get("reason", "failed"), LONGEST_WORDS)
            return Verdict.FAIL, f"step {shown(end.get('step'), 60)}: {call}{reason}", expected, observed
        case "broken":
            reason = f"step {shown(end.get('step'), 60)}: {shown(end.get('reason'), LONGEST_WORDS)}"
            return Verdict.ERROR, reason, None, end
        case other:
            return Verdict.ERROR, f"{shown(repr(other), LONGEST_WORDS)} is no verdict", None, end


def _last_event(observation: Observation) -> Any:
    return observation.events[-1] if observation.events else None


def _bounded(observed: Any) -> Any:
    text = str(observed)
    return observed if len(text) <= LONGEST_OBSERVED else text[:LONGEST_OBSERVED] + "…"
