"""For whom evidence was made: a workload that has a broker's nonce attested gets none of the host's secrets."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from broker_site import MEASURED, NAME, SECRET, WORKLOAD, Site, spki_of, write_policy
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key

from elastic_hal.reference_impl.attestation import AttestationProvider
from elastic_hal.reference_impl.bindings.elastic_hal import attestation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import crypto
from elastic_hal.reference_impl.broker import BrokerSealing
from elastic_hal.reference_impl.broker.errors import ReleaseRefusedError
from elastic_hal.reference_impl.broker.messages import ReleaseRequest
from elastic_hal.reference_impl.broker.wrapping import unwrap
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    parse_hardware_evidence,
    report_data,
)
from elastic_hal.reference_impl.evidence import attest
from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.measurements import runtime_measurement
from elastic_hal.runtime.platform import (
    Evidence,
    EvidencePurpose,
    EvidenceRequest,
    Platform,
    PlatformError,
    SealingRequest,
)
from elastic_hal.runtime.policy import Grant

ROOT = "thermostat/root"
ROOT_SECRET = bytes(range(32))
START = datetime.now(UTC) - timedelta(days=1)
IDENTITY = Identity("guest", f"sha256:{WORKLOAD.value.hex()}")
REGISTERS = (bytes(48), b"\1" * 48, b"\2" * 48, bytes(48))
MRTD = b"\3" * 48
SEALING = SealingRequest(False, b"context")


def of_this_machine(platform: Platform) -> str:
    """The demands that are documented for a sealing root: the platform and the runtime."""
    [measured] = platform.measurements()
    return (
        "allow_simulated = true\n"
        f'[measurements.platform]\n"this" = "{measured.algorithm}:{measured.value.hex()}"\n'
        f'[measurements.runtime]\n"this" = "sha-384:{runtime_measurement().value.hex()}"\n'
    )


@pytest.fixture
def root_site(site: Site) -> Site:
    site.store.add_secret(ROOT, ROOT_SECRET, {"event": "added"})
    write_policy(site.directory, of_this_machine(site.platform), ROOT)
    return site


def by_a_guest(platform: Platform, nonce: bytes, target: wit.Target = wit.Target.WORKLOAD) -> tuple[bytes, crypto.Key]:
    """What a guest with `attestation = ["workload"]` gets: evidence over its nonce, for a key that it made."""
    keys = CryptoProvider()
    algorithm = crypto.KeyAlgorithm_Signature(crypto.SignatureAlgorithm.ECDSA_P256_SHA_256)
    key = keys.Key_generate(algorithm, crypto.KeyUsage.SIGN, True)
    grant = Grant(attestation=frozenset({"workload", "platform"}))
    context = AttestationProvider(platform, IDENTITY, grant).AttestationContext_load(target, key)
    return context.get_evidence(nonce).data, key


def private_half(key: crypto.Key) -> ec.EllipticCurvePrivateKey:
    loaded = load_der_private_key(key.export_key(crypto.KeyFormat.PKCS8), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def refused(site: Site, name: str, evidence: bytes, nonce: bytes) -> str:
    with pytest.raises(ReleaseRefusedError):
        site.client.release(ReleaseRequest(name, evidence, nonce))
    return site.last_reason()


def test_a_workload_does_not_get_the_root_of_its_machine(root_site: Site) -> None:
    nonce = root_site.client.nonce(ROOT)
    reason = refused(root_site, ROOT, by_a_guest(root_site.platform, nonce)[0], nonce)
    assert reason == "purpose: a guest asked for this evidence, and what is demanded is the host's own"
    assert root_site.log()[-1]["purpose"] == "guest/attestation"
    assert len(BrokerSealing(root_site.platform, root_site.client, ROOT).sealing_key(SEALING).key) == 32
    entry = root_site.log()[-1]
    assert (entry["event"], entry["purpose"]) == ("released", "host/sealing-root")


@pytest.mark.parametrize("target", list(wit.Target))
def test_a_policy_without_reference_values_gives_a_root_to_hosts_alone(root_site: Site, target: wit.Target) -> None:
    write_policy(root_site.directory, "allow_simulated = true\n", ROOT)
    nonce = root_site.client.nonce(ROOT)
    evidence, _ = by_a_guest(root_site.platform, nonce, target)
    assert refused(root_site, ROOT, evidence, nonce).startswith("purpose: a guest")
    assert len(BrokerSealing(root_site.platform, root_site.client, ROOT).sealing_key(SEALING).key) == 32


def test_a_workload_that_a_policy_names_gets_its_secret(site: Site) -> None:
    nonce = site.client.nonce(NAME)
    evidence, key = by_a_guest(site.platform, nonce)
    encapsulated, ciphertext = site.client.release(ReleaseRequest(NAME, evidence, nonce))
    assert unwrap(private_half(key), encapsulated, ciphertext, NAME, nonce) == SECRET


@pytest.mark.parametrize(
    ("purposes", "accepted"),
    [
        (["guest"], "guest/attestation"),
        (["guest/attestation"], "guest/attestation"),
        (["host/sealing-root"], "host/sealing-root"),
        (["host"], "host/sealing-root host/secret host/statement"),
        (["host/secret", "guest"], "host/secret guest/attestation"),
    ],
)
def test_a_policy_can_demand_purposes(site: Site, purposes: list[str], accepted: str) -> None:
    write_policy(site.directory, f"allow_simulated = true\npurposes = {purposes}\n")
    for purpose in EvidencePurpose:
        nonce = site.client.nonce(NAME)
        spki = spki_of(ec.generate_private_key(ec.SECP256R1()))
        evidence = site.platform.evidence(EvidenceRequest(nonce, MEASURED, spki, purpose)).data
        if purpose.value in accepted.split():
            assert site.client.release(ReleaseRequest(NAME, evidence, nonce))
        else:
            assert refused(site, NAME, evidence, nonce).startswith("purpose: ")
            assert site.log()[-1]["purpose"] == purpose.value


def test_what_an_operator_has_stated_is_no_request(root_site: Site, tmp_path: Path) -> None:
    component = tmp_path / "guest.wasm"
    component.write_bytes(b"a component")
    digest = hashlib.sha256(b"a component").hexdigest()
    demands = f'allow_simulated = true\n[measurements.workload]\n"it" = "sha-256:{digest}"\n'
    write_policy(root_site.directory, demands, ROOT)
    nonce = root_site.client.nonce(ROOT)
    evidence = attest(root_site.platform, nonce, component).data
    assert "for something else" in refused(root_site, ROOT, evidence, nonce)


class EmulatedTdx:
    """A platform on emulated TDX; without `states`, its evidence is of the time before evidence had a purpose."""

    platform_type = "tdx"

    def __init__(self, signer: QuoteSigner, *, states: bool = True) -> None:
        self._signer = signer
        self._states = states

    def evidence(self, request: EvidenceRequest) -> Evidence:
        purpose = request.purpose if self._states else None
        stated = TeeClaims(request.nonce, int(time.time()), "tdx", request.measurements, request.public_key, purpose)
        claims = encode_tee_claims(stated)
        quote = self._signer.quote(TdReport(report_data=report_data(claims), mrtd=MRTD, rtmrs=REGISTERS))
        return Evidence("eat", encode_hardware_evidence(HardwareEvidence(claims, quote)), ())


@pytest.fixture
def on_tdx(site: Site) -> tuple[Site, QuoteSigner]:
    """A broker with the policy that the documentation prints for a sealing root."""
    authority, identity = IntelAuthority(IntelKeys(), START), PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    site.store.add_secret(ROOT, ROOT_SECRET, {"event": "added"})
    text = (Path(__file__).parents[2] / "docs" / "key-broker.md").read_text("utf-8")
    [example] = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[tdx.rtmr1]" in block]
    values = {
        "firmware": f"sha-384:{MRTD.hex()}",
        "elastic-hal": f"sha-384:{runtime_measurement().value.hex()}",
        "kernel": REGISTERS[1].hex(),
        "command line": REGISTERS[2].hex(),
    }
    for label, value in values.items():
        example = re.sub(rf'("{label}[^"]*" = ")[^"]*', rf"\g<1>{value}", example)
    demands = example.replace("version = 1", "version = 1\nallow_emulated = true")
    (site.directory / "appraisal.toml").write_text(demands)
    (site.directory / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    said = collateral(authority, identity, TdReport(mrtd=MRTD), signer.enclave, START)
    (site.directory / "collateral.json").write_text(said)
    (site.directory / "broker.toml").write_text(
        f'version = 1\n[secrets."{ROOT}"]\npolicy = "appraisal.toml"\n'
        '[trust]\nroots = ["root.pem"]\ncollateral = "collateral.json"\n'
    )
    return site, signer


def test_the_documented_policy_on_hardware(on_tdx: tuple[Site, QuoteSigner]) -> None:
    site, signer = on_tdx
    host: Any = EmulatedTdx(signer)
    assert len(BrokerSealing(host, site.client, ROOT).sealing_key(SEALING).key) == 32
    nonce = site.client.nonce(ROOT)
    assert refused(site, ROOT, by_a_guest(host, nonce)[0], nonce).startswith("purpose: a guest asked")


def test_evidence_without_a_purpose_counts_as_a_guest_s(on_tdx: tuple[Site, QuoteSigner]) -> None:
    site, signer = on_tdx
    earlier: Any = EmulatedTdx(signer, states=False)
    with pytest.raises(PlatformError, match="does not release"):
        BrokerSealing(earlier, site.client, ROOT).sealing_key(SEALING)
    assert site.last_reason().startswith("purpose: a guest asked")
    demands = site.directory / "appraisal.toml"
    demands.write_text(demands.read_text().replace("version = 1", 'version = 1\npurposes = ["guest/attestation"]'))
    assert site.client.fetch(ROOT, earlier, (runtime_measurement(),)) == ROOT_SECRET


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda claims: {**claims, -70002: "host/sealing-root"}, "report data: "),
        (lambda claims: {**claims, -70002: "host/anything"}, "wrapper: the purpose is none of"),
        (lambda claims: {**claims, -70003: "host/sealing-root"}, "wrapper: claim -70003 is not of profile"),
        (lambda claims: {**claims, 265: "tag:elastic-hal,2026:tee"}, "wrapper: claim -70002 is not of profile"),
        (lambda claims: {key: value for key, value in claims.items() if key != -70002}, "wrapper: claim -70002 is mis"),
    ],
)
def test_the_purpose_cannot_be_forged(
    on_tdx: tuple[Site, QuoteSigner], change: Callable[[dict[int, object]], dict[int, object]], reason: str
) -> None:
    """Claims with another purpose are not those that the processor signed."""
    site, signer = on_tdx
    host: Any = EmulatedTdx(signer)
    nonce = site.client.nonce(ROOT)
    parts = parse_hardware_evidence(by_a_guest(host, nonce)[0])
    claims = cbor2.dumps(change(cbor2.loads(parts.claims)), canonical=True)
    forged = encode_hardware_evidence(dataclasses.replace(parts, claims=claims))
    assert refused(site, ROOT, forged, nonce).startswith(reason)
    assert "purpose" not in site.log()[-1], "the log repeats nothing that nobody vouches for"


def test_software_of_an_attacker_is_not_believed_to_be_a_host(on_tdx: tuple[Site, QuoteSigner]) -> None:
    """Who boots an image of his own has it state any purpose, any runtime and any workload."""
    site, signer = on_tdx
    demands = site.directory / "appraisal.toml"
    whole = demands.read_text()
    host: Any = EmulatedTdx(signer)
    for table in ("measurements.platform", "tdx.rtmr1", "tdx.rtmr2"):
        demands.write_text(re.sub(rf'\[{re.escape(table)}\]\n(?:".*\n)+', "", whole))
        with pytest.raises(PlatformError, match="does not release"):
            BrokerSealing(host, site.client, ROOT).sealing_key(SEALING)
        assert "only the software in the guest says so" in site.last_reason(), table
    demands.write_text("version = 1\nallow_emulated = true\nallow_unknown_image = true\n")
    assert len(BrokerSealing(host, site.client, ROOT).sealing_key(SEALING).key) == 32
