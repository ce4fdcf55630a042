"""A demand that evidence cannot meet is not met by it, whichever platform the evidence is of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Verdict, load_certificates, verify
from elastic_hal.reference_impl.verify.snp.policy import IDENTITIES as SNP_TABLES
from elastic_hal.reference_impl.verify.tdx.policy import IDENTITIES as TDX_TABLES
from elastic_hal.runtime.platform import EvidenceRequest

AT = datetime(2026, 6, 1, tzinfo=UTC)
CHIP = f'[snp.chip_ids]\n"rack 7" = "{"ab" * 64}"\n'
MRTD = f'[tdx.mrtd]\n"image" = "{"cd" * 48}"\n'
OF_SNP = [
    CHIP,
    "[snp]\nvmpl = [0]\n",
    "[snp]\nallow_migration_agent = false\n",
    "[snp]\nrequire_revocation_list = true\n",
    "[snp.min_tcb.Genoa]\nmicrocode = 1\n",
    *(f'[snp.{name}]\n"x" = "{"11" * size}"\n' for name, size in SNP_TABLES.items()),
]
OF_TDX = [
    MRTD,
    '[tdx]\ntcb_status = ["UpToDate"]\n',
    "[tdx]\nmin_tcb_evaluation = 0\n",
    "[tdx]\nrequire_event_log = false\n",
    *(f'[tdx.{name}]\n"x" = "{"11" * size}"\n' for name, size in TDX_TABLES.items()),
]
Appraise = Callable[[str], Appraisal]


@pytest.fixture(scope="module")
def quote() -> Appraise:
    """Appraises a quote of a machine whose certificates do not call it emulated."""
    authority, identity = IntelAuthority(IntelKeys(), AT, marked=False), PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    said = collateral(authority, identity, TdReport(), signer.enclave, AT).encode()
    made = signer.quote(TdReport())
    return lambda policy: verify(
        made, policy=AppraisalPolicy.parse(f"version = 1\n{policy}"), at=AT, collateral=said, anchors=[authority.root]
    )


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Appraise:
    platform = platforms.load("simulated", state_directory=tmp_path_factory.mktemp("state") / "simulated")
    assert isinstance(platform, SimulatedPlatform)
    made = platform.evidence(EvidenceRequest(b"n" * 16)).data
    return lambda policy: verify(
        made,
        policy=AppraisalPolicy.parse(f"version = 1\nallow_simulated = true\n{policy}"),
        anchors=[platform.root_certificate],
    )


def refusal(appraisal: Appraisal) -> str:
    assert appraisal.verdict is Verdict.FAIL
    return str(appraisal.reason)


@pytest.mark.parametrize("demands", OF_SNP)
def test_a_quote_does_not_meet_what_is_demanded_of_reports(quote: Appraise, demands: str) -> None:
    assert refusal(quote(demands)) == (
        "platform type: it cannot meet the demands of [snp]; name tdx in platforms to accept it without them"
    )
    by_name = quote(f'platforms = ["sev-snp", "tdx"]\n{demands}')
    assert by_name.verdict is Verdict.PASS, by_name.reason


@pytest.mark.parametrize("demands", OF_SNP[:2] + OF_TDX[:2] + [CHIP + MRTD])
def test_a_token_does_not_meet_what_is_demanded_of_hardware(token: Appraise, demands: str) -> None:
    assert refusal(token(demands)).startswith("platform type: it cannot meet the demands of [")
    by_name = token(f'platforms = ["simulated", "sev-snp", "tdx"]\n{demands}')
    assert by_name.verdict is Verdict.PASS, by_name.reason


def test_both_tables_mean_both_platforms(quote: Appraise) -> None:
    same = f'[tdx.mrtd]\n"image" = "{bytes(48).hex()}"\n'
    assert quote(CHIP + same).verdict is Verdict.PASS
    assert refusal(quote(CHIP + MRTD)).startswith("mrtd: ")
    assert refusal(quote(f'platforms = ["sev-snp"]\n{same}')) == "platform type: the policy does not name it"


def genuine_report(vectors: Path, entry: dict[str, Any], policy: str) -> Appraisal:
    certificates = [
        certificate for part in ("vek", "chain") for certificate in load_certificates(content(vectors, entry[part]))
    ]
    return verify(
        content(vectors, entry["report"]),
        certificates=certificates,
        at=datetime.fromisoformat(entry["verify_time"]),
        policy=AppraisalPolicy.parse(f"version = 1\nallow_debug = true\n{policy}"),
    )


def genuine_quote(vectors: Path, entry: dict[str, Any], policy: str) -> Appraisal:
    judged = entry["verifications"][0]
    return verify(
        content(vectors, entry["quote"]),
        collateral=content(vectors, judged["collateral"]),
        at=datetime.fromtimestamp(judged["now_secs"], UTC),
        policy=AppraisalPolicy.parse(f"version = 1\n{policy}"),
    )


def content(vectors: Path, name: str) -> bytes:
    return (vectors / name).read_bytes()


def test_genuine_evidence_of_the_other_platform(vectors: Path, vectors_index: dict[str, Any]) -> None:
    for entry in vectors_index["tdx"]:
        assert genuine_quote(vectors, entry, "").verdict is Verdict.PASS
        for demands in OF_SNP:
            assert refusal(genuine_quote(vectors, entry, demands)).startswith("platform type: it cannot meet")
    for entry in vectors_index["snp"]:
        assert genuine_report(vectors, entry, "").verdict is Verdict.PASS
        for demands in OF_TDX:
            assert refusal(genuine_report(vectors, entry, demands)).startswith("platform type: it cannot meet")
        own = f'[snp.chip_ids]\n"it" = "{entry["expect"]["chip_id"]}"\n'
        assert genuine_report(vectors, entry, own).verdict is Verdict.PASS


def test_what_software_states_needs_a_known_image(
    vectors: Path, vectors_index: dict[str, Any], quote: Appraise
) -> None:
    """Evidence that says nothing of workload, key or purpose does not meet a demand for them."""
    workload = f'[measurements.workload]\n"w" = "sha-256:{"11" * 32}"\n'
    for demands in (workload, workload.replace("measurements.workload", "attested_keys"), 'purposes = ["guest"]\n'):
        assert quote(demands).verdict is Verdict.FAIL
        assert quote(f"allow_unknown_image = true\n{demands}").verdict is Verdict.FAIL
        for entry in vectors_index["snp"]:
            assert genuine_report(vectors, entry, demands).verdict is Verdict.FAIL
