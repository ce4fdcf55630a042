"""A guest appraises what emulated machines sign, by policies of its operator: as on hardware, but for the roots."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.attestation import AttestationProvider
from elastic_hal.reference_impl.bindings.elastic_hal import attestation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.eat import HardwareEvidence, encode_hardware_evidence, parse_hardware_evidence
from elastic_hal.reference_impl.evidence import root_certificate
from elastic_hal.reference_impl.platforms.emulator.machines import COLLATERAL_FILE
from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.platform import EvidenceRequest, Platform, PlatformError
from elastic_hal.runtime.policy import Grant

NONCE = b"0123456789abcdef"
DIGEST = "5a" * 32
ALLOWED = "version = 1\nallow_emulated = true\n"


class Side:
    """A workload on an emulated machine, and the files by which it appraises others of its kind."""

    def __init__(self, machine, folder: Path) -> None:
        self.platform: Platform = platforms.load(machine.platform, root=machine.root)
        self.folder = folder
        (folder / "root.pem").write_bytes(root_certificate(self.platform).public_bytes(Encoding.PEM))
        collateral = machine.state / COLLATERAL_FILE if machine.platform == "tdx" else None
        self.grant = AppraisalGrant(folder / "peer.toml", (folder / "root.pem",), (), collateral)
        self.demand(ALLOWED)

    def demand(self, text: str) -> None:
        (self.folder / "peer.toml").write_text(text)

    def provider(self, grant: AppraisalGrant | None = None) -> AttestationProvider:
        granted = Grant(attestation=frozenset({"platform", "workload"}), appraisal={"peer": grant or self.grant})
        return AttestationProvider(self.platform, Identity("guest", f"sha256:{DIGEST}"), granted)

    def evidence(self, key: crypto.Key | None = None) -> wit.Evidence:
        return self.provider().AttestationContext_load(wit.Target.WORKLOAD, key).get_evidence(NONCE)

    def refuses(self, evidence: wit.Evidence, nonce: bytes = NONCE, grant: AppraisalGrant | None = None) -> None:
        with pytest.raises(types.Error_VerificationFailed):
            self.provider(grant).appraise("peer", evidence, nonce)


@pytest.fixture
def snp_side(snp, tmp_path: Path) -> Side:
    return Side(snp, tmp_path)


@pytest.fixture
def tdx_side(tdx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
    # The log that all tests of the machine share; with another one the register would no longer be explained.
    monkeypatch.setenv("ELASTIC_HAL_TDX_EVENT_LOG", str(tdx.state.parent / "event-log"))
    return Side(tdx, tmp_path)


@pytest.fixture(params=["snp_side", "tdx_side"])
def side(request: pytest.FixtureRequest) -> Side:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Side)
    return found


def test_the_root_is_the_one_that_the_machine_tells(snp_side: Side, snp, tdx_side: Side, tdx) -> None:
    for platform, file in (
        (snp_side.platform, snp.state / "genoa-root.pem"),
        (tdx_side.platform, tdx.state / "root.pem"),
    ):
        assert root_certificate(platform).public_bytes(Encoding.PEM) == file.read_bytes()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_evidence_that_comes_without_its_root(snp_side: Side, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    platform = snp_side.platform
    whole = platform.evidence(EvidenceRequest(NONCE))
    short = dataclasses.replace(whole, certificates=whole.certificates[:count])
    monkeypatch.setattr(platform, "evidence", lambda _request: short)
    with pytest.raises(PlatformError, match="without its root"):
        root_certificate(platform)


def test_what_the_hardware_proves(side: Side) -> None:
    key = CryptoProvider().Key_generate(
        crypto.KeyAlgorithm_Signature(crypto.SignatureAlgorithm.ED25519), crypto.KeyUsage.SIGN, False
    )
    evidence = side.evidence(key)
    appraised = side.provider().appraise("peer", evidence, NONCE)
    assert appraised.platform.value == side.platform.platform_type
    [platform] = side.platform.measurements()
    named = [(measured.name, measured.algorithm.value, measured.value) for measured in appraised.measurements]
    assert named[0] == ("platform", platform.algorithm, platform.value)
    assert [name for name, _, _ in named] == ["platform", "runtime", "workload"]
    assert named[2] == ("workload", "sha-256", bytes.fromhex(DIGEST))
    assert appraised.public_key == key.public_key().export_key(crypto.KeyFormat.SPKI)
    # Everything that is needed is in the data; the certificates beside it are a help.
    assert side.provider().appraise("peer", dataclasses.replace(evidence, certificates=[]), NONCE) == appraised


def test_what_is_demanded_of_the_hardware(side: Side) -> None:
    evidence = side.evidence()
    [platform] = side.platform.measurements()
    measured = f'{ALLOWED}[measurements.platform]\n"image" = "sha-384:{platform.value.hex()}"\n'
    side.demand(measured)
    side.provider().appraise("peer", evidence, NONCE)
    for text in (
        measured.replace(platform.value.hex()[:8], "00000000"),
        f'{ALLOWED}[measurements.workload]\n"other" = "sha-256:{"a5" * 32}"\n',
        "version = 1\n",
        f"{ALLOWED}platforms = ['simulated']\n",
    ):
        side.demand(text)
        side.refuses(evidence)


def test_what_does_not_answer_or_was_changed(side: Side) -> None:
    evidence = side.evidence()
    side.refuses(evidence, NONCE[::-1])
    parts = parse_hardware_evidence(evidence.data)
    for changed in (
        dataclasses.replace(parts, claims=parts.claims.replace(bytes.fromhex(DIGEST), bytes(32))),
        dataclasses.replace(parts, report=parts.report[:100] + bytes([parts.report[100] ^ 1]) + parts.report[101:]),
    ):
        side.refuses(dataclasses.replace(evidence, data=encode_hardware_evidence(changed)))
    side.refuses(dataclasses.replace(evidence, data=parts.report))


def test_what_a_guest_brings_is_no_root(side: Side) -> None:
    root = root_certificate(side.platform).public_bytes(Encoding.DER)
    evidence = side.evidence()
    along = dataclasses.replace(evidence, certificates=[*evidence.certificates[:2], root])
    side.provider().appraise("peer", along, NONCE)
    side.refuses(along, grant=dataclasses.replace(side.grant, trust_roots=()))


def test_certificates_of_a_guest_complete_a_chain(snp_side: Side) -> None:
    side = snp_side
    evidence = side.evidence()
    parts = parse_hardware_evidence(evidence.data)
    alone = encode_hardware_evidence(HardwareEvidence(parts.claims, parts.report))
    side.provider().appraise("peer", dataclasses.replace(evidence, data=alone), NONCE)
    # The operator's root completes the chain too; what lies between is for the guest to bring.
    side.provider().appraise(
        "peer", dataclasses.replace(evidence, data=alone, certificates=evidence.certificates[:2]), NONCE
    )
    side.refuses(dataclasses.replace(evidence, data=alone, certificates=evidence.certificates[:1]))


def test_without_collateral_no_quote_is_good(tdx_side: Side) -> None:
    evidence = tdx_side.evidence()
    tdx_side.provider().appraise("peer", evidence, NONCE)
    tdx_side.refuses(evidence, grant=dataclasses.replace(tdx_side.grant, collateral=None))
