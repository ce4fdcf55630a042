"""Hardware evidence, signed by hierarchies of AMD's and Intel's shape: who satisfies the policy gets the secret."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from broker_site import MEASURED, NAME, SECRET, Site
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elastic_hal.reference_impl.broker.errors import ReleaseRefusedError
from elastic_hal.reference_impl.broker.messages import ReleaseRequest
from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    report_data,
)
from elastic_hal.reference_impl.platforms.emulator.amd_authority import AmdAuthority, AuthorityKeys
from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.platforms.emulator.snp_report import ReportFields, unsigned_report
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb
from elastic_hal.runtime.platform import Evidence, EvidenceRequest

START = datetime.now(UTC) - timedelta(days=1)
TCB = Tcb(None, 10, 0, 23, 84)
CHIP = bytes(range(64))
MEASUREMENT = bytes(range(48))


@dataclass
class HardwareGuest:
    """A platform as the client of a broker sees it; `report` signs 64 bytes."""

    platform_type: str
    report: Callable[[bytes], bytes]
    last: bytes = b""

    def evidence(self, request: EvidenceRequest) -> Evidence:
        stated = TeeClaims(
            request.nonce,
            int(time.time()),
            self.platform_type,
            request.measurements,
            request.public_key,
            request.purpose,
        )
        claims = encode_tee_claims(stated)
        self.last = self.report(report_data(claims))
        return Evidence("eat", encode_hardware_evidence(HardwareEvidence(claims, self.last)), ())


def trust(directory: Path, appraisal: str, **files: bytes) -> None:
    lines = []
    for key, content in files.items():
        (directory / key).write_bytes(content)
        lines.append(f'{key} = "{key}"' if key == "collateral" else f'{key} = ["{key}"]')
    (directory / "appraisal.toml").write_text(f"version = 1\nallow_emulated = true\n{appraisal}")
    head = f'version = 1\n[secrets."{NAME}"]\npolicy = "appraisal.toml"\n[trust]\n'
    (directory / "broker.toml").write_text(head + "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def amd() -> AmdAuthority:
    return AmdAuthority(Product.GENOA, AuthorityKeys.generate(), START)


def test_a_guest_on_sev_snp(site: Site, amd: AmdAuthority) -> None:
    key = amd.vcek(TCB, CHIP, START)
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (key.certificate, key.chain[0]))
    root = amd.root.public_bytes(Encoding.PEM)

    def report(data: bytes, measurement: bytes = MEASUREMENT) -> bytes:
        fields = ReportFields(
            product=Product.GENOA, version=3, tcb=TCB, chip_id=CHIP, report_data=data, measurement=measurement
        )
        return key.sign(unsigned_report(fields))

    demands = f'[measurements.platform]\n"image 7" = "sha-384:{MEASUREMENT.hex()}"\n'
    trust(site.directory, demands, roots=root, certificates=chain)
    guest = HardwareGuest("sev-snp", report)
    assert fetch(site, guest) == SECRET
    assert site.log()[-1]["platform"] == "sev-snp"

    with pytest.raises(ReleaseRefusedError):
        fetch(site, HardwareGuest("sev-snp", lambda data: report(data, bytes(48))))
    assert "measurement platform" in site.last_reason()
    with pytest.raises(ReleaseRefusedError):
        fetch(site, HardwareGuest("sev-snp", lambda _: report(bytes(64))))
    assert "report data" in site.last_reason()

    # A report alone answers the nonce, but says nothing about a key.
    nonce = site.client.nonce(NAME)
    with pytest.raises(ReleaseRefusedError):
        site.client.release(ReleaseRequest(NAME, report(nonce.ljust(64, b"\0")), nonce))
    assert "does not say which workload or key" in site.last_reason()

    site.store.revoke(CHIP.hex(), {"event": "revoked"})
    with pytest.raises(ReleaseRefusedError):
        fetch(site, guest)
    assert "is revoked" in site.last_reason()


def test_a_guest_whose_root_nobody_trusts(site: Site, amd: AmdAuthority) -> None:
    key = amd.vcek(TCB, CHIP, START)
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (key.certificate, key.chain[0]))
    trust(site.directory, "", certificates=chain)
    fields = {"product": Product.GENOA, "version": 3, "tcb": TCB, "chip_id": CHIP}
    guest = HardwareGuest("sev-snp", lambda data: key.sign(unsigned_report(ReportFields(report_data=data, **fields))))  # type: ignore[arg-type]
    with pytest.raises(ReleaseRefusedError):
        fetch(site, guest)
    assert site.last_reason()


def test_a_guest_on_tdx(site: Site) -> None:
    authority = IntelAuthority(IntelKeys(), START)
    identity = PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    said = collateral(authority, identity, TdReport(), signer.enclave, START).encode()
    image = f'[tdx.mrtd]\n"firmware" = "{bytes(48).hex()}"\n'
    trust(site.directory, image, roots=authority.root.public_bytes(Encoding.PEM), collateral=said)
    guest = HardwareGuest("tdx", lambda data: signer.quote(TdReport(report_data=data)))
    assert fetch(site, guest) == SECRET
    assert site.log()[-1]["platform"] == "tdx"
    measured = site.log()[-1]["measurements"]
    assert isinstance(measured, dict)
    site.store.revoke(measured["workload"], {"event": "revoked"})
    with pytest.raises(ReleaseRefusedError):
        fetch(site, guest)
    assert "is revoked" in site.last_reason()


def fetch(site: Site, guest: HardwareGuest) -> bytes:
    return site.client.fetch(NAME, guest, MEASURED)  # type: ignore[arg-type]


def test_small_order_keys_are_refused(site: Site) -> None:
    weak = x25519.X25519PublicKey.from_public_bytes(bytes(32))
    spki = weak.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    nonce = site.client.nonce(NAME)
    with pytest.raises(ReleaseRefusedError):
        site.client.release(ReleaseRequest(NAME, site.evidence(nonce, spki), nonce))
    assert "no secrets" in site.last_reason()
