"""The simulated platform with evidence in the form of hardware's, through the command line; nothing is mounted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from elastic_hal.cli.main import cli
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.capabilities import CapabilitiesProvider
from elastic_hal.reference_impl.eat import parse_hardware_evidence
from elastic_hal.reference_impl.evidence import AttestationInputError, boot_log
from elastic_hal.reference_impl.platforms import PlatformOptionError
from elastic_hal.reference_impl.platforms.emulator.machines import open_snp_guest
from elastic_hal.reference_impl.platforms.simulated.imitation import ImitatingPlatform
from elastic_hal.reference_impl.verify import AppraisalPolicy, verify
from elastic_hal.reference_impl.verify.tdx.event_log import parse_log
from elastic_hal.runtime.platform import EvidenceRequest, Measurement, Platform, PlatformError, SealingRequest

NONCE = "00112233445566778899aabbccddeeff"
VOUCHED = (Measurement("runtime", "sha-384", b"r" * 48), Measurement("workload", "sha-256", b"w" * 32))
Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state for all, since making the keys of a hierarchy takes seconds."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def command(state: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("ELASTIC_HAL_STATE", str(state))

    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
        assert result.exception is None, result.output
        return int(result.return_value or 0), result.stdout

    return run


@pytest.mark.parametrize("imitated", ["sev-snp", "tdx"])
def test_it_is_accepted_by_those_who_want_it(command: Command, tmp_path: Path, imitated: str) -> None:
    evidence, workload = tmp_path / "evidence", tmp_path / "component.wasm"
    workload.write_bytes(b"a component")
    name = f"simulated:{imitated}"
    command("attest", "--platform", name, "--nonce", NONCE, "--workload", workload, "--out", evidence)
    shown = json.loads(command("platform", "show", "--platform", name, "--json")[1])
    assert (shown["name"], shown["type"], shown["debug"], shown["sealing"]) == (name, "simulated", True, "platform-key")
    root = ("--trust-root", shown["trust"]["root certificate"])
    collateral = ("--collateral", shown["trust"]["collateral"]) if imitated == "tdx" else ()

    def judged(*options: object) -> tuple[int, dict[str, object]]:
        code, output = command("verify", evidence, "--nonce", NONCE, "--json", *options)
        document = json.loads(output)
        assert (document["verdict"] == "pass") is (code == 0)
        return code, document

    code, document = judged(*root, *collateral, "--allow-emulated")
    assert code == 0
    assert any("emulated" in warning for warning in document["warnings"])  # type: ignore[attr-defined]
    checks = {check["name"]: check for check in document["checks"]}  # type: ignore[attr-defined]
    assert "emulated" in checks["platform type"]["value"]
    platform = next(value for name, value in checks.items() if name.endswith("measurement platform"))
    assert shown["measurements"]["platform"] == platform["value"]
    assert judged(*root, *collateral)[0] == 1, "without being told to"
    assert judged(*root, *collateral, "--allow-simulated")[0] == 1, "what is simulated is another thing"
    assert judged(*collateral, "--allow-emulated")[0] == 1, "without its root"


def test_it_is_signed_by_the_hierarchy_of_the_emulator(state: Path) -> None:
    imitating = platforms.load("simulated:sev-snp", state_directory=state / "simulated")
    emulated = open_snp_guest(state / "emulated-sev-snp")
    assert isinstance(imitating, Platform)
    evidence = imitating.evidence(EvidenceRequest(b"n" * 16, VOUCHED))
    root = x509.load_pem_x509_certificate((state / "emulated-sev-snp" / "genoa-root.pem").read_bytes())
    policy = AppraisalPolicy(allow_emulated=True)
    assert verify(evidence.data, anchors=[root], nonce=b"n" * 16, policy=policy).reason is None
    assert parse_hardware_evidence(evidence.data).report[0x1A0:0x1E0] == emulated.chip_id
    names = [x509.load_der_x509_certificate(each).subject.rfc4514_string() for each in evidence.certificates]
    assert [name.split(",")[0] for name in names] == ["CN=SEV-VCEK", "CN=SEV-Genoa", "CN=ARK-Genoa"]


@pytest.mark.parametrize("imitated", ["sev-snp", "tdx"])
def test_all_else_is_as_on_the_simulated_platform(state: Path, imitated: str) -> None:
    plain = platforms.load("simulated", state_directory=state / "simulated")
    imitating = platforms.load(f"simulated:{imitated}", state_directory=state / "simulated")
    for measured in (True, False):
        request = SealingRequest(measured, b"context")
        assert imitating.sealing_key(request) == plain.sealing_key(request)
    said = [CapabilitiesProvider(each, timezone_available=True) for each in (plain, imitating)]
    assert said[0].platform() == said[1].platform()
    assert said[0].list_capabilities() == said[1].list_capabilities()
    with pytest.raises(PlatformError, match="cannot state"):
        imitating.evidence(EvidenceRequest(b"short"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("simulated:", "cannot imitate ''"),
        ("simulated:simulated", "cannot imitate 'simulated'"),
        ("simulated:../x", "cannot imitate"),
        ("tdx:sev-snp", "no option 'imitate'"),
    ],
)
def test_what_cannot_be_imitated(tmp_path: Path, name: str, reason: str) -> None:
    options = {"state_directory": tmp_path / "simulated"} if name.startswith("simulated") else {}
    with pytest.raises(PlatformOptionError, match=reason):
        platforms.load(name, **options)


def test_an_imitated_tdx_machine_has_a_register_and_a_log(state: Path) -> None:
    imitating = platforms.load("simulated:tdx", state_directory=state / "simulated")
    assert isinstance(imitating, ImitatingPlatform)
    request = EvidenceRequest(b"n" * 16, VOUCHED)
    assert parse_hardware_evidence(imitating.evidence(request).data).aux is None
    for workload in (VOUCHED[1], VOUCHED[1], Measurement("workload", "sha-256", b"x" * 32)):
        imitating.measure_workload(workload)
    evidence = imitating.evidence(request).data
    logs = [parse_hardware_evidence(evidence).aux, boot_log(imitating)]
    assert [event.content for event in parse_log(logs[0] or b"")] == [b"w" * 32, b"x" * 32]
    strict = AppraisalPolicy(allow_emulated=True)
    strict = dataclasses.replace(strict, tdx=dataclasses.replace(strict.tdx, require_event_log=True))
    trust = {what: path.read_bytes() for what, path in imitating.trust.items()}
    accepted = verify(
        evidence,
        anchors=[x509.load_pem_x509_certificate(trust["root certificate"])],
        collateral=trust["collateral"],
        event_logs=[boot_log(imitating)],
        nonce=b"n" * 16,
        policy=strict,
    )
    assert accepted.reason is None
    with pytest.raises(AttestationInputError, match="no log of its boot"):
        boot_log(platforms.load("simulated:sev-snp", state_directory=state / "simulated"))
