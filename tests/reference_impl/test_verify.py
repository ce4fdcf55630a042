"""Appraisal of evidence: what is accepted, and each way to be refused with its reason."""

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.eat import Claims, DebugStatus, encode_claims, parse_token, sign_token
from elastic_hal.reference_impl.evidence import AttestationInputError, attest
from elastic_hal.reference_impl.platforms.simulated import RootAuthority, SimulatedPlatform
from elastic_hal.reference_impl.verify import (
    Appraisal,
    AppraisalPolicy,
    ReferenceValue,
    Verdict,
    VerificationError,
    verify,
)
from elastic_hal.runtime.platform import EvidenceRequest, Measurement

NONCE = b"challenge of the relying party"
LENIENT = AppraisalPolicy(allow_simulated=True)


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    path = tmp_path / "guest.wasm"
    path.write_bytes(b"\0asm")
    return path


def appraise(
    data: bytes,
    platform: SimulatedPlatform,
    *,
    nonce: bytes | None = NONCE,
    policy: AppraisalPolicy | None = LENIENT,
    at: datetime | None = None,
) -> Appraisal:
    return verify(data, anchors=[platform.root_certificate], nonce=nonce, policy=policy, at=at)


def verdict_of(appraisal: Appraisal, name: str) -> Verdict:
    return next(check.verdict for check in appraisal.checks if check.name == name)


def test_evidence_of_a_workload_is_accepted_and_says_what_it_proves(
    platform: SimulatedPlatform, workload: Path
) -> None:
    appraisal = appraise(attest(platform, NONCE, workload).data, platform)
    assert appraisal.verdict is Verdict.PASS
    assert appraisal.reason is None
    assert appraisal.warnings == ("the platform is simulated: this evidence proves nothing about hardware",)
    claims = appraisal.require()
    assert claims.nonce == NONCE
    assert [measured.name for measured in claims.measurements] == ["platform", "runtime", "workload"]
    assert claims.debug is DebugStatus.ENABLED
    assert json.loads(json.dumps(appraisal.to_json()))["verdict"] == "pass"


def test_evidence_of_the_platform_alone_states_nothing_else(platform: SimulatedPlatform) -> None:
    claims = appraise(attest(platform, NONCE).data, platform).require()
    assert [measured.name for measured in claims.measurements] == ["platform"]


def test_the_strict_default_refuses_a_simulated_platform(platform: SimulatedPlatform) -> None:
    appraisal = appraise(attest(platform, NONCE).data, platform, policy=None)
    assert appraisal.verdict is Verdict.FAIL
    assert "allow_simulated" in str(appraisal.reason)
    assert verdict_of(appraisal, "debug state") is Verdict.FAIL
    with pytest.raises(VerificationError, match="allow_simulated"):
        appraisal.require()


def test_every_changed_byte_is_refused(platform: SimulatedPlatform, workload: Path) -> None:
    evidence = attest(platform, NONCE, workload).data
    for position in range(len(evidence)):
        changed = bytearray(evidence)
        changed[position] ^= 1 << (position % 8)
        appraisal = appraise(bytes(changed), platform)
        assert appraisal.verdict is Verdict.FAIL, f"byte {position}"
        assert appraisal.reason


def test_every_shortened_or_lengthened_copy_is_refused(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, NONCE).data
    for length in range(len(evidence)):
        assert appraise(evidence[:length], platform).verdict is Verdict.FAIL
    assert appraise(evidence + b"\0", platform).verdict is Verdict.FAIL
    assert appraise(b"\0" + evidence, platform).verdict is Verdict.FAIL


def test_another_nonce_is_refused_and_none_is_not_checked(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, NONCE).data
    refused = appraise(evidence, platform, nonce=NONCE[:-1] + b"!")
    assert refused.reason == "nonce: the evidence answers another challenge"
    unchecked = appraise(evidence, platform, nonce=None)
    assert unchecked.verdict is Verdict.PASS
    assert verdict_of(unchecked, "nonce") is Verdict.NOT_CHECKED


def test_another_machines_root_is_refused(platform: SimulatedPlatform, tmp_path: Path) -> None:
    other = platforms.load("simulated", state_directory=tmp_path / "other" / "simulated")
    assert isinstance(other, SimulatedPlatform)
    appraisal = appraise(attest(other, NONCE).data, platform)
    assert "unknown root" in str(appraisal.reason)
    assert appraisal.claims is None
    assert verdict_of(appraisal, "nonce") is Verdict.NOT_CHECKED
    assert "none of the 0" in str(verify(attest(other, NONCE).data, anchors=[], nonce=NONCE).reason)


def test_the_signature_of_another_key_is_refused(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, NONCE)
    payload = parse_token(evidence.data).payload
    forged = sign_token(payload, ec.generate_private_key(ec.SECP384R1()), evidence.certificates)
    assert str(appraise(forged, platform).reason).startswith("signature: ")


def test_an_algorithm_that_is_not_allowed_is_refused(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, NONCE).data
    # COSE algorithms -37 (PS256) and -36 (ES512, which does not fit the key) in place of -35.
    for encoded, reason in ((b"\x38\x24", "algorithm: COSE algorithm -37"), (b"\x38\x23", "signature: ")):
        changed = evidence.replace(b"\x01\x38\x22", b"\x01" + encoded, 1)
        assert changed != evidence
        assert str(appraise(changed, platform).reason).startswith(reason)


def test_time(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, NONCE).data
    now = datetime.now(UTC)
    assert "expired" in str(appraise(evidence, platform, at=now + timedelta(days=800)).reason)
    assert "not valid yet" in str(appraise(evidence, platform, at=now - timedelta(hours=1)).reason)
    fresh = dataclasses.replace(LENIENT, max_age_seconds=60)
    assert appraise(evidence, platform, policy=fresh).verdict is Verdict.PASS
    late = appraise(evidence, platform, policy=fresh, at=now + timedelta(minutes=5))
    assert str(late.reason).startswith("time of issue: the evidence is ")
    with pytest.raises(ValueError, match="time zone"):
        appraise(evidence, platform, at=datetime(2026, 1, 1))


def _sign(platform: SimulatedPlatform, state: Path, **changes: object) -> bytes:
    """Sign claims that the platform itself would not make, under its root."""
    key = ec.generate_private_key(ec.SECP384R1())
    certificate = RootAuthority.open(state).certify(key.public_key(), datetime.now(UTC))
    claims = Claims(
        nonce=NONCE,
        issued_at=int(datetime.now(UTC).timestamp()),
        device=b"\x01" + bytes(16),
        debug=DebugStatus.ENABLED,
        platform_type="simulated",
        measurements=platform.measurements(),
    )
    payload = encode_claims(dataclasses.replace(claims, **changes))  # type: ignore[arg-type]
    return sign_token(payload, key, [certificate.public_bytes(Encoding.DER)])


@pytest.mark.parametrize(
    ("changes", "policy", "reason"),
    [
        ({}, LENIENT, None),
        ({"issued_at": 4_000_000_000}, LENIENT, "issued in the future"),
        ({"platform_type": "sev-snp"}, LENIENT, "platform type: this profile does not carry"),
        ({"debug": DebugStatus.DISABLED}, LENIENT, "always in debug state"),
        ({}, AppraisalPolicy(allow_debug=True), "allow_simulated"),
        ({}, AppraisalPolicy(allow_simulated=True, platforms=("sev-snp", "tdx")), "does not name it"),
        ({}, AppraisalPolicy(allow_simulated=True, platforms=("simulated",)), None),
    ],
)
def test_claims_are_judged(
    platform: SimulatedPlatform, state: Path, changes: dict[str, object], policy: AppraisalPolicy, reason: str | None
) -> None:
    appraisal = appraise(_sign(platform, state, **changes), platform, policy=policy)
    if reason is None:
        assert appraisal.reason is None
    else:
        assert reason in str(appraisal.reason)


def test_reference_values_are_compared_by_name(platform: SimulatedPlatform, workload: Path) -> None:
    evidence = attest(platform, NONCE, workload).data
    measured = {entry.name: entry for entry in appraise(evidence, platform).require().measurements}
    good = ReferenceValue("guest 1.0", "sha-256", measured["workload"].value)
    bad = ReferenceValue("guest 0.9", "sha-256", bytes(32))
    accepted = dataclasses.replace(LENIENT, measurements={"workload": (bad, good)})
    appraisal = appraise(evidence, platform, policy=accepted)
    assert appraisal.verdict is Verdict.PASS
    assert verdict_of(appraisal, "measurement workload") is Verdict.PASS
    assert verdict_of(appraisal, "measurement runtime") is Verdict.NOT_CHECKED
    refused = appraise(evidence, platform, policy=dataclasses.replace(LENIENT, measurements={"workload": (bad,)}))
    assert refused.reason == "measurement workload: it is none of the reference values"
    absent = appraise(attest(platform, NONCE).data, platform, policy=accepted)
    assert absent.reason == "measurement workload: the evidence does not state it"


def test_the_attested_key_is_compared(platform: SimulatedPlatform) -> None:
    import hashlib

    key = ed25519.Ed25519PrivateKey.generate().public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    evidence = platform.evidence(EvidenceRequest(nonce=NONCE, public_key=spki)).data
    assert appraise(evidence, platform).require().attested_key == spki
    good = ReferenceValue("gateway", "sha-256", hashlib.sha256(spki).digest())
    policy = dataclasses.replace(LENIENT, attested_keys=(good,))
    assert appraise(evidence, platform, policy=policy).verdict is Verdict.PASS
    assert appraise(attest(platform, NONCE).data, platform, policy=policy).reason == (
        "attested key: the evidence names no key"
    )
    other = dataclasses.replace(good, value=bytes(32))
    refused = appraise(evidence, platform, policy=dataclasses.replace(LENIENT, attested_keys=(other,)))
    assert refused.reason == "attested key: it is none of the reference values"


@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_without_an_exception(shared_platform: SimulatedPlatform, data: bytes) -> None:
    appraisal = appraise(data, shared_platform)
    assert appraisal.verdict is Verdict.FAIL
    json.dumps(appraisal.to_json())


@given(position=st.integers(0, 10_000), piece=st.binary(max_size=8), cut=st.integers(0, 8))
def test_any_edit_is_refused(shared_platform: SimulatedPlatform, position: int, piece: bytes, cut: int) -> None:
    evidence = attest(shared_platform, NONCE).data
    position %= len(evidence)
    edited = evidence[:position] + piece + evidence[position + cut :]
    if edited != evidence:
        assert appraise(edited, shared_platform).verdict is Verdict.FAIL


def test_what_cannot_be_attested_is_refused(platform: SimulatedPlatform, tmp_path: Path) -> None:
    for size in (0, 7, 65):
        with pytest.raises(AttestationInputError, match="8 to 64"):
            attest(platform, bytes(size))
    with pytest.raises(AttestationInputError, match=r"cannot be read|is a directory"):
        attest(platform, NONCE, tmp_path / "absent.wasm")
    with pytest.raises(AttestationInputError, match=r"cannot be read|is a directory"):
        attest(platform, NONCE, tmp_path)


def test_a_changed_workload_changes_its_measurement_only(platform: SimulatedPlatform, workload: Path) -> None:
    def measured() -> dict[str, Measurement]:
        claims = appraise(attest(platform, NONCE, workload).data, platform).require()
        return {entry.name: entry for entry in claims.measurements}

    before = measured()
    workload.write_bytes(b"\0asm\1")
    after = measured()
    assert {name for name in before if before[name] != after[name]} == {"workload"}


def test_a_relying_party_needs_no_engine() -> None:
    script = (
        "import sys; import elastic_hal.reference_impl.verify, elastic_hal.reference_impl.evidence, "
        "elastic_hal.reference_impl.platforms; assert not [m for m in sys.modules if m.startswith('wasmtime')]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_root_is_a_proper_authority(platform: SimulatedPlatform) -> None:
    root = platform.root_certificate
    leaf = x509.load_der_x509_certificate(attest(platform, NONCE).certificates[0])
    for certificate, authority in ((root, True), (leaf, False)):
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert basic.critical
        assert usage.critical
        assert basic.value.ca is usage.value.key_cert_sign is authority
        assert usage.value.digital_signature is not authority
        assert certificate.version is x509.Version.v3
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == identifier
    assert leaf.not_valid_after_utc <= root.not_valid_after_utc
