"""A guest appraises evidence below a hierarchy of AMD's shape: guests in debug state, and certificates without end."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.appraising import Appraiser
from elastic_hal.reference_impl.bindings.elastic_hal import attestation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    report_data,
)
from elastic_hal.reference_impl.platforms.emulator.amd_authority import AmdAuthority, AuthorityKeys
from elastic_hal.reference_impl.platforms.emulator.snp_report import ReportFields, unsigned_report
from elastic_hal.reference_impl.verify.snp.chain import MAX_CERTIFICATE_BYTES
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb
from elastic_hal.runtime.appraisal_grants import AppraisalGrant

NONCE = bytes(range(32))
TCB = Tcb(None, 9, 0, 23, 72)
CHIP = bytes(range(1, 65))
DEBUGGING = 0xB0000
Evidence = Callable[..., wit.Evidence]


@pytest.fixture(scope="module")
def authority(authority_keys: AuthorityKeys) -> AmdAuthority:
    return AmdAuthority(Product.GENOA, authority_keys, datetime.now(UTC) - timedelta(minutes=5))


@pytest.fixture(scope="module")
def evidence(authority: AmdAuthority) -> Evidence:
    """Makes evidence of now; options are fields of the report that differ."""
    key = authority.vcek(TCB, CHIP, datetime.now(UTC) - timedelta(minutes=5))
    helpers = [certificate.public_bytes(Encoding.DER) for certificate in (key.certificate, *key.chain)]

    def make(**changes: int) -> wit.Evidence:
        claims = encode_tee_claims(TeeClaims(NONCE, int(time.time()), "sev-snp"))
        fields = ReportFields(
            product=Product.GENOA,
            version=3,
            tcb=TCB,
            chip_id=CHIP,
            report_data=report_data(claims),
            measurement=b"m" * 48,
            **changes,
        )
        data = encode_hardware_evidence(HardwareEvidence(claims, key.sign(unsigned_report(fields))))
        return wit.Evidence(wit.EvidenceFormat.EAT, data, list(helpers))

    return make


@pytest.fixture
def appraiser(authority: AmdAuthority, tmp_path: Path) -> Callable[[str], Appraiser]:
    """Makes an appraiser with one policy, `peer`, of this text."""
    (tmp_path / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))

    def make(text: str) -> Appraiser:
        (tmp_path / "peer.toml").write_text(f"version = 1\nallow_emulated = true\n{text}")
        return Appraiser("guest", {"peer": AppraisalGrant(tmp_path / "peer.toml", (tmp_path / "root.pem",))})

    return make


def test_a_guest_in_debug_state(evidence: Evidence, appraiser: Callable[[str], Appraiser]) -> None:
    appraiser("").appraise("peer", evidence(), NONCE)
    with pytest.raises(types.Error_VerificationFailed):
        appraiser("").appraise("peer", evidence(policy=DEBUGGING), NONCE)
    appraised = appraiser("allow_debug = true\n").appraise("peer", evidence(policy=DEBUGGING), NONCE)
    assert [(measured.name, measured.value) for measured in appraised.measurements] == [("platform", b"m" * 48)]


def test_demands_of_the_family_s_own_table(evidence: Evidence, appraiser: Callable[[str], Appraiser]) -> None:
    appraiser("[snp]\nproducts = ['Genoa']\n").appraise("peer", evidence(), NONCE)
    with pytest.raises(types.Error_VerificationFailed):
        appraiser("[snp]\nrequire_revocation_list = true\n").appraise("peer", evidence(), NONCE)


def long_certificate(size: int) -> bytes:
    """A certificate that is well-formed, and as long as somebody wants it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "SEV-Genoa")])
    filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.99"), bytes(size))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.add_extension(filling, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_what_is_longer_than_any_certificate_of_a_processor_is_not_kept(
    evidence: Evidence, appraiser: Callable[[str], Appraiser]
) -> None:
    whole = evidence()
    whole.certificates.append(long_certificate(MAX_CERTIFICATE_BYTES // 2))
    appraiser("").appraise("peer", whole, NONCE)
    whole.certificates[-1] = long_certificate(MAX_CERTIFICATE_BYTES)
    with pytest.raises(types.Error_VerificationFailed):
        appraiser("").appraise("peer", whole, NONCE)
