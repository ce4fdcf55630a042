"""The appraisal of a TDX quote, with the collateral and the event logs that the relying party has for it."""

import dataclasses
from typing import Final

from elastic_hal.reference_impl.verify.appraisal import Appraisal, Check, EvidenceFormat, Verdict
from elastic_hal.reference_impl.verify.context import Context
from elastic_hal.reference_impl.verify.emulated import EMULATED_WARNING, PLATFORM_TYPE, check_platform_type
from elastic_hal.runtime.platform import Measurement

from .certificates import is_intel_root
from .claims import TdxClaims
from .demands import check_demands, demand_names
from .errors import TdxError
from .event_log import WORKLOAD, LoggedEvent, parse_log, replay
from .origin import ORIGIN_CHECKS, prove_origin
from .quote import BODY_TYPES, TdxQuote, parse_quote

_STRUCTURE: Final = "structure"
_EVENT_LOG: Final = "event log"
_SHA256_BYTES: Final = 32


def appraise_quote(data: bytes, context: Context) -> Appraisal:
    """Appraise a quote of version 4 or 5, zeros behind it included, and list every check."""
    checks: list[Check] = []
    quote = _parse(data, checks)
    proven = None if quote is None else prove_origin(quote, context, checks)
    if proven is None:
        made = {check.name for check in checks}
        names = (_STRUCTURE, *ORIGIN_CHECKS, PLATFORM_TYPE, *demand_names(alone=context.report_data is None))
        skipped = (Check(name, Verdict.NOT_CHECKED) for name in names if name not in made)
        return Appraisal((*checks, *skipped), format=EvidenceFormat.TDX_QUOTE)
    claims, root = proven
    checks.append(check_platform_type("TDX", claims.emulated, context.policy))
    events = _events(context, checks)
    claims = _with_workload(claims, events)
    checks += check_demands(claims, events, context)
    warnings = []
    if claims.emulated:
        warnings.append(EMULATED_WARNING)
    elif not is_intel_root(root):
        warnings.append("the root is not Intel's: this evidence is worth as much as the root that you named")
    return Appraisal(tuple(checks), claims, tuple(warnings), EvidenceFormat.TDX_QUOTE)


def _parse(data: bytes, checks: list[Check]) -> TdxQuote | None:
    expected = "a quote of a TDX guest, with nothing but zeros behind it"
    try:
        quote = parse_quote(data)
    except TdxError as error:
        checks.append(Check(_STRUCTURE, Verdict.FAIL, f"{len(data)} bytes", expected, str(error)))
        return None
    value = f"TDX quote, version {quote.version}, {BODY_TYPES[quote.body_type]}"
    if quote.trailing:
        value += f", {quote.trailing} zero bytes behind it"
    checks.append(Check(_STRUCTURE, Verdict.PASS, value, expected))
    return quote


def _events(context: Context, checks: list[Check]) -> list[LoggedEvent]:
    """Read the logs in the order in which they were given. One that cannot be read refuses the evidence."""
    events: list[LoggedEvent] = []
    for number, log in enumerate(context.event_logs, 1):
        try:
            events += parse_log(log)
        except TdxError as error:
            checks.append(Check(_EVENT_LOG, Verdict.FAIL, f"log {number}", "a log that can be read", str(error)))
            return []
    if context.event_logs:
        checks.append(Check(_EVENT_LOG, Verdict.PASS, f"{len(events)} events", "logs that can be read"))
    return events


def _with_workload(claims: TdxClaims, events: list[LoggedEvent]) -> TdxClaims:
    """Name the workload where the log of the last register replays and tells of exactly one."""
    last = len(claims.quote.report.rtmrs) - 1
    found = [event for event in events if event.register == last and event.kind == WORKLOAD]
    if len(found) != 1 or len(found[0].content) != _SHA256_BYTES:
        return claims
    if replay(events)[last] != claims.quote.report.rtmrs[last]:
        return claims
    return dataclasses.replace(claims, workload=Measurement("workload", "sha-256", found[0].content))
