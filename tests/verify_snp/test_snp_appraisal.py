"""Reports of every version, product and kind of key: accepted as they are, refused where anything is altered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify import AppraisalPolicy, EvidenceFormat, Verdict, VerificationError, verify
from elastic_hal.reference_impl.verify.snp.policy import SnpPolicy
from elastic_hal.reference_impl.verify.snp.tcb import Product

Machine = Any
"""A chip of one product, as the fixtures make it."""

START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, tzinfo=UTC)
EMULATED = AppraisalPolicy(allow_emulated=True)
MEASUREMENT = bytes(range(48))

EVERY = pytest.mark.parametrize("product", Product)
KINDS = pytest.mark.parametrize("kind", ["vcek", "vlek"])
VERSIONS = pytest.mark.parametrize("version", [2, 3, 5])


@EVERY
@KINDS
@VERSIONS
def test_every_version_product_and_kind_of_key(
    machine_of: Callable[..., Machine], product: Product, kind: str, version: int
) -> None:
    machine = machine_of(product)
    appraisal = machine.appraise(machine.report(kind, version), kind)
    assert (appraisal.reason, appraisal.verdict) == (None, Verdict.PASS)
    assert appraisal.format is EvidenceFormat.SNP_REPORT
    assert any("emulated" in warning for warning in appraisal.warnings)
    claims: dict[str, Any] = appraisal.require().to_json()
    assert claims["version"] == version
    assert claims["product"] == product.value
    assert claims["vek"]["type"] == kind
    assert claims["reported_tcb"] == claims["launch_tcb"] == machine.tcb.to_json()
    assert ("fmc" in claims["reported_tcb"]) is (product is Product.TURIN)
    assert (claims["cpuid"] is None) is (version == 2)
    assert (claims["launch_mit_vector"] is None) is (version < 5)
    assert claims["measurement"] == MEASUREMENT.hex()


@EVERY
@KINDS
def test_no_bit_of_a_report_can_be_changed(machine_of: Callable[..., Machine], product: Product, kind: str) -> None:
    machine = machine_of(product)
    good = machine.report(kind, 5)
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= 1 << (position * 7 % 8)
        appraisal = machine.appraise(bytes(changed), kind)
        assert appraisal.verdict is Verdict.FAIL, position
        assert appraisal.claims is None
        assert appraisal.reason


@pytest.mark.parametrize("length", [0, 1, 4, 0x2A0, 1183, 1185, 1200, 2368, 4000])
def test_a_report_of_another_length(genoa: Machine, length: int) -> None:
    report = genoa.report()
    changed = (report + bytes(4000))[:length]
    assert str(genoa.appraise(changed).reason).startswith("structure: ")
    assert str(genoa.appraise((report + b"\1" * 4000)[:length]).reason).startswith("structure: ")


def test_nothing_of_a_forged_report_is_judged(genoa: Machine) -> None:
    changed = bytearray(genoa.report(policy=0xB0000))
    changed[0x90] ^= 1
    appraisal = genoa.appraise(bytes(changed))
    assert appraisal.reason is not None
    assert appraisal.reason.startswith("signature: ")
    states = {check.name: check.verdict for check in appraisal.checks}
    assert states["debug state"] is states["measurement platform"] is Verdict.NOT_CHECKED
    with pytest.raises(VerificationError, match="signature"):
        appraisal.require()


def test_the_root_must_be_trusted_and_emulation_allowed(genoa: Machine) -> None:
    report = genoa.report()
    everything = [*genoa.certificates(), genoa.authority.root]
    unnamed = verify(report, certificates=everything, at=AT, policy=EMULATED)
    assert "emulated, and not named as trusted" in str(unnamed.reason)
    strict = genoa.appraise(report, policy=AppraisalPolicy())
    assert str(strict.reason).startswith("platform type: ")
    assert strict.claims is not None


def test_a_root_of_ones_own(machine_of: Callable[..., Machine]) -> None:
    machine = machine_of(Product.MILAN, marked=False)
    report = machine.report()
    accepted = machine.appraise(report, policy=AppraisalPolicy())
    assert accepted.verdict is Verdict.PASS
    assert "not AMD's" in accepted.warnings[0]
    refused = machine.appraise(report, anchors=[], certificates=[*machine.certificates(), machine.authority.root])
    assert "neither AMD's nor named as trusted" in str(refused.reason)


@KINDS
def test_the_key_must_be_of_the_kind_that_the_report_says(genoa: Machine, kind: str) -> None:
    other = {"vcek": "vlek", "vlek": "vcek"}[kind]
    report = genoa.report(kind, key_info=4 * (other == "vlek"))
    refused = genoa.appraise(report, kind)
    assert f"certificate of the {other.upper()} is missing" in str(refused.reason)
    both = [*genoa.certificates("vcek"), *genoa.certificates("vlek")]
    assert str(genoa.appraise(report, certificates=both).reason).startswith("signature: ")
    assert genoa.appraise(genoa.report(kind), certificates=both).verdict is Verdict.PASS


def test_the_product_must_be_the_keys(milan: Machine, genoa: Machine, turin: Machine) -> None:
    for machine in (milan, genoa, turin):
        for cpuid in ((0x19, 0x01, 0), (0x19, 0x0F, 1), (0x19, 0x10, 0), (0x19, 0xA0, 2), (0x1A, 0x11, 0)):
            product = {0x01: "Milan", 0x0F: "Milan", 0x10: "Genoa", 0xA0: "Genoa"}.get(cpuid[1], "Turin")
            appraisal = machine.appraise(machine.report(cpuid=cpuid))
            if product == machine.authority.product.value:
                assert appraisal.reason is None
            else:
                assert str(appraisal.reason).startswith("product: ")
    for unknown in ((0x19, 0x20, 0), (0x1A, 0x12, 0), (0x17, 0x31, 0), (0, 0, 0), (0x19, 0xB0, 0)):
        assert "no known product" in str(milan.appraise(milan.report(cpuid=unknown)).reason)


@EVERY
@VERSIONS
def test_the_tcb_must_be_the_keys(machine_of: Callable[..., Machine], product: Product, version: int) -> None:
    machine = machine_of(product)
    for part in machine.tcb.fields():
        higher = dataclasses.replace(machine.tcb, **{part: machine.tcb.fields()[part] + 1})
        appraisal = machine.appraise(machine.report(version=version, tcb=higher))
        assert str(appraisal.reason).startswith("TCB of the key: ")


def test_the_chip_must_be_the_keys(genoa: Machine, turin: Machine) -> None:
    assert str(genoa.appraise(genoa.report(chip_id=bytes(63) + b"\1")).reason).startswith("chip: ")
    assert str(turin.appraise(turin.report(chip_id=turin.chip_id[:-1] + b"\1")).reason).startswith("chip: ")
    for machine in (genoa, turin):
        masked = machine.appraise(machine.report(chip_id=bytes(64), key_info=2))
        assert masked.verdict is Verdict.PASS
        assert {check.name: check.verdict for check in masked.checks}["chip"] is Verdict.NOT_CHECKED
    # A VLEK is of no chip, so that any may stand in the report.
    assert genoa.appraise(genoa.report("vlek", chip_id=bytes(63) + b"\1"), "vlek").verdict is Verdict.PASS


def test_time(genoa: Machine) -> None:
    for kind, years in (("vcek", 7), ("vlek", 1)):
        report, last = genoa.report(kind), START + timedelta(days=365 * years)
        assert genoa.appraise(report, kind, at=START).verdict is Verdict.PASS
        assert genoa.appraise(report, kind, at=last).verdict is Verdict.PASS
        assert "not valid yet" in str(genoa.appraise(report, kind, at=START - timedelta(seconds=1)).reason)
        assert "expired" in str(genoa.appraise(report, kind, at=last + timedelta(seconds=1)).reason)
    with pytest.raises(ValueError, match="time zone"):
        verify(report, at=datetime(2026, 1, 1))
    assert genoa.appraise(report, "vlek", at=datetime(9999, 1, 1, tzinfo=UTC)).verdict is Verdict.FAIL


def test_freshness(genoa: Machine) -> None:
    challenge = bytes(range(1, 33))
    report = genoa.report(report_data=challenge.ljust(64, b"\0"))
    assert genoa.appraise(report, nonce=challenge).verdict is Verdict.PASS
    assert genoa.appraise(report, nonce=challenge.ljust(64, b"\0")).verdict is Verdict.PASS
    for other in (challenge[:-1], challenge + b"\1", challenge[1:], b"", challenge.ljust(65, b"\0"), bytes(64)):
        assert str(genoa.appraise(report, nonce=other).reason).startswith("report data: "), other
    # An empty challenge would be answered by every report without report data.
    assert str(genoa.appraise(genoa.report(), nonce=b"").reason).startswith("report data: ")
    states = {check.name: check for check in genoa.appraise(report).checks}
    assert "may be a replay" in str(states["report data"].detail)


@pytest.mark.parametrize(
    ("changes", "policy", "reason"),
    [
        ({"policy": 0xB0000}, {}, "debug state: "),
        ({"policy": 0xB0000}, {"allow_debug": True}, None),
        ({"policy": 0x70000}, {}, None),
        ({"policy": 0x70000, "report_id_ma": bytes(32)}, {}, "migration agent: "),
        ({"policy": 0x70000, "report_id_ma": bytes(32)}, {"snp": {"allow_migration_agent": True}}, None),
        ({"vmpl": 3}, {}, None),
        ({"vmpl": 3}, {"snp": {"vmpl": (0, 1)}}, "VMPL: "),
        ({"vmpl": 1}, {"snp": {"vmpl": (0, 1)}}, None),
        ({"vmpl": 0xFFFFFFFF}, {}, "VMPL: the host asked"),
        ({"vmpl": 4}, {}, "structure: VMPL 4"),
        ({}, {"snp": {"products": ("Milan", "Turin")}}, "allowed product: "),
        ({}, {"snp": {"products": ("Genoa",)}}, None),
        ({}, {"snp": {"signing_keys": ("vlek",)}}, "allowed key: "),
        ({}, {"snp": {"signing_keys": ("vcek",)}}, None),
        ({}, {"snp": {"require_guest_policy": ("single-socket",)}}, "guest policy: single-socket is not set"),
        ({"policy": 0x130000}, {"snp": {"require_guest_policy": ("single-socket",)}}, None),
        ({}, {"snp": {"forbid_guest_policy": ("smt",)}}, "guest policy: smt is set"),
        ({}, {"snp": {"require_platform": ("alias-check", "ecc")}}, None),
        ({"platform_info": 7}, {"snp": {"require_platform": ("alias-check",)}}, "platform state: "),
        ({}, {"snp": {"forbid_platform": ("smt",)}}, "platform state: smt is set"),
        ({}, {"snp": {"min_tcb": {"Genoa": {"microcode": 84, "bootloader": 10}}}}, None),
        ({}, {"snp": {"min_tcb": {"Genoa": {"microcode": 85}}}}, "minimum TCB: microcode of the reported"),
        ({}, {"snp": {"min_tcb": {"Milan": {"microcode": 1}}}}, "minimum TCB: the policy has no minimum for Genoa"),
        ({}, {"snp": {"min_tcb": {"Genoa": {"snp": 24}}, "tcb": ("launch",)}}, "minimum TCB: snp of the launch"),
        ({}, {"snp": {"tcb": ("launch",)}}, "minimum TCB: the policy says which TCB counts"),
        ({}, {"snp": {"forbid_provisional_firmware": True}}, None),
        ({"firmware": (1, 55, 41), "committed_firmware": (1, 55, 40)}, {}, None),
        (
            {"firmware": (1, 55, 41), "committed_firmware": (1, 55, 40)},
            {"snp": {"forbid_provisional_firmware": True}},
            "provisional firmware: the host can go back",
        ),
        ({}, {"snp": {"min_firmware": (1, 55, 40)}}, None),
        ({}, {"snp": {"min_firmware": (1, 55, 41)}}, "minimum firmware: "),
        ({"guest_svn": 4}, {"snp": {"min_guest_svn": 5}}, "minimum guest SVN: "),
        ({"guest_svn": 5}, {"snp": {"min_guest_svn": 5}}, None),
        ({"version": 5, "launch_mitigations": 3, "current_mitigations": 7}, {"snp": {"required_mitigations": 3}}, None),
        (
            {"version": 5, "launch_mitigations": 1, "current_mitigations": 7},
            {"snp": {"required_mitigations": 3}},
            "mit",
        ),
        ({}, {"snp": {"required_mitigations": 1}}, "mitigations: reports before version 5"),
        ({}, {"max_age_seconds": 60.0}, "time of issue: "),
        ({}, {"platforms": ("tdx", "simulated")}, "platform type: the policy does not name it"),
        ({}, {"platforms": ("sev-snp",)}, None),
        ({"policy": 0x30000 | 1 << 26}, {}, "structure: bits 0x4000000 of the guest policy"),
        ({"policy": 0x10000}, {}, "structure: bit 17"),
        ({"policy": 0x3F20000 | 55}, {}, None),
        ({"key_info": 1}, {}, None),
        ({"key_info": 0x20}, {}, "structure: bits 0x20"),
        ({"key_info": 7 << 2}, {}, "structure: the report says that no key"),
        ({"key_info": 2 << 2}, {}, "structure: signing key 2"),
        ({"version": 4}, {}, "structure: AMD has not published what report version 4 means"),
        ({"version": 1}, {}, "structure: report version 1 is unknown"),
        ({"version": 6}, {}, "structure: report version 6 is unknown"),
        ({"version": 0}, {}, "structure: "),
    ],
)
def test_what_a_report_states(
    genoa: Machine, changes: dict[str, Any], policy: dict[str, Any], reason: str | None
) -> None:
    given = {"allow_emulated": True, **policy}
    if "snp" in given:
        given["snp"] = SnpPolicy(**given["snp"])
    appraisal = genoa.appraise(genoa.report(**changes), policy=AppraisalPolicy(**given))
    if reason is None:
        assert (appraisal.reason, appraisal.verdict) == (None, Verdict.PASS)
    else:
        assert str(appraisal.reason).startswith(reason), appraisal.reason


@pytest.mark.parametrize("product", list(Product))
def test_the_order_of_tcb_versions(machine_of: Callable[..., Machine], product: Product) -> None:
    """Firmware reports no more than it has committed to, and commits to no more than what runs."""
    machine = machine_of(product)
    for part, value in machine.tcb.fields().items():
        above = dataclasses.replace(machine.tcb, **{part: value + 1})
        appraisal = machine.appraise(machine.report(committed_tcb=above))
        assert appraisal.reason == f"order of TCBs: the committed TCB is above the current one in {part}"
        assert machine.appraise(machine.report(committed_tcb=above, current_tcb=above)).verdict is Verdict.PASS
        provisional = machine.appraise(machine.report(current_tcb=above))
        assert provisional.verdict is Verdict.PASS
        assert "provisional" in " ".join(provisional.warnings)
        forbidding = AppraisalPolicy(allow_emulated=True, snp=SnpPolicy(forbid_provisional_firmware=True))
        refused = machine.appraise(machine.report(current_tcb=above), policy=forbidding)
        assert str(refused.reason).startswith("provisional firmware: ")
        if value:
            below = dataclasses.replace(machine.tcb, **{part: value - 1})
            appraisal = machine.appraise(machine.report(committed_tcb=below))
            assert appraisal.reason == f"order of TCBs: the reported TCB is above the committed one in {part}"


def test_the_order_of_firmware_versions(genoa: Machine) -> None:
    for committed in ((1, 55, 41), (1, 56, 0), (2, 0, 0)):
        appraisal = genoa.appraise(genoa.report(committed_firmware=committed))
        assert str(appraisal.reason).startswith("order of TCBs: the committed firmware ")
    for committed in ((1, 55, 39), (1, 54, 99), (0, 99, 99)):
        appraisal = genoa.appraise(genoa.report(committed_firmware=committed))
        assert appraisal.verdict is Verdict.PASS
        assert "provisional" in " ".join(appraisal.warnings)


@pytest.mark.parametrize("product", list(Product))
@pytest.mark.parametrize("version", [0, 1, 2, 255])
def test_the_structure_version_of_a_key(machine_of: Callable[..., Machine], product: Product, version: int) -> None:
    """Another structure may give the extensions another meaning."""
    machine = machine_of(product)
    identifier = machine.chip_id[:8] if product is Product.TURIN else machine.chip_id
    key = machine.authority.vcek(machine.tcb, identifier, START, structure_version=version)
    of_that_key = dataclasses.replace(machine, keys={**machine.keys, "vcek": key})
    appraisal = of_that_key.appraise(of_that_key.report())
    if version == (1 if product is Product.TURIN else 0):
        assert appraisal.verdict is Verdict.PASS, appraisal.reason
    else:
        assert f"has structure version {version}, not" in str(appraisal.reason)


def test_what_is_worth_a_warning(genoa: Machine) -> None:
    assert "VMPL 2" in " ".join(genoa.appraise(genoa.report(vmpl=2)).warnings)
    assert "bits 0x8000 of the platform" in " ".join(genoa.appraise(genoa.report(platform_info=0x8001)).warnings)


def test_reference_values_by_name(genoa: Machine) -> None:
    identities = {
        "chip_ids": genoa.chip_id,
        "host_data": b"\1" * 32,
        "id_keys": b"\2" * 48,
        "author_keys": b"\3" * 48,
        "family_ids": b"\4" * 16,
        "image_ids": b"\5" * 16,
    }
    fields = {
        "host_data": b"\1" * 32,
        "id_key_digest": b"\2" * 48,
        "author_key_digest": b"\3" * 48,
        "family_id": b"\4" * 16,
        "image_id": b"\5" * 16,
    }
    report = genoa.report(key_info=1, **fields)
    for name, value in identities.items():
        good = f'version = 1\nallow_emulated = true\n[snp.{name}]\n"not this" = "{"ab" * len(value)}"\n'
        bad = AppraisalPolicy.parse(good)
        assert "none of the reference values" in str(genoa.appraise(report, policy=bad).reason)
        appraisal = genoa.appraise(report, policy=AppraisalPolicy.parse(f'{good}"this one" = "{value.hex()}"\n'))
        assert appraisal.reason is None
        assert [check.detail for check in appraisal.checks if check.detail == "is 'this one'"] == ["is 'this one'"]


def test_a_chip_that_the_host_masks_is_known_by_its_key(genoa: Machine) -> None:
    policy = AppraisalPolicy.parse(f'version=1\nallow_emulated=true\n[snp.chip_ids]\nx="{genoa.chip_id.hex()}"')
    assert genoa.appraise(genoa.report(chip_id=bytes(64)), policy=policy).verdict is Verdict.PASS
    refused = genoa.appraise(genoa.report("vlek", chip_id=bytes(64)), "vlek", policy=policy)
    assert str(refused.reason).startswith("chip identifier: ")


def test_a_bare_report_is_no_evidence_of_a_workload(genoa: Machine) -> None:
    for table in ("measurements.workload", "measurements.runtime", "attested_keys"):
        policy = AppraisalPolicy.parse(f'version=1\nallow_emulated=true\n[{table}]\nx="sha-256:{"ab" * 32}"')
        assert genoa.appraise(genoa.report(), policy=policy).verdict is Verdict.FAIL
    with pytest.raises(VerificationError, match="does not say which workload"):
        genoa.appraise(genoa.report()).require_token()


def test_hostile_helpers_only_refuse(genoa: Machine) -> None:
    """Certificates beside the right ones never change who is believed."""
    others = [genoa.authority.provider_intermediate, genoa.authority.root]
    assert genoa.appraise(genoa.report(), certificates=[*others, *genoa.certificates()]).verdict is Verdict.PASS
    assert len({certificate.public_bytes(Encoding.DER) for certificate in others}) == 2
