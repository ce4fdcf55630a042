"""Claims of a runtime that a SEV-SNP report binds: accepted together, refused as soon as either is not the other's."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    report_data,
)
from elastic_hal.reference_impl.verify import AppraisalPolicy, EvidenceFormat, Verdict
from elastic_hal.runtime.platform import Measurement

Machine = Any
AT = datetime(2026, 6, 1, tzinfo=UTC)
NONCE = bytes(range(32))
WORKLOAD, RUNTIME = b"\1" * 32, b"\2" * 48
KEY = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
CLAIMS = TeeClaims(
    nonce=NONCE,
    issued_at=int(AT.timestamp()),
    platform_type="sev-snp",
    measurements=(Measurement("runtime", "sha-384", RUNTIME), Measurement("workload", "sha-256", WORKLOAD)),
    attested_key=KEY,
)


def evidence(machine: Machine, claims: TeeClaims = CLAIMS, **changes: Any) -> HardwareEvidence:
    """Evidence whose report binds its claims."""
    encoded = encode_tee_claims(claims)
    return HardwareEvidence(encoded, machine.report(**{"report_data": report_data(encoded), **changes}))


def refused(machine: Machine, parts: HardwareEvidence, reason: str, **options: Any) -> None:
    appraisal = machine.appraise(encode_hardware_evidence(parts), **options)
    assert appraisal.verdict is Verdict.FAIL
    assert str(appraisal.reason).startswith(reason), appraisal.reason


def test_good_evidence(genoa: Machine) -> None:
    appraisal = genoa.appraise(encode_hardware_evidence(evidence(genoa)), nonce=NONCE)
    assert (appraisal.reason, appraisal.verdict) == (None, Verdict.PASS)
    assert appraisal.format is EvidenceFormat.HARDWARE
    assert appraisal.require_token() == CLAIMS
    claims: dict[str, Any] = appraisal.require().to_json()
    assert claims["measurements"]["workload"] == f"sha-256:{WORKLOAD.hex()}"
    assert claims["hardware"]["measurement"] == bytes(range(48)).hex()
    assert len({check.name for check in appraisal.checks}) == len(appraisal.checks)


def test_the_certificates_may_be_inside(genoa: Machine) -> None:
    content = genoa.keys["vcek"].certificate.public_bytes(Encoding.DER)
    middle = genoa.keys["vcek"].chain[0].public_bytes(Encoding.PEM)
    entries = (("4ab7b379bbac4fe4a02f05aef327c782", middle), ("63da758de6644564adc5f4b93be8accd", content))
    head, body = b"", b""
    for guid, entry in entries:
        head += bytes.fromhex(guid) + (72 + len(body)).to_bytes(4, "little") + len(entry).to_bytes(4, "little")
        body += entry
    whole = dataclasses.replace(evidence(genoa), certificates=head + bytes(24) + body)
    accepted = genoa.appraise(encode_hardware_evidence(whole), certificates=[])
    assert (accepted.reason, accepted.verdict) == (None, Verdict.PASS)
    refused(genoa, dataclasses.replace(whole, certificates=b"no table"), "structure: ")
    refused(genoa, dataclasses.replace(whole, aux=b"something"), "wrapper: ")


def test_claims_must_be_the_ones_that_the_report_binds(genoa: Machine) -> None:
    other = encode_tee_claims(dataclasses.replace(CLAIMS, attested_key=None))
    refused(genoa, dataclasses.replace(evidence(genoa), claims=other), "report data: the hardware signed other")
    refused(genoa, evidence(genoa, report_data=NONCE.ljust(64, b"\0")), "report data: ", nonce=NONCE)
    refused(genoa, evidence(genoa, report_data=bytes(64)), "report data: ")


def test_freshness_is_the_claims(genoa: Machine) -> None:
    refused(genoa, evidence(genoa), "nonce: ", nonce=NONCE[::-1])
    policy = AppraisalPolicy(allow_emulated=True, max_age_seconds=60.0)
    late = AT + timedelta(seconds=61)
    refused(genoa, evidence(genoa), "time of issue: ", policy=policy, at=late)
    assert genoa.appraise(encode_hardware_evidence(evidence(genoa)), policy=policy).verdict is Verdict.PASS


def test_what_the_hardware_states_counts(genoa: Machine) -> None:
    refused(genoa, evidence(genoa, policy=0xB0000), "debug state: ")
    refused(genoa, evidence(genoa), "platform type: ", policy=AppraisalPolicy())
    refused(genoa, evidence(genoa), "certificate chain: ", certificates=[])
    refused(genoa, evidence(genoa, CLAIMS, vmpl=0xFFFFFFFF), "VMPL: ")
    tdx = evidence(genoa, dataclasses.replace(CLAIMS, platform_type="tdx"))
    assert genoa.appraise(encode_hardware_evidence(tdx)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("measurements.workload", f"sha-256:{WORKLOAD.hex()}"),
        ("measurements.runtime", f"sha-384:{RUNTIME.hex()}"),
        ("measurements.platform", f"sha-384:{bytes(range(48)).hex()}"),
    ],
)
def test_reference_values(genoa: Machine, table: str, value: str) -> None:
    text = f'version = 1\nallow_emulated = true\nallow_unknown_image = true\n[{table}]\n"the one" = "{value}"\n'
    whole = encode_hardware_evidence(evidence(genoa))
    accepted = genoa.appraise(whole, policy=AppraisalPolicy.parse(text))
    assert accepted.reason is None
    assert "is 'the one'" in [check.detail for check in accepted.checks]
    other = AppraisalPolicy.parse(text.replace(value[-8:], "00000000"))
    assert "none of the reference values" in str(genoa.appraise(whole, policy=other).reason)


@pytest.mark.parametrize(
    "demand",
    [
        f'[measurements.workload]\n"w" = "sha-256:{WORKLOAD.hex()}"\n',
        f'[measurements.runtime]\n"r" = "sha-384:{RUNTIME.hex()}"\n',
        f'[attested_keys]\n"k" = "sha-256:{hashlib.sha256(KEY).hexdigest()}"\n',
        'purposes = ["guest"]\n',
    ],
)
def test_the_word_of_unknown_software_meets_no_demand(genoa: Machine, demand: str) -> None:
    """Whoever has such a processor boots what he likes, and has it state the workload that is trusted."""
    whole = encode_hardware_evidence(evidence(genoa, id_key_digest=b"\5" * 48))

    def reason(*tables: str) -> str | None:
        text = "version = 1\nallow_emulated = true\n" + "".join(sorted(tables, key=lambda table: table[0] == "["))
        return genoa.appraise(whole, nonce=NONCE, policy=AppraisalPolicy.parse(text)).reason

    assert "only the software in the guest says so" in str(reason(demand))
    assert "only the software in the guest says so" in str(reason(demand, "[snp]\nvmpl = [0]\n"))
    assert reason(demand, "allow_unknown_image = true\n") is None
    assert reason(demand, f'[measurements.platform]\n"image" = "sha-384:{bytes(range(48)).hex()}"\n') is None
    assert reason(demand, f'[snp.id_keys]\n"our images" = "{"05" * 48}"\n') is None


def test_no_bit_of_it_can_be_changed(genoa: Machine) -> None:
    good = encode_hardware_evidence(evidence(genoa))
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= 1 << position % 8
        appraisal = genoa.appraise(bytes(changed), nonce=NONCE)
        assert appraisal.verdict is Verdict.FAIL, position
        assert appraisal.reason


def test_reports_do_not_reach_over_their_end(genoa: Machine) -> None:
    """The report and the table are parts of their own, so that no byte can be counted to the other one."""
    good = evidence(genoa)
    refused(genoa, dataclasses.replace(good, report=good.report + b"\0"), "structure: ")
    refused(genoa, dataclasses.replace(good, report=good.report[:-8], certificates=good.report[-8:]), "structure: ")


@pytest.mark.parametrize("value", [b"", b"\x83", None, [b"", b"", None, None], [b"\1", b"\1"]])
def test_wrappers_that_hold_none(genoa: Machine, value: object) -> None:
    from elastic_hal.reference_impl.eat.binding import MEDIA_TYPE

    inner = value if isinstance(value, bytes) else cbor2.dumps(value)
    appraisal = genoa.appraise(cbor2.dumps([MEDIA_TYPE, inner, 4]))
    assert str(appraisal.reason).startswith("wrapper: ")
