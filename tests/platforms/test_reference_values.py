"""`platform reference-values` on emulated machines: the policy that it writes accepts this machine and image alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.evidence import root_certificate
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, verify
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.platform import EvidenceRequest

NONCE = b"n" * 32
COMPONENT = b"what a component is, nobody looks at here"


def written(machine: Any, place: Path) -> AppraisalPolicy:
    (place / "meter.wasm").write_bytes(COMPONENT)
    options = ["--platform", machine.platform, "--platform-root", str(machine.root), "--allow-emulated"]
    command = [sys.executable, "-m", "elastic_hal.cli", "platform", "reference-values", "meter.wasm", *options]
    made = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=600, check=True)
    return AppraisalPolicy.parse(made.stdout)


def appraise(machine: Any, policy: AppraisalPolicy) -> Appraisal:
    platform = platforms.load(machine.platform, root=machine.root)
    workload = workload_measurement(Identity("meter", content_digest(COMPONENT)))
    evidence = platform.evidence(EvidenceRequest(NONCE, (runtime_measurement(), workload)))
    collateral = machine.state / "collateral.json"
    return verify(
        evidence.data,
        nonce=NONCE,
        policy=policy,
        anchors=[root_certificate(platform)],
        collateral=collateral.read_bytes() if collateral.exists() else None,
    )


@pytest.mark.parametrize("platform", ["sev-snp", "tdx"])
def test_the_policy_names_what_was_booted(snp: Any, tdx: Any, tmp_path: Path, platform: str) -> None:
    machine = snp if platform == "sev-snp" else tdx
    policy = written(machine, tmp_path)
    assert sorted(policy.measurements) == ["platform", "runtime", "workload"]
    registers = ["rtmr1", "rtmr2"] if platform == "tdx" else []
    assert sorted(policy.tdx.identities) == registers
    assert appraise(machine, policy).reason is None
    # What it says of the workload counts for nothing without what it says of the image.
    partial = {name: values for name, values in policy.measurements.items() if name != "platform"}
    for weaker in (
        dataclasses.replace(policy, measurements=partial),
        *(
            dataclasses.replace(
                policy,
                tdx=dataclasses.replace(
                    policy.tdx,
                    identities={name: values for name, values in policy.tdx.identities.items() if name != register},
                ),
            )
            for register in registers
        ),
    ):
        assert "only the software in the guest says so" in str(appraise(machine, weaker).reason)
