"""What the audit log says of evidence, and by which of its values evidence is revoked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from broker_site import MEASURED, NAME, RUNTIME, SECRET, WORKLOAD, Site, spki_of
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.broker.errors import BrokerSettingsError, ReleaseRefusedError
from elastic_hal.reference_impl.broker.messages import ReleaseRequest
from elastic_hal.reference_impl.broker.revocation import parse_revoked
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
HOST_DATA = bytes(range(100, 132))
REGISTERS = tuple(bytes([number]) * 48 for number in (1, 2, 3, 4))
MRTD = bytes(range(50, 98))
IMAGE = f'[measurements.platform]\n"image" = "sha-384:{MEASUREMENT.hex()}"\n'
FIRMWARE = (
    f'[tdx.mrtd]\n"f" = "{MRTD.hex()}"\n'
    f'[tdx.rtmr1]\n"k" = "{REGISTERS[1].hex()}"\n[tdx.rtmr2]\n"c" = "{REGISTERS[2].hex()}"\n'
)


class Guest:
    """A platform as the client of a broker sees it; `report` signs 64 bytes."""

    def __init__(self, platform_type: str, report: Callable[[bytes], bytes], *, binds: bool = True) -> None:
        self.platform_type = platform_type
        self._report = report
        self._binds = binds

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
        report = self._report(report_data(claims) if self._binds else bytes(64))
        return Evidence("eat", encode_hardware_evidence(HardwareEvidence(claims, report)), ())


def trust(site: Site, appraisal: str, **files: bytes) -> None:
    lines = []
    for key, content in files.items():
        (site.directory / key).write_bytes(content)
        lines.append(f'{key} = "{key}"' if key == "collateral" else f'{key} = ["{key}"]')
    (site.directory / "appraisal.toml").write_text(f"version = 1\nallow_emulated = true\n{appraisal}")
    head = f'version = 1\n[secrets."{NAME}"]\npolicy = "appraisal.toml"\n[trust]\n'
    (site.directory / "broker.toml").write_text(head + "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def amd_keys() -> AuthorityKeys:
    return AuthorityKeys.generate()


@pytest.fixture
def on_snp(site: Site, amd_keys: AuthorityKeys) -> tuple[Site, Callable[..., bytes]]:
    authority = AmdAuthority(Product.GENOA, amd_keys, START)
    key = authority.vcek(TCB, CHIP, START)
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (key.certificate, key.chain[0]))
    trust(site, IMAGE, roots=authority.root.public_bytes(Encoding.PEM), certificates=chain)

    def report(data: bytes, **changes: Any) -> bytes:
        usual = {"chip_id": CHIP, "measurement": MEASUREMENT, "host_data": HOST_DATA}
        fields = {"product": Product.GENOA, "version": 3, "tcb": TCB, "report_data": data, **usual, **changes}
        return key.sign(unsigned_report(ReportFields(**fields)))

    return site, report


@pytest.fixture
def on_tdx(site: Site) -> tuple[Site, Callable[[bytes], bytes]]:
    authority, identity = IntelAuthority(IntelKeys(), START), PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    said = collateral(authority, identity, TdReport(), signer.enclave, START).encode()
    trust(site, FIRMWARE, roots=authority.root.public_bytes(Encoding.PEM), collateral=said)
    fields: dict[str, Any] = {"mrtd": MRTD, "rtmrs": REGISTERS}
    return site, lambda data: signer.quote(TdReport(report_data=data, **fields))


def fetch(site: Site, guest: Any) -> bytes:
    return site.client.fetch(NAME, guest, MEASURED)


def refused(site: Site, guest: Any) -> str:
    with pytest.raises(ReleaseRefusedError):
        fetch(site, guest)
    return site.last_reason()


def of_hardware(entry: dict[str, Any]) -> dict[str, Any]:
    hardware: dict[str, Any] = entry["hardware"]
    return hardware


def test_the_log_names_what_a_report_proves(on_snp: tuple[Site, Callable[..., bytes]]) -> None:
    site, report = on_snp
    assert fetch(site, Guest("sev-snp", report)) == SECRET
    entry = site.log()[-1]
    assert of_hardware(entry) == {
        "type": "sev-snp",
        "emulated": True,
        "product": "Genoa",
        "launch measurement": MEASUREMENT.hex(),
        "chip": CHIP.hex(),
        "provider": None,
        "host data": HOST_DATA.hex(),
        "identity key": bytes(48).hex(),
        "vmpl": 0,
        "tcb": str(TCB),
    }
    assert (entry["platform"], entry["purpose"]) == ("sev-snp", "host/secret")
    assert entry["measurements"] == {
        "platform": f"sha-384:{MEASUREMENT.hex()}",
        "runtime": f"sha-384:{RUNTIME.value.hex()}",
        "workload": f"sha-256:{WORKLOAD.value.hex()}",
    }
    # A chip that its host masks in reports is known by the certificate of its key.
    assert fetch(site, Guest("sev-snp", lambda data: report(data, chip_id=bytes(64)))) == SECRET
    assert of_hardware(site.log()[-1])["chip"] == CHIP.hex()


def test_the_log_names_what_a_quote_proves(on_tdx: tuple[Site, Callable[[bytes], bytes]]) -> None:
    site, quote = on_tdx
    assert fetch(site, Guest("tdx", quote)) == SECRET
    hardware = of_hardware(site.log()[-1])
    assert {name: hardware[name] for name in ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3")} == {
        "mrtd": MRTD.hex(),
        **{f"rtmr{number}": value.hex() for number, value in enumerate(REGISTERS)},
    }
    assert (hardware["ppid"], hardware["tcb"], hardware["emulated"]) == ("11" * 16, "UpToDate", True)


def test_a_refusal_names_what_was_proven_and_nothing_else(on_snp: tuple[Site, Callable[..., bytes]]) -> None:
    site, report = on_snp
    other = bytes(reversed(MEASUREMENT))
    assert refused(site, Guest("sev-snp", lambda data: report(data, measurement=other))).startswith("measurement plat")
    assert of_hardware(site.log()[-1])["launch measurement"] == other.hex()
    assert "measurements" in site.log()[-1]
    # Claims that the processor did not sign are anybody's.
    assert refused(site, Guest("sev-snp", report, binds=False)).startswith("report data")
    entry = site.log()[-1]
    assert of_hardware(entry)["chip"] == CHIP.hex()
    assert not {"measurements", "key", "purpose", "platform"} & set(entry)

    def forged(data: bytes) -> bytes:
        content = bytearray(report(data))
        content[0x90] ^= 1
        return bytes(content)

    assert refused(site, Guest("sev-snp", forged)).startswith("signature")
    assert not {"hardware", "measurements", "key", "purpose", "platform"} & set(site.log()[-1])


@pytest.mark.parametrize("value", [CHIP, MEASUREMENT, HOST_DATA, WORKLOAD.value, RUNTIME.value])
def test_whole_values_of_a_report_are_revoked(on_snp: tuple[Site, Callable[..., bytes]], value: bytes) -> None:
    site, report = on_snp
    site.store.revoke(value.hex().upper(), {"event": "revoked"})
    assert refused(site, Guest("sev-snp", report)) == f"the evidence states the value {value.hex()}, which is revoked"


@pytest.mark.parametrize("value", [MRTD, *REGISTERS, b"\x11" * 16, b"\x22" * 16, WORKLOAD.value])
def test_whole_values_of_a_quote_are_revoked(on_tdx: tuple[Site, Callable[[bytes], bytes]], value: bytes) -> None:
    site, quote = on_tdx
    site.store.revoke(value.hex(), {"event": "revoked"})
    assert refused(site, Guest("tdx", quote)) == f"the evidence states the value {value.hex()}, which is revoked"


def test_parts_of_values_are_not_revoked(on_snp: tuple[Site, Callable[..., bytes]]) -> None:
    """Today's text of the evidence holds such digits somewhere: inside of digests, and across their borders."""
    site, report = on_snp
    for value in (CHIP, MEASUREMENT, HOST_DATA, WORKLOAD.value, RUNTIME.value):
        for part in (value[:16], value[-16:], value[1:-1], value[: len(value) - 1]):
            site.store.revoke(part.hex(), {"event": "revoked"})
    assert fetch(site, Guest("sev-snp", report)) == SECRET


def test_a_nonce_is_nothing_to_revoke(site: Site) -> None:
    """Otherwise whoever can have a value revoked, such as by a list of bad ones, could stop a release."""
    nonce = site.client.nonce(NAME)
    site.store.revoke(nonce.hex(), {"event": "revoked"})
    evidence = site.evidence(nonce, spki_of(ec.generate_private_key(ec.SECP256R1())))
    assert site.client.release(ReleaseRequest(NAME, evidence, nonce))


def test_the_key_and_the_device_of_a_token_are_revoked(site: Site) -> None:
    nonce, key = site.client.nonce(NAME), spki_of(ec.generate_private_key(ec.SECP256R1()))
    site.client.release(ReleaseRequest(NAME, site.evidence(nonce, key), nonce))
    digest = str(site.log()[-1]["key"])
    assert digest.startswith("sha-256:")
    site.store.revoke(digest, {"event": "revoked"})
    nonce = site.client.nonce(NAME)
    with pytest.raises(ReleaseRefusedError):
        site.client.release(ReleaseRequest(NAME, site.evidence(nonce, key), nonce))
    assert digest.removeprefix("sha-256:") in site.last_reason()
    other, nonce = spki_of(ec.generate_private_key(ec.SECP256R1())), site.client.nonce(NAME)
    assert site.client.release(ReleaseRequest(NAME, site.evidence(nonce, other), nonce))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is no value to revoke"),
        ("ab" * 15, "is no value to revoke"),
        ("ab" * 65, "is no value to revoke"),
        ("a" * 33, "is no value to revoke"),
        ("md5:" + "ab" * 16, "is no value to revoke"),
        ("zz" * 32, "is no value to revoke"),
        ("sha-256:" + "ab" * 48, "a digest of sha-256 has 64 hexadecimal digits, not 96"),
        ("sha-384:" + "ab" * 32, "a digest of sha-384 has 96 hexadecimal digits, not 64"),
        ("00" * 48, "zeros"),
        ("sha-256:" + "00" * 32, "zeros"),
    ],
)
def test_what_no_evidence_states_cannot_be_revoked(site: Site, value: str, reason: str) -> None:
    with pytest.raises(BrokerSettingsError, match=reason):
        site.store.revoke(value, {"event": "revoked"})
    assert site.store.revoked() == frozenset()


def test_a_value_with_line_breaks_is_shown_on_one_line() -> None:
    with pytest.raises(BrokerSettingsError) as caught:
        parse_revoked("x\naccepted")
    assert "\n" not in str(caught.value)


@given(st.binary(min_size=16, max_size=64).filter(any))
def test_every_value_of_that_size_is_one(value: bytes) -> None:
    assert parse_revoked(value.hex().upper()) == value.hex()
    assert json.dumps(parse_revoked(value.hex()))
