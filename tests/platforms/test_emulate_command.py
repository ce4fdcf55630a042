"""The command: what it prints, how it ends, and what the other commands do with the machine that it emulates."""

import json
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from elastic_hal.cli import failures
from elastic_hal.cli.main import cli
from elastic_hal.reference_impl.evidence import AttestationInputError
from elastic_hal.reference_impl.platforms import PlatformOptionError
from elastic_hal.reference_impl.platforms.emulator import mount
from elastic_hal.reference_impl.platforms.emulator.errors import EmulatorUnavailableError
from elastic_hal.reference_impl.platforms.emulator.machines import open_snp_guest
from elastic_hal.reference_impl.verify import AppraisalPolicy, verify
from elastic_hal.reference_impl.verify.snp.tcb import Product


def output(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_and_unmounts(new_machine, tmp_path: Path, number: int) -> None:
    machine = new_machine("tdx", tmp_path / "machine", tmp_path / "keys")
    machine.start("--quote-version", "5")
    try:
        assert os.path.ismount(machine.root)
        log = machine.state.with_suffix(".log").read_text()
        assert f"root certificate {machine.state / 'root.pem'}\n" in log
        assert f"collateral {machine.state / 'collateral.json'}\n" in log
        assert (machine.state / "root-key.pem").stat().st_mode & 0o777 == 0o600
    finally:
        code = machine.stop(number)
    assert code == 0
    assert not os.path.ismount(machine.root)


def test_places_that_are_no_mount_point(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for place, reason in (("absent", "no directory"), ("full", "not empty")):
        with pytest.raises(PlatformOptionError, match=reason):
            mount.serve(None, tmp_path / place, lambda: None)  # type: ignore[arg-type] # refused before it is used


def test_without_fuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount, "_FUSE_DEVICE", tmp_path / "fuse")
    with pytest.raises(EmulatorUnavailableError, match="load the module fuse") as refusal:
        mount.check_available()
    failure = failures.describe(refusal.value)
    assert failure is not None
    assert failure.exit_code == 3


@pytest.mark.parametrize("name", ["sev-snp", "tdx"])
def test_attest_and_verify(snp, tdx, tmp_path: Path, name: str) -> None:
    machine = snp if name == "sev-snp" else tdx
    evidence, nonce = tmp_path / "evidence.cbor", "00" * 16
    log = ["--event-log-out", tmp_path / "log"] if name == "tdx" else []
    output("attest", "--platform", name, "--platform-root", machine.root, "--nonce", nonce, "--out", evidence, *log)
    trusted = machine.state / ("genoa-root.pem" if name == "sev-snp" else "root.pem")
    collateral = (
        []
        if name == "sev-snp"
        else ["--collateral", machine.state / "collateral.json", "--event-log", tmp_path / "log"]
    )
    accepted = ["--trust-root", trusted, *collateral, "--nonce", nonce, "--json"]
    document = json.loads(output("verify", evidence, *accepted, "--allow-emulated"))
    assert document["verdict"] == "pass"
    assert any("emulated" in warning for warning in document["warnings"])
    replayed = [check["verdict"] for check in document["checks"] if check["name"].startswith("event log of RTMR")]
    assert replayed[:3] == ([] if name == "sev-snp" else ["pass"] * 3)
    refused = CliRunner().invoke(cli, ["verify", str(evidence), *map(str, accepted)], standalone_mode=False)
    assert json.loads(refused.output)["verdict"] == "fail"


def test_show(snp, tdx, tmp_path: Path) -> None:
    def shown(root: Path) -> dict[str, tuple[bool, bool]]:
        document = json.loads(output("platform", "show", "--platform-root", root, "--json"))
        return {entry["platform"]: (entry["evidence"], entry["sealing"]) for entry in document["platforms"]}

    simulated = {"simulated": (True, True)}
    assert shown(snp.root) == {**simulated, "sev-snp": (True, True), "tdx": (False, False)}
    assert shown(tdx.root) == {**simulated, "sev-snp": (False, False), "tdx": (True, False)}
    assert shown(tmp_path) == {**simulated, "sev-snp": (False, False), "tdx": (False, False)}
    text = output("platform", "show", "--platform-root", tmp_path)
    assert "modprobe sev-guest" in text
    assert "key broker" in text
    assert os.listdir(snp.reports) == []
    one = json.loads(output("platform", "show", "--platform", "sev-snp", "--platform-root", snp.root, "--json"))
    assert (one["type"], one["debug"], one["sealing"]) == ("sev-snp", False, "platform-key")


@pytest.mark.parametrize(
    ("product", "key"), [("milan", "vcek"), ("turin", "vcek"), ("turin", "vlek"), ("genoa", "vlek")]
)
def test_products_and_keys(snp, tmp_path: Path, product: str, key: str) -> None:
    """Asked without a file system: the guest itself is what differs."""
    guest = open_snp_guest(snp.state, Product[product.upper()], key)
    signed = guest.sign(b"n" * 64, 0)
    root = x509.load_pem_x509_certificate((snp.state / f"{product}-root.pem").read_bytes())
    assert signed.auxiliary is not None
    appraisal = verify(
        signed.report + signed.auxiliary, anchors=[root], nonce=b"n" * 64, policy=AppraisalPolicy(allow_emulated=True)
    )
    assert appraisal.reason is None
    assert any("emulated" in warning for warning in appraisal.warnings)


def test_only_some_platforms_leave_a_log_of_their_boot(snp, tmp_path: Path) -> None:
    command = ["attest", "--platform", "sev-snp", "--platform-root", str(snp.root), "--event-log-out", "log"]
    with pytest.raises(AttestationInputError, match="platform sev-snp leaves no log of its boot"):
        CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)
