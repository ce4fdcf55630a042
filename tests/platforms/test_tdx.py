"""The TDX platform over the emulated kernel: quotes, the register for workloads and its log; no sealing."""

import hashlib
import os
from pathlib import Path

import pytest
from cryptography import x509

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.eat import decode_tee_claims, parse_hardware_evidence, report_data
from elastic_hal.reference_impl.platforms.kernel.errors import KernelInterfaceError
from elastic_hal.reference_impl.platforms.tdx.certificates import certificates_of_quote
from elastic_hal.reference_impl.platforms.tdx.local_report import local_report, read_quote
from elastic_hal.reference_impl.platforms.tdx.registers import extend_register, read_register
from elastic_hal.reference_impl.verify.tdx.event_log import parse_log, replay
from elastic_hal.runtime.platform import EvidenceRequest, Measurement, NoSealingKeyError, SealingRequest

NONCE = b"n" * 32
RUNTIME = Measurement("runtime", "sha-384", b"r" * 48)
REGISTERS = "sys/devices/virtual/misc/tdx_guest/measurements"


def workload(digest: bytes) -> EvidenceRequest:
    return EvidenceRequest(NONCE, (RUNTIME, Measurement("workload", "sha-256", digest)))


@pytest.fixture
def log(tdx, tmp_path: Path) -> Path:
    """A log that begins where the register stands: the machine is shared by all tests, and so is its log."""
    return tdx.state.parent / "event-log"


def test_what_it_is(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    assert (loaded.name, loaded.platform_type, loaded.debug, loaded.seals) == ("tdx", "tdx", False, False)
    [measurement] = loaded.measurements()
    assert (measurement.name, measurement.algorithm, len(measurement.value)) == ("platform", "sha-384", 48)
    with pytest.raises(NoSealingKeyError, match="key broker"):
        loaded.sealing_key(SealingRequest(True, b""))


def test_the_certificates_are_those_of_the_quote(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    chain = loaded.evidence(EvidenceRequest(NONCE)).certificates
    names = [x509.load_der_x509_certificate(each).subject.rfc4514_string().rsplit("CN=", 1)[1] for each in chain]
    assert [name.split(",")[0] for name in names] == ["SGX PCK Certificate", "SGX PCK Platform CA", "SGX Root CA"]
    assert certificates_of_quote(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") == ()
    assert certificates_of_quote(bytes(5000)) == ()


def test_the_local_report_and_the_quote_agree(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    evidence = parse_hardware_evidence(loaded.evidence(EvidenceRequest(NONCE)).data)
    quoted = read_quote(evidence.report)
    assert quoted.report_data == report_data(evidence.claims)
    own = local_report(tdx.root / "dev/tdx_guest", b"d" * 64)
    assert (own.report_data, own.mrtd) == (b"d" * 64, quoted.mrtd)
    assert decode_tee_claims(evidence.claims).measurements == ()
    assert evidence.aux is None


def test_workloads_are_measured_once_and_the_log_replays(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    first = parse_hardware_evidence(loaded.evidence(workload(b"a" * 32)).data)
    value = read_register(tdx.root / REGISTERS, 3)
    later = platforms.load("tdx", root=tdx.root, event_log=log)
    again = parse_hardware_evidence(later.evidence(workload(b"a" * 32)).data)
    assert read_register(tdx.root / REGISTERS, 3) == value
    other = parse_hardware_evidence(loaded.evidence(workload(b"b" * 32)).data)
    for evidence in (first, again, other):
        assert evidence.aux is not None
        registers = replay(parse_log(evidence.aux))
        assert registers[3] == evidence.report[48 + 472 : 48 + 520]
    assert other.aux is not None
    assert [event.content for event in parse_log(other.aux)] == [b"a" * 32, b"b" * 32]


def test_a_register_that_others_extended_goes_without_a_log(tdx, log: Path, tmp_path: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=tmp_path / "another-log")
    platforms.load("tdx", root=tdx.root, event_log=log).evidence(workload(b"a" * 32))
    assert parse_hardware_evidence(loaded.evidence(workload(b"c" * 32)).data).aux is None


def test_a_log_that_cannot_be_kept_does_not_stop_evidence(tdx, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "log", tmp_path):
        loaded = platforms.load("tdx", root=tdx.root, event_log=place)
        assert parse_hardware_evidence(loaded.evidence(workload(b"a" * 32)).data).aux is None


def test_registers_take_one_digest(tdx) -> None:
    directory = tdx.root / REGISTERS
    before = read_register(directory, 2)
    extend_register(directory, 2, b"d" * 48)
    assert read_register(directory, 2) == hashlib.sha384(before + b"d" * 48).digest()
    for size in (0, 47, 49):
        with pytest.raises(KernelInterfaceError):
            extend_register(directory, 2, b"d" * size)
    with pytest.raises(KernelInterfaceError, match="root"):
        extend_register(directory, 0, b"d" * 48)


def test_quotes_alone_suffice(tdx, tmp_path: Path) -> None:
    (tmp_path / "sys").symlink_to(tdx.root / "sys")
    loaded = platforms.load("tdx", root=tmp_path, event_log=tmp_path / "log")
    assert len(loaded.measurements()[0].value) == 48
    assert os.listdir(tdx.reports) == []


def test_a_machine_without_it(tmp_path: Path) -> None:
    with pytest.raises(platforms.PlatformUnavailableError, match="platform show"):
        platforms.load("tdx", root=tmp_path)
    with pytest.raises(platforms.PlatformOptionError, match="no option 'vmpl'"):
        platforms.load("tdx", root=tmp_path, vmpl=0)
