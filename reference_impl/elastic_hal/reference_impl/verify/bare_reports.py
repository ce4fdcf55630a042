"""What a report or quote that stands alone does not state, though a policy may demand it: then the demand is not met.

Otherwise a bare report would pass where evidence of a workload is wanted.
"""

from typing import Final

from elastic_hal.runtime.platform import Measurement

from .appraisal import Check, Verdict
from .claim_checks import check_attested_key, check_measurement
from .policy import AppraisalPolicy

MEASUREMENT: Final = "measurement platform"
"""The one measurement that the hardware itself states."""
UNSTATED_NAMES: Final = ("time of issue", "measurement runtime", "measurement workload", "attested key", "purpose")


def check_unstated(policy: AppraisalPolicy, workload: Measurement | None = None) -> list[Check]:
    """Judge what is not there, in the order of `UNSTATED_NAMES`; an event log may have told the `workload`."""
    return [
        _time_of_issue(policy),
        check_measurement("runtime", None, policy),
        check_measurement("workload", workload, policy),
        check_attested_key(None, policy),
        _purpose(policy),
    ]


def _purpose(policy: AppraisalPolicy) -> Check:
    name, detail = "purpose", "a report does not say what it was made for"
    if not policy.purposes:
        return Check(name, Verdict.NOT_CHECKED, None, None, detail)
    return Check(name, Verdict.FAIL, None, ", ".join(policy.purposes), detail)


def _time_of_issue(policy: AppraisalPolicy) -> Check:
    name, limit = "time of issue", policy.max_age_seconds
    detail = "a report does not say when it was made"
    if limit is None:
        return Check(name, Verdict.NOT_CHECKED, None, None, detail)
    expected = f"at most {limit:g} seconds old"
    return Check(name, Verdict.FAIL, None, expected, f"{detail}; leave max_age out and give a nonce")
