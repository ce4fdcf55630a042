"""What collateral says besides the ordinary: machines that were updated below their guests, and chains beside it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from elastic_hal.reference_impl.platforms.emulator.intel_authority import PlatformIdentity
from elastic_hal.reference_impl.verify import AppraisalPolicy, Verdict

from .conftest import Machine, new_machine


@pytest.mark.parametrize("enclave", [b"\0\1", b"\xff\xff", b"\1\0"])
def test_collateral_for_another_provisioning_enclave(enclave: bytes) -> None:
    """The versions of another enclave are counted otherwise, so that its TCB levels say nothing about this machine."""
    machine = new_machine(identity=PlatformIdentity(pce_id=enclave))
    accepted = machine.appraise(machine.quote())
    assert accepted.verdict is Verdict.PASS, accepted.reason
    assert accepted.require().to_json()["pce_id"] == enclave.hex()
    other = dataclasses.replace(machine, identity=PlatformIdentity(pce_id=b"\0\2"))
    refused = machine.appraise(machine.quote(), other.collateral())
    assert str(refused.reason).startswith("signature: the collateral is for machines of the PCE 0002, ")


def with_tcb_info(machine: Machine, document: dict[str, Any], info: dict[str, Any]) -> bytes:
    """The collateral with other TCB information, signed as the ordinary one is."""
    text = json.dumps(info)
    key: ec.EllipticCurvePrivateKey = machine.authority.tcb_signing_key
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()
    return json.dumps({**document, "tcb_info": text, "tcb_info_signature": signature}).encode()


@pytest.mark.parametrize(
    ("now", "found"),
    [("UpToDate", "TDRelaunchAdvised"), ("ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded")],
)
def test_a_guest_older_than_its_machine_is_told_apart(machine: Machine, now: str, found: str) -> None:
    """The machine was brought up to date below a guest that had been started before: TDX 1.5 states both."""
    document = json.loads(machine.collateral(status=now))
    info = json.loads(document["tcb_info"])
    [level] = info["tcbLevels"]
    older = json.loads(json.dumps(level))
    older["tcb"]["tdxtcbcomponents"][2]["svn"] -= 1
    older["tcbStatus"] = "OutOfDate"
    info["tcbLevels"].append(older)
    said = with_tcb_info(machine, document, info)
    quote = machine.quote(5, 3, tee_tcb_svn=bytes((6, 1, 2)).ljust(16, b"\0"))
    refused = machine.appraise(quote, said)
    [check] = [check for check in refused.checks if check.name == "TCB status"]
    assert (check.verdict, str(check.value).split()[0]) == (Verdict.FAIL, found)
    text = f'version = 1\nallow_emulated = true\n[tdx]\ntcb_status = ["UpToDate", "{found}"]\n'
    allowed = machine.appraise(quote, said, policy=AppraisalPolicy.parse(text))
    assert allowed.verdict is Verdict.PASS, allowed.reason


def test_information_about_enclaves_does_not_serve_for_guests(machine: Machine) -> None:
    document = json.loads(machine.collateral())
    said = with_tcb_info(machine, document, {**json.loads(document["tcb_info"]), "id": "SGX"})
    assert "for SGX enclaves" in str(machine.appraise(machine.quote(), said).reason)


def test_the_machine_s_own_chain_may_stand_beside_and_must_be_the_quote_s(machine: Machine) -> None:
    document = json.loads(machine.collateral())
    pem = machine.signer.provisioning.pem().decode()
    for beside in (None, pem, pem[:-1]):
        said = json.dumps({**document, "pck_certificate_chain": beside}).encode()
        assert machine.appraise(machine.quote(), said).verdict is Verdict.PASS
    stranger = new_machine().signer.provisioning.pem().decode()
    altered = pem.replace("A", "B", 1)
    for beside in (stranger, document["pck_crl_issuer_chain"], "", "x", 7, altered):
        said = json.dumps({**document, "pck_certificate_chain": beside}).encode()
        assert machine.appraise(machine.quote(), said).claims is None
