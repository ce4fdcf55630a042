"""Checks of what an authentic quote states against what the relying party demands of it."""

from collections.abc import Iterator
from typing import Final

from elastic_hal.reference_impl.verify.appraisal import Check, Verdict
from elastic_hal.reference_impl.verify.bare_reports import MEASUREMENT, UNSTATED_NAMES, check_unstated
from elastic_hal.reference_impl.verify.claim_checks import believe_stated, check_measurement, listed
from elastic_hal.reference_impl.verify.context import Context
from elastic_hal.reference_impl.verify.freshness import REPORT_DATA, check_report_data

from .claims import TdxClaims
from .event_log import REGISTERS, LoggedEvent, replay
from .policy import IDENTITIES, TdxPolicy

_LOGS: Final = tuple(f"event log of RTMR{number}" for number in range(REGISTERS))
_OF_THE_QUOTE: Final = (
    "debug state",
    "TCB status",
    "advisories",
    "TCB evaluation",
    "platform state",
    *IDENTITIES,
    *_LOGS,
    MEASUREMENT,
)


def demand_names(*, alone: bool) -> tuple[str, ...]:
    """Name the checks that `check_demands` makes, in its order."""
    return (REPORT_DATA, *_OF_THE_QUOTE, *(UNSTATED_NAMES if alone else ()))


def check_demands(claims: TdxClaims, events: list[LoggedEvent], context: Context) -> list[Check]:
    """Judge what the quote states, and whether the events lead to its registers.

    A quote that stands alone is also asked for what a token would state: demands that it cannot meet are not met.
    """
    policy = context.policy
    checks = [
        check_report_data(claims.quote.report.report_data, context),
        _debug(claims, policy.allow_debug),
        _status(claims, policy.tdx),
        _advisories(claims, policy.tdx),
        _evaluation(claims, policy.tdx),
        _platform(claims, policy.tdx),
        *_identities(claims, policy.tdx),
        *check_log(claims.quote.report.rtmrs, events, policy.tdx),
        check_measurement("platform", claims.measurements[0], policy),
    ]
    if context.report_data is None:
        # Any software of the guest can extend a register and write the log that explains it.
        checks += believe_stated(check_unstated(policy, claims.workload), checks, policy)
    return checks


def check_log(registers: tuple[bytes, ...], events: list[LoggedEvent], policy: TdxPolicy) -> Iterator[Check]:
    """Compare each register with what the events lead to."""
    replayed = replay(events)
    for number, (name, register) in enumerate(zip(_LOGS, registers, strict=True)):
        count = sum(event.register == number for event in events)
        if number in replayed:
            expected = replayed[number].hex()
            if replayed[number] == register:
                yield Check(name, Verdict.PASS, register.hex(), expected, f"{count} events lead to it")
            else:
                yield Check(name, Verdict.FAIL, register.hex(), expected, f"{count} events lead elsewhere")
        elif not any(register):
            yield Check(name, Verdict.PASS, register.hex(), bytes(len(register)).hex(), "nothing was measured into it")
        elif policy.require_event_log:
            yield Check(name, Verdict.FAIL, register.hex(), "explained by a log", "no event of it was given")
        else:
            yield Check(name, Verdict.NOT_CHECKED, register.hex(), None, "no event of it was given")


def _debug(claims: TdxClaims, allowed: bool) -> Check:
    name = "debug state"
    if not claims.quote.debug:
        return Check(name, Verdict.PASS, "disabled", "disabled")
    if allowed:
        return Check(name, Verdict.PASS, "enabled", "debug is allowed")
    detail = "the host may read and change the guest's memory"
    return Check(name, Verdict.FAIL, "enabled", "disabled", detail)


def _status(claims: TdxClaims, policy: TdxPolicy) -> Check:
    name, tcb = "TCB status", claims.tcb
    value = tcb.status
    if tcb.machine_status != tcb.enclave_status:
        value = f"{tcb.status} (machine {tcb.machine_status}, quoting enclave {tcb.enclave_status})"
    expected = ", ".join(policy.tcb_status)
    if tcb.status in policy.tcb_status:
        return Check(name, Verdict.PASS, value, expected)
    detail = "list the status in tdx.tcb_status to accept it"
    return Check(name, Verdict.FAIL, value, expected, detail)


def _advisories(claims: TdxClaims, policy: TdxPolicy) -> Check:
    name, found = "advisories", claims.tcb.advisories
    value = ", ".join(found) or "none"
    parts = []
    if policy.reject_advisories:
        parts.append(f"none of {', '.join(policy.reject_advisories)}")
    if policy.accept_advisories is not None:
        parts.append(f"at most {', '.join(policy.accept_advisories) or 'none'}")
    if not parts:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names none")
    expected = "; ".join(parts)
    for advisory in found:
        rejected = advisory in policy.reject_advisories
        if rejected or (policy.accept_advisories is not None and advisory not in policy.accept_advisories):
            return Check(name, Verdict.FAIL, value, expected, f"{advisory} holds for this machine")
    return Check(name, Verdict.PASS, value, expected)


def _evaluation(claims: TdxClaims, policy: TdxPolicy) -> Check:
    name, value = "TCB evaluation", str(claims.tcb.evaluation)
    if policy.min_tcb_evaluation is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no minimum")
    verdict = Verdict.PASS if claims.tcb.evaluation >= policy.min_tcb_evaluation else Verdict.FAIL
    detail = None if verdict is Verdict.PASS else "the collateral is of an older evaluation than demanded"
    return Check(name, verdict, value, f"at least {policy.min_tcb_evaluation}", detail)


def _platform(claims: TdxClaims, policy: TdxPolicy) -> Check:
    name, stated = "platform state", claims.machine.platform
    words = {True: "yes", False: "no", None: "not stated"}
    value = ", ".join(f"{bit} {words[holds]}" for bit, holds in stated.items())
    if not policy.forbid_platform:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy forbids nothing")
    expected = f"without {', '.join(policy.forbid_platform)}"
    for bit in policy.forbid_platform:
        if stated[bit] is not False:
            return Check(name, Verdict.FAIL, value, expected, f"{bit} is set or not stated")
    return Check(name, Verdict.PASS, value, expected)


def _identities(claims: TdxClaims, policy: TdxPolicy) -> Iterator[Check]:
    report = claims.quote.report
    for key in IDENTITIES:
        if key.startswith("rtmr"):
            value: bytes | None = report.rtmrs[int(key[-1])]
        elif key in ("fmspc", "ppid"):
            value = claims.machine.fmspc if key == "fmspc" else claims.machine.ppid
        else:
            value = getattr(report, key)
        shown = None if value is None else value.hex()
        trusted = policy.identities.get(key)
        if trusted is None:
            yield Check(key, Verdict.NOT_CHECKED, shown, None, "no reference value was given")
            continue
        label = next((reference.label for reference in trusted if reference.value == value), None)
        if label is None:
            yield Check(key, Verdict.FAIL, shown, listed(trusted), "it is none of the reference values")
        else:
            yield Check(key, Verdict.PASS, shown, listed(trusted), f"is {label!r}")
