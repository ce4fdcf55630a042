"""Claims of a runtime that a TDX quote binds, with the event log that the guest gives along."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    report_data,
)
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Check, EvidenceFormat, Verdict
from elastic_hal.reference_impl.verify.ear import Tier, trustworthiness
from elastic_hal.reference_impl.verify.tdx.event_log import encode_log, own_event
from elastic_hal.runtime.platform import Measurement

from .conftest import AT, Machine

Find = Callable[[Appraisal, str], Check]
NONCE = bytes(range(32))
WORKLOAD, RUNTIME, MRTD = b"\1" * 32, b"\2" * 48, b"\3" * 48
CLAIMS = TeeClaims(
    nonce=NONCE,
    issued_at=int(AT.timestamp()),
    platform_type="tdx",
    measurements=(Measurement("runtime", "sha-384", RUNTIME), Measurement("workload", "sha-256", WORKLOAD)),
)
EVENT = own_event(3, "workload", WORKLOAD)
REGISTERS = (bytes(48), bytes(48), bytes(48), hashlib.sha384(bytes(48) + EVENT.digest).digest())


def evidence(machine: Machine, claims: TeeClaims = CLAIMS, **changes: Any) -> bytes:
    """Evidence whose quote binds its claims."""
    encoded = encode_tee_claims(claims)
    fields = {"report_data": report_data(encoded), "rtmrs": REGISTERS, "mrtd": MRTD, **changes}
    return encode_hardware_evidence(HardwareEvidence(encoded, machine.quote(**fields), None, encode_log([EVENT])))


def demanding(**trusted: str) -> AppraisalPolicy:
    tables = (f'[measurements.{name}]\n"x" = "{digest}"\n' for name, digest in trusted.items())
    return AppraisalPolicy.parse("version = 1\nallow_emulated = true\n" + "".join(tables))


def test_good_evidence(machine: Machine, find_check: Find) -> None:
    policy = demanding(
        platform=f"sha-384:{MRTD.hex()}", runtime=f"sha-384:{RUNTIME.hex()}", workload=f"sha-256:{WORKLOAD.hex()}"
    )
    appraisal = machine.appraise(evidence(machine), policy=policy, nonce=NONCE)
    assert (appraisal.reason, appraisal.format) == (None, EvidenceFormat.HARDWARE)
    assert appraisal.require_token() == CLAIMS
    assert find_check(appraisal, "event log of RTMR3").verdict is Verdict.PASS
    assert len({check.name for check in appraisal.checks}) == len(appraisal.checks)
    tier, vector = trustworthiness(appraisal)
    assert (tier, vector["executables"]) == (Tier.WARNING, 2)


@pytest.mark.parametrize("name", ["platform", "runtime", "workload"])
def test_each_measurement_is_judged(machine: Machine, find_check: Find, name: str) -> None:
    digest = f"sha-256:{bytes(32).hex()}" if name == "workload" else f"sha-384:{bytes(48).hex()}"
    appraisal = machine.appraise(evidence(machine), policy=demanding(**{name: digest}), nonce=NONCE)
    assert find_check(appraisal, f"measurement {name}").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ((), False),
        (("mrtd",), False),
        (("mrtd", "rtmr1"), False),
        (("mrtd", "rtmr2"), False),
        (("rtmr1", "rtmr2"), False),
        (("mrtd", "rtmr1", "rtmr2"), True),
        (("platform", "rtmr1", "rtmr2"), True),
    ],
)
def test_the_word_of_unknown_software_meets_no_demand(machine: Machine, image: tuple[str, ...], known: bool) -> None:
    """MRTD is of the firmware; the kernel that it starts, which is what speaks, is in two registers."""
    values = {"mrtd": MRTD, "rtmr1": b"\4" * 48, "rtmr2": b"\5" * 48}
    registers = (bytes(48), values["rtmr1"], values["rtmr2"], REGISTERS[3])
    tables = [f'[measurements.workload]\n"w" = "sha-256:{WORKLOAD.hex()}"\n']
    for name in image:
        of_platform = f'[measurements.platform]\n"x" = "sha-384:{MRTD.hex()}"\n'
        tables.append(of_platform if name == "platform" else f'[tdx.{name}]\n"x" = "{values[name].hex()}"\n')
    policy = AppraisalPolicy.parse("version = 1\nallow_emulated = true\n" + "".join(tables))
    appraisal = machine.appraise(evidence(machine, rtmrs=registers), policy=policy, nonce=NONCE)
    assert appraisal.verdict is (Verdict.PASS if known else Verdict.FAIL), appraisal.reason
    if not known:
        assert str(appraisal.reason).startswith("measurement workload: only the software in the guest says so")


def test_other_claims_than_the_signed_ones_are_refused(machine: Machine) -> None:
    other = dataclasses.replace(CLAIMS, nonce=NONCE[::-1])
    content = encode_hardware_evidence(
        HardwareEvidence(encode_tee_claims(other), machine.quote(report_data=report_data(encode_tee_claims(CLAIMS))))
    )
    assert str(machine.appraise(content).reason).startswith("report data")


def test_a_log_that_does_not_lead_to_the_register_is_refused(machine: Machine, find_check: Find) -> None:
    appraisal = machine.appraise(evidence(machine, rtmrs=(bytes(48),) * 4), nonce=NONCE)
    assert find_check(appraisal, "event log of RTMR3").verdict is Verdict.FAIL


def test_a_replay_is_refused(machine: Machine) -> None:
    assert str(machine.appraise(evidence(machine), nonce=bytes(32)).reason).startswith("nonce")
