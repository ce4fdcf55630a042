"""The SEV-SNP platform over the emulated kernel: the code that runs on hardware, end to end with the verifier."""

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    decode_tee_claims,
    encode_hardware_evidence,
    parse_hardware_evidence,
    report_data,
)
from elastic_hal.reference_impl.platforms.kernel.devices import CallFailedError
from elastic_hal.reference_impl.platforms.kernel.errors import FirmwareRefusalError, KernelInterfaceError
from elastic_hal.reference_impl.platforms.kernel.tsm_reports import TsmReport, request_report
from elastic_hal.reference_impl.platforms.sev_snp import SevSnpPlatform, device
from elastic_hal.reference_impl.platforms.sev_snp.certificates import (
    CertificateSource,
    CertificatesUnavailableError,
    key_addresses,
)
from elastic_hal.reference_impl.verify import AppraisalPolicy, verify
from elastic_hal.runtime.platform import (
    EvidenceRequest,
    Measurement,
    NoSealingKeyError,
    Platform,
    SealingParametersError,
    SealingRequest,
    SealingSource,
)

NONCE = b"n" * 32
VOUCHED = (Measurement("runtime", "sha-384", b"r" * 48), Measurement("workload", "sha-256", b"w" * 32))
REQUEST = EvidenceRequest(NONCE, VOUCHED)
ALLOWED = AppraisalPolicy(allow_emulated=True)


@pytest.fixture(scope="module")
def platform(snp) -> SevSnpPlatform:
    loaded = platforms.load("sev-snp", root=snp.root)
    assert isinstance(loaded, SevSnpPlatform)
    return loaded


@pytest.fixture(scope="module")
def root(snp) -> x509.Certificate:
    return x509.load_pem_x509_certificate((snp.state / "genoa-root.pem").read_bytes())


@pytest.fixture
def device_alone(snp, tmp_path: Path) -> Path:
    """A machine whose kernel has no configfs-tsm yet."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "sev-guest").symlink_to(snp.root / "dev" / "sev-guest")
    return tmp_path


def test_what_it_is(platform: SevSnpPlatform) -> None:
    assert isinstance(platform, Platform)
    assert (platform.name, platform.platform_type) == ("sev-snp", "sev-snp")
    assert (platform.debug, platform.sealing_source) == (False, SealingSource.PLATFORM)
    [measurement] = platform.measurements()
    assert (measurement.name, measurement.algorithm, len(measurement.value)) == ("platform", "sha-384", 48)


def test_evidence_is_accepted_and_says_whose_it_is(platform: SevSnpPlatform, root: x509.Certificate) -> None:
    evidence = platform.evidence(REQUEST)
    appraisal = verify(evidence.data, anchors=[root], nonce=NONCE, policy=ALLOWED)
    assert appraisal.reason is None
    assert any("emulated" in warning for warning in appraisal.warnings)
    names = [x509.load_der_x509_certificate(each).subject.rfc4514_string() for each in evidence.certificates]
    assert [name.split(",")[0] for name in names] == ["CN=SEV-VCEK", "CN=SEV-Genoa", "CN=ARK-Genoa"]
    claims = decode_tee_claims(parse_hardware_evidence(evidence.data).claims)
    assert (claims.nonce, claims.platform_type, claims.measurements) == (NONCE, "sev-snp", VOUCHED)


def test_evidence_is_refused_where_it_must_be(platform: SevSnpPlatform, root: x509.Certificate) -> None:
    data = platform.evidence(REQUEST).data
    assert verify(data, anchors=[root], nonce=NONCE).reason is not None
    assert verify(data, nonce=NONCE, policy=ALLOWED).reason is not None
    assert verify(data, anchors=[root], nonce=b"m" * 32, policy=ALLOWED).reason is not None


def test_other_claims_around_the_same_report_are_refused(platform: SevSnpPlatform, root: x509.Certificate) -> None:
    first = parse_hardware_evidence(platform.evidence(REQUEST).data)
    other = parse_hardware_evidence(platform.evidence(EvidenceRequest(NONCE, VOUCHED[:1])).data)
    assert first.report[0x50:0x90] == report_data(first.claims)
    mixed = encode_hardware_evidence(HardwareEvidence(other.claims, first.report, first.certificates))
    appraisal = verify(mixed, anchors=[root], nonce=NONCE, policy=ALLOWED)
    assert appraisal.reason is not None
    assert "report data" in appraisal.reason


def test_the_device_serves_where_configfs_is_missing(device_alone: Path, root: x509.Certificate) -> None:
    loaded = platforms.load("sev-snp", root=device_alone)
    evidence = loaded.evidence(REQUEST)
    assert len(evidence.certificates) == 3
    assert verify(evidence.data, anchors=[root], nonce=NONCE, policy=ALLOWED).reason is None


def test_the_plain_report_has_no_certificates(snp) -> None:
    path = snp.root / "dev/sev-guest"
    plain = device.request_plain_report(path, b"p" * 64, 1)
    assert (plain.report[0x50:0x90], plain.report[0x30], plain.auxiliary) == (b"p" * 64, 1, None)


def test_a_table_larger_than_the_first_room(snp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_FIRST_ROOM", 0)
    assert device.request_report(snp.root / "dev/sev-guest", b"p" * 64, 0).auxiliary is not None


def test_unknown_calls_and_levels(snp) -> None:
    path = snp.root / "dev/sev-guest"
    with pytest.raises(FirmwareRefusalError):
        device.request_plain_report(path, bytes(64), 4)
    with pytest.raises(CallFailedError, match="modprobe"):
        device.request_plain_report(snp.root / "dev/absent", bytes(64), 0)


def test_sealing_keys_are_separate_and_come_again(platform: SevSnpPlatform, snp) -> None:
    given = platform.sealing_key(SealingRequest(True, b"one"))
    again = platforms.load("sev-snp", root=snp.root).sealing_key(SealingRequest(True, b"one", given.parameters))
    assert given.key == again.key
    others = {
        platform.sealing_key(SealingRequest(measured, context)).key
        for measured in (True, False)
        for context in (b"one", b"two", b"")
    }
    assert len(others) == 6
    assert given.key.hex() not in repr(given)


@pytest.mark.parametrize("parameters", [b"", b"\x02", b"\x01" + bytes(12), b"\x02" + b"\xff" * 12, bytes(13)])
def test_parameters_that_were_never_given(platform: SevSnpPlatform, parameters: bytes) -> None:
    with pytest.raises(SealingParametersError):
        platform.sealing_key(SealingRequest(False, b"", parameters))


def test_older_versions_give_other_keys(platform: SevSnpPlatform) -> None:
    given = platform.sealing_key(SealingRequest(False, b""))
    older = platform.sealing_key(SealingRequest(False, b"", bytes([2]) + bytes(12)))
    assert given.key != older.key


def test_no_sealing_without_the_device(snp, tmp_path: Path) -> None:
    (tmp_path / "sys").symlink_to(snp.root / "sys")
    loaded = platforms.load("sev-snp", root=tmp_path)
    assert loaded.sealing_source is None
    with pytest.raises(NoSealingKeyError):
        loaded.sealing_key(SealingRequest(True, b""))


def test_reports_leave_nothing_behind(platform: SevSnpPlatform, snp) -> None:
    platform.evidence(REQUEST)
    assert os.listdir(snp.reports) == []
    with pytest.raises(KernelInterfaceError, match="sev_guest"):
        request_report(snp.reports, "tdx_guest", bytes(64))
    assert os.listdir(snp.reports) == []


def test_report_data_is_never_padded(snp) -> None:
    with pytest.raises(ValueError, match="64"):
        request_report(snp.reports, "sev_guest", b"short")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"colour": 1}, "no option 'colour'"),
        ({"vmpl": 4}, "VMPL 4"),
        ({"vmpl": "x"}, "VMPL 'x'"),
        ({"root": 3}, "must be a path"),
        ({"root": "/absent"}, "no directory"),
        ({"certificates": ["/absent"]}, "cannot be read"),
        ({"key_service": 3}, "address"),
    ],
)
def test_options_that_cannot_be(snp, options: dict[str, object], reason: str) -> None:
    with pytest.raises(platforms.PlatformOptionError, match=reason):
        platforms.load("sev-snp", **{"root": snp.root, **options})


def test_a_machine_without_it(tmp_path: Path) -> None:
    with pytest.raises(platforms.PlatformUnavailableError, match="platform show"):
        platforms.load("sev-snp", root=tmp_path)


def test_vmpl_is_an_option(snp) -> None:
    loaded = platforms.load("sev-snp", root=snp.root, vmpl=2)
    assert parse_hardware_evidence(loaded.evidence(REQUEST).data).report[0x30] == 2


def test_certificates_from_files(platform: SevSnpPlatform, tmp_path: Path) -> None:
    paths = []
    for number, content in enumerate(reversed(platform.evidence(REQUEST).certificates)):
        paths.append(tmp_path / f"{number}.pem")
        certificate = x509.load_der_x509_certificate(content)
        paths[-1].write_bytes(certificate.public_bytes(Encoding.PEM if number else Encoding.DER))
    bare = TsmReport(bytes(1184), None)
    table = CertificateSource(tuple(paths)).table(bare, platform.own_report)
    assert table.count(b"SEV-VCEK") == 1


def test_certificates_from_nowhere_say_how_to_get_them(platform: SevSnpPlatform) -> None:
    bare = TsmReport(bytes(1184), None)
    with pytest.raises(CertificatesUnavailableError, match=r"ELASTIC_HAL_SNP_KEY_SERVICE=https://kdsintf\.amd\.com"):
        CertificateSource().table(bare, platform.own_report)
    with pytest.raises(CertificatesUnavailableError, match="does not answer"):
        CertificateSource(key_service="http://127.0.0.1:1").table(bare, platform.own_report)
    with pytest.raises(CertificatesUnavailableError, match="no address"):
        CertificateSource(key_service="file:///etc/passwd").table(bare, platform.own_report)
    key, chain = key_addresses("https://example.invalid/", platform.own_report)
    chip = platform.own_report.chip_id.hex()
    assert key == f"https://example.invalid/vcek/v1/Genoa/{chip}?blSPL=09&teeSPL=00&snpSPL=23&ucodeSPL=72"
    assert chain == "https://example.invalid/vcek/v1/Genoa/cert_chain"
