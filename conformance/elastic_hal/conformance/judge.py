"""Turns what was observed of one case into a verdict.

The guest's own verdict counts only where everything around it is in order: its lines are JSON, the last line is
there, and the exit code agrees. What the runtime broke is an error, what the contract forbids is a failure.
"""

from __future__ import annotations

from typing import Any

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.capabilities import Statement
from elastic_hal.conformance.results import CaseResult, Verdict
from elastic_hal.conformance.session import Observation

LONGEST_OBSERVED = 2_000
LONGEST_WORDS = 200


def judge(interface: str, case: SuiteCase, observation: Observation, statement: Statement | None) -> CaseResult:
    """The result of a case, before expectations."""
    verdict, reason, expected, observed = _verdict(case, observation, statement)
    return CaseResult(
        interface=interface,
        case=case,
        verdict=verdict,
        reason=reason,
        expected=expected,
        observed=_bounded(observed),
        command=observation.command,
        seconds=observation.seconds,
        events=tuple(observation.events[-200:]),
        stderr=observation.stderr,
    )


def _verdict(case: SuiteCase, observation: Observation, statement: Statement | None) -> tuple[Verdict, str, Any, Any]:
    broken = _broken(observation)
    if broken is not None:
        return Verdict.ERROR, broken, None, observation.garbage
    begun = [event for event in observation.events if event.get("event") == "begin"]
    ends = [event for event in observation.events if event.get("event") == "end"]
    if [event.get("case") for event in begun] != [case.id]:
        reason = _with_last_words(f"the guest did not begin the case {case.id}", observation.stderr)
        return Verdict.ERROR, reason, None, _last_event(observation)
    if not ends:
        return _without_end(case, observation)
    end = ends[0]
    summaries = [event for event in observation.events if event.get("event") == "summary"]
    if len(ends) != 1 or end.get("case") != case.id or len(summaries) != 1 or summaries[0].get("count") != 1:
        return (
            Verdict.ERROR,
            "the output is cut short: its last line, with the count, is missing",
            None,
            _last_event(observation),
        )
    if (end.get("verdict") == "pass") != (observation.exit_code == 0):
        return Verdict.ERROR, f"the exit code {observation.exit_code} contradicts the guest's verdict", None, end
    return _guest_verdict(case, end, statement)


def _broken(observation: Observation) -> str | None:
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
    return f"{reason}: {said[-1][:LONGEST_WORDS]}" if said else reason


def _without_end(case: SuiteCase, observation: Observation) -> tuple[Verdict, str, Any, Any]:
    last = observation.events[-1]
    if observation.exit_code == 0:
        return Verdict.ERROR, "the output is cut short: the guest exited well without ending the case", None, last
    if last.get("event") == "step" and last.get("expect") == "trap":
        return Verdict.PASS, "trapped as expected", "trap", "trap"
    step = last.get("step", 0) if last.get("event") == "step" else 0
    return (
        Verdict.FAIL,
        f"the guest trapped after step {step}",
        "no trap" if not case.expects_trap else "trap at its step",
        last,
    )


def _guest_verdict(case: SuiteCase, end: dict[str, Any], statement: Statement | None) -> tuple[Verdict, str, Any, Any]:
    expected, observed = end.get("expected"), end.get("observed")
    denied = None if statement is None else statement.denied(case.needs)
    match end.get("verdict"):
        case "pass" if denied is not None and case.positive and not case.negative:
            return Verdict.FAIL, f"capabilities say that {denied} is not supported, but it is served", None, "ok"
        case "pass":
            return Verdict.PASS, "", None, None
        case "unsupported" if statement is None:
            return Verdict.SKIP, "unsupported; the runtime has no list of capabilities", expected, observed
        case "unsupported" if denied is not None:
            return Verdict.SKIP, f"unsupported, as capabilities say of {denied}", expected, observed
        case "unsupported":
            reason = f"unsupported, but capabilities say that {', '.join(case.needs) or 'it'} is supported"
            return Verdict.FAIL, reason, expected, observed
        case "fail":
            call = f"step {end.get('step')}: " + (
                f"{end['call'].rpartition('#')[2]}: " if isinstance(end.get("call"), str) else ""
            )
            return Verdict.FAIL, f"{call}{end.get('reason', 'failed')}", expected, observed
        case "broken":
            return Verdict.ERROR, f"step {end.get('step')}: {end.get('reason')}", None, end
        case other:
            return Verdict.ERROR, f"{other!r} is no verdict", None, end


def _last_event(observation: Observation) -> Any:
    return observation.events[-1] if observation.events else None


def _bounded(observed: Any) -> Any:
    text = str(observed)
    return observed if len(text) <= LONGEST_OBSERVED else text[:LONGEST_OBSERVED] + "…"
