"""The TDX platform over the emulated kernel: quotes, the register for workloads and its log; no sealing."""

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from cryptography import x509

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.eat import decode_tee_claims, parse_hardware_evidence, report_data
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.platforms.kernel.errors import KernelInterfaceError
from elastic_hal.reference_impl.platforms.tdx import measuring
from elastic_hal.reference_impl.platforms.tdx.boot_log import read_boot_log
from elastic_hal.reference_impl.platforms.tdx.certificates import certificates_of_quote
from elastic_hal.reference_impl.platforms.tdx.local_report import local_report, read_quote
from elastic_hal.reference_impl.platforms.tdx.registers import extend_register, read_register
from elastic_hal.reference_impl.verify import AppraisalPolicy, load_certificates, verify
from elastic_hal.reference_impl.verify.tdx.event_log import MAX_LOG_BYTES, own_event, parse_log, replay
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.platform import EvidenceRequest, Measurement, NoSealingKeyError, SealingRequest
from elastic_hal.runtime.workload import Workload

NONCE = b"n" * 32
RUNTIME = Measurement("runtime", "sha-384", b"r" * 48)
REGISTERS = "sys/devices/virtual/misc/tdx_guest/measurements"


WORKLOADS = (Measurement("workload", "sha-256", b"a" * 32), Measurement("workload", "sha-256", b"b" * 32))
REQUEST = EvidenceRequest(NONCE, (RUNTIME, WORKLOADS[0]))


@pytest.fixture
def log(tdx, tmp_path: Path) -> Path:
    """A log that begins where the register stands: the machine is shared by all tests, and so is its log."""
    return tdx.state.parent / "event-log"


def test_what_it_is(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    assert (loaded.name, loaded.platform_type, loaded.debug, loaded.sealing_source) == ("tdx", "tdx", False, None)
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


def test_workloads_are_measured_once_and_the_log_replays(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    loaded.measure_workload(WORKLOADS[0])
    value = read_register(tdx.root / REGISTERS, 3)
    later = platforms.load("tdx", root=tdx.root, event_log=log)
    later.measure_workload(WORKLOADS[0])
    assert read_register(tdx.root / REGISTERS, 3) == value
    first = parse_hardware_evidence(later.evidence(REQUEST).data)
    loaded.measure_workload(WORKLOADS[1])
    both = parse_hardware_evidence(later.evidence(REQUEST).data)
    for evidence in (first, both):
        assert evidence.aux is not None
        registers = replay(parse_log(evidence.aux))
        assert registers[3] == evidence.report[48 + 472 : 48 + 520]
    assert both.aux is not None
    contents = [event.content for event in parse_log(both.aux)]
    assert [contents.count(workload.value) for workload in WORKLOADS] == [1, 1]
    assert contents.index(WORKLOADS[0].value) < contents.index(WORKLOADS[1].value)


def test_evidence_of_one_among_several_workloads_is_accepted(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    for workload in WORKLOADS:
        loaded.measure_workload(workload)
    evidence = loaded.evidence(EvidenceRequest(NONCE, (RUNTIME, WORKLOADS[1])))
    trusted = {
        "anchors": load_certificates((tdx.state / "root.pem").read_bytes()),
        "collateral": (tdx.state / "collateral.json").read_bytes(),
        "nonce": NONCE,
    }
    policy = AppraisalPolicy(allow_emulated=True)
    appraisal = verify(evidence.data, policy=policy, **trusted)
    assert appraisal.reason is None
    assert appraisal.claims is not None
    assert appraisal.claims.to_json()["measurements"]["workload"].endswith(WORKLOADS[1].value.hex())
    strict = dataclasses.replace(policy, tdx=dataclasses.replace(policy.tdx, require_event_log=True))
    assert "event log of RTMR0" in str(verify(evidence.data, policy=strict, **trusted).reason)
    boot = [loaded.boot_log()]
    assert verify(evidence.data, policy=strict, event_logs=boot, **trusted).reason is None


def test_a_workload_is_in_the_register_before_it_runs(tdx, log: Path, tmp_path: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    identity = Identity("silent", "sha256:" + "5c" * 32)
    host = ReferenceHost(loaded, state=tmp_path)
    host.providers(Workload(None, None, identity))  # type: ignore[arg-type] # nothing of it runs
    aux = parse_hardware_evidence(loaded.evidence(REQUEST).data).aux
    assert aux is not None
    assert identity.digest_bytes in [event.content for event in parse_log(aux)]


def test_asking_for_evidence_measures_nothing(tdx, log: Path) -> None:
    loaded = platforms.load("tdx", root=tdx.root, event_log=log)
    value = read_register(tdx.root / REGISTERS, 3)
    loaded.evidence(EvidenceRequest(NONCE, (RUNTIME, Measurement("workload", "sha-256", b"z" * 32))))
    assert read_register(tdx.root / REGISTERS, 3) == value


def test_a_register_that_the_log_does_not_explain(new_machine: type, tmp_path: Path) -> None:
    """Two runtimes with a log each: what either starts is in the register, and no log claims to have it all."""
    machine = new_machine("tdx", tmp_path / "machine", tmp_path / "keys")
    machine.start()
    try:
        one = platforms.load("tdx", root=machine.root, event_log=tmp_path / "one")
        other = platforms.load("tdx", root=machine.root, event_log=tmp_path / "other")
        one.measure_workload(WORKLOADS[0])
        assert parse_hardware_evidence(one.evidence(REQUEST).data).aux is not None
        before = read_register(machine.root / REGISTERS, 3)
        for _ in range(2):
            other.measure_workload(WORKLOADS[1])
        event = own_event(3, "workload", WORKLOADS[1].value)
        assert read_register(machine.root / REGISTERS, 3) == hashlib.sha384(before + event.digest).digest()
        for platform in (one, other):
            assert parse_hardware_evidence(platform.evidence(REQUEST).data).aux is None
    finally:
        machine.stop()


def test_a_full_log_hides_no_workload(new_machine: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_MOST_LOG_BYTES", 100)
    machine = new_machine("tdx", tmp_path / "machine", tmp_path / "keys")
    machine.start()
    try:
        loaded = platforms.load("tdx", root=machine.root, event_log=tmp_path / "log")
        values = set()
        for workload in WORKLOADS:
            loaded.measure_workload(workload)
            values.add(read_register(machine.root / REGISTERS, 3))
        assert len(values) == 2
        assert parse_hardware_evidence(loaded.evidence(REQUEST).data).aux is None
    finally:
        machine.stop()


def test_a_log_that_cannot_be_kept_does_not_stop_evidence(tdx, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "log", tmp_path):
        loaded = platforms.load("tdx", root=tdx.root, event_log=place)
        assert parse_hardware_evidence(loaded.evidence(REQUEST).data).aux is None


def test_the_boot_log_is_handed_on_within_bounds(tdx, tmp_path: Path) -> None:
    log = read_boot_log(tdx.root / "sys/firmware/acpi/tables/data/CCEL")
    loaded = platforms.load("tdx", root=tdx.root, event_log=tmp_path / "log")
    quote = read_quote(parse_hardware_evidence(loaded.evidence(EvidenceRequest(NONCE)).data).report)
    assert quote.mrtd == loaded.measurements()[0].value
    assert [event.register for event in parse_log(log)] == [0, 1, 2]
    for content, reason in ((b"\xff" * 4096, "left no log"), (bytes(MAX_LOG_BYTES + 1), "has more than")):
        (tmp_path / "table").write_bytes(content)
        with pytest.raises(KernelInterfaceError, match=reason):
            read_boot_log(tmp_path / "table")
    with pytest.raises(KernelInterfaceError, match="cannot read the boot log"):
        read_boot_log(tmp_path / "absent")


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
