"""The table `[tdx]` of a policy: read strictly, so that a misspelt demand is never a missing one."""

from __future__ import annotations

import pytest

from elastic_hal.reference_impl.verify import AppraisalPolicy, AppraisalPolicyError
from elastic_hal.reference_impl.verify.tdx.policy import TdxPolicy


def read(text: str) -> TdxPolicy:
    return AppraisalPolicy.parse(f"version = 1\n[tdx]\n{text}").tdx


def test_the_default_is_strict() -> None:
    assert AppraisalPolicy.parse("version = 1").tdx == TdxPolicy() == read('tcb_status = ["UpToDate"]')
    assert TdxPolicy().tcb_status == ("UpToDate",)


def test_every_key() -> None:
    policy = read(
        'tcb_status = ["UpToDate", "OutOfDate"]\nreject_advisories = ["INTEL-SA-00837"]\naccept_advisories = []\n'
        'min_tcb_evaluation = 17\nforbid_platform = ["smt"]\nrequire_event_log = true\n'
        f'[tdx.mrtd]\n"guest 1" = "{"ab" * 48}"\n[tdx.xfam]\n"usual" = "e702060000000000"'
    )
    assert policy.tcb_status == ("UpToDate", "OutOfDate")
    assert (policy.reject_advisories, policy.accept_advisories) == (("INTEL-SA-00837",), ())
    assert (policy.min_tcb_evaluation, policy.forbid_platform, policy.require_event_log) == (17, ("smt",), True)
    assert {name: str(values[0]) for name, values in policy.identities.items()} == {
        "mrtd": "ab" * 48,
        "xfam": "e702060000000000",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "tdx: must demand something"),
        ("reject_advisories = []", "reject_advisories: must name at least one"),
        ("tcb_statuses = []", "did you mean"),
        ("tcb_status = []", "tdx.tcb_status"),
        ('tcb_status = ["Revoked"]', "'Revoked' is unknown"),
        ('reject_advisories = "INTEL-SA-00837"', "must be a list"),
        ('reject_advisories = ["SA-1"]', "INTEL-SA-00837"),
        ("min_tcb_evaluation = -1", "whole number"),
        ("require_event_log = 1", "true or false"),
        ("[tdx.mrtd]", "at least one"),
        ('[tdx.mrtd]\n"x" = "00"', "96 hexadecimal digits"),
        ("[tdx.rtmr4]", "unknown key"),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: str) -> None:
    with pytest.raises(AppraisalPolicyError, match=reason):
        read(text)
