"""`elastic-hal attest` and `verify`: what is asked wrongly is told apart from evidence that is bad."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
NONCE = "00112233445566778899"


@pytest.fixture
def evidence(cli: Run, place: Path) -> Path:
    result = cli("attest", "--nonce", NONCE, "--out", "evidence.cbor")
    assert (result.code, result.out) == (0, "")
    assert result.left == {str(place / "evidence.cbor")}
    return place / "evidence.cbor"


@pytest.fixture
def refused(cli: Run) -> Callable[..., None]:
    """Checks that evidence is judged, and is refused with this reason in both forms of the answer."""

    def check(reason: str, *arguments: str | Path) -> None:
        text = cli("verify", *arguments, "--allow-simulated")
        assert text.code == 1
        assert text.out.splitlines()[-1].startswith("refused: ")
        assert reason in text.out.splitlines()[-1]
        as_json = cli("verify", *arguments, "--allow-simulated", "--json")
        assert (as_json.code, as_json.left) == (1, frozenset())
        document = json.loads(as_json.out)
        assert document["verdict"] == "fail"
        assert reason in document["reason"]

    return check


def test_good_evidence_is_accepted_in_every_form(cli: Run, evidence: Path, place: Path) -> None:
    result = cli("verify", evidence, "--nonce", NONCE, "--allow-simulated", "--json")
    document = json.loads(result.out)
    assert (result.code, result.err, document["verdict"], document["reason"]) == (0, "", "pass", None)
    assert {"name", "verdict", "value", "expected", "detail"} <= set(document["checks"][0])
    digits = place / "evidence.hex"
    digits.write_text(f"\n{evidence.read_bytes().hex().upper()}\n")
    text = cli("verify", digits, "--nonce", f"0x{NONCE}", "--allow-simulated")
    assert (text.code, text.out.splitlines()[-1]) == (0, "accepted")


def test_evidence_goes_to_standard_output_as_digits(cli: Run, place: Path) -> None:
    result = cli("attest")
    nonce = result.err.removeprefix("nonce ").strip()
    assert result.code == 0
    (place / "evidence").write_text(result.out)
    assert cli("verify", "evidence", "--nonce", nonce, "--allow-simulated").code == 0


def test_simulated_evidence_needs_consent(cli: Run, evidence: Path) -> None:
    result = cli("verify", evidence, "--nonce", NONCE)
    assert (result.code, "refused: platform type" in result.out) == (1, True)


@pytest.mark.parametrize("nonce", ["xyz", "123", "-1"])
def test_a_nonce_that_is_not_hexadecimal(cli: Run, evidence: Path, nonce: str) -> None:
    cli("attest", f"--nonce={nonce}").refuses(2, "is not hexadecimal", "two digits")
    cli("verify", evidence, f"--nonce={nonce}").refuses(2, "is not hexadecimal", "two digits")


@pytest.mark.parametrize("nonce", ["", "00112233", "00" * 65])
def test_a_nonce_of_the_wrong_length(cli: Run, nonce: str) -> None:
    cli("attest", "--nonce", nonce, "--out", "evidence").refuses(2, f"the nonce has {len(nonce) // 2} bytes")


def test_attesting_what_is_not_there(cli: Run) -> None:
    cli("attest", "--nonce", NONCE, "--workload", "absent.wasm").refuses(2, "absent.wasm: cannot be read")
    cli("attest", "--nonce", NONCE, "--platform", "abacus").refuses(2, "unknown platform 'abacus'")


def test_writing_where_nothing_can_be_written(cli: Run, place: Path) -> None:
    cli("attest", "--nonce", NONCE, "--out", "absent/evidence").refuses(2, "absent/evidence: No such file")
    cli("attest", "--nonce", NONCE, "--out", place).refuses(2, "Is a directory")


def test_evidence_that_is_bad(refused: Callable[..., None], evidence: Path) -> None:
    refused("nonce", evidence, "--nonce", "ff" * 10)
    refused("nonce", evidence, "--nonce", "00")
    refused("certificate chain", evidence, "--nonce", NONCE, "--at", "2001-02-03T04:05:06Z")
    refused("certificate chain", evidence, "--nonce", NONCE, "--at", "5")
    content = evidence.read_bytes()
    for place in range(0, len(content), 40):
        evidence.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refused("", evidence, "--nonce", NONCE)


@pytest.mark.parametrize("content", [b"", b"no evidence", b"00", b"\xd2\x84", bytes(100_000), b"\x9f" * 100_000])
def test_files_that_hold_no_evidence(refused: Callable[..., None], place: Path, content: bytes) -> None:
    (place / "evidence").write_bytes(content)
    refused("structure", "evidence", "--nonce", NONCE)


def test_files_that_cannot_be_evidence(cli: Run, place: Path) -> None:
    cli("verify", "absent").refuses(2, "absent: cannot be read: No such file")
    cli("verify", place).refuses(2, "is a directory")
    cli("verify", "/dev/zero").refuses(2, "/dev/zero: is a device, not a regular file")


def test_a_root_that_did_not_issue_it(
    cli: Run, refused: Callable[..., None], evidence: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTIC_HAL_STATE", str(place.parent / "elsewhere"))
    refused("certificate chain", evidence, "--nonce", NONCE)
    assert cli("platform", "show", "--platform", "simulated").code == 0
    [root] = (place.parent / "elsewhere").rglob("root-cert.pem")
    refused("certificate chain", evidence, "--nonce", NONCE, "--certs", root)


@pytest.mark.parametrize("content", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_root_that_is_no_certificate(cli: Run, evidence: Path, place: Path, content: bytes) -> None:
    (place / "root").write_bytes(content)
    cli("verify", evidence, "--certs", "root").refuses(2, "root: holds no X.509 certificate")
    cli("verify", evidence, "--certs", "absent").refuses(2, "absent: cannot be read: No such file")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version = 1\nallow_all = true", "unknown key 'allow_all'"),
        ("version = 2", "version"),
        ("version = 1\nallow_debug = 1", "allow_debug"),
        ("version = ", "not valid TOML"),
        ("version = " + "1" * 5_000, "not valid TOML"),
        ("a = " + "[" * 20_000, "not valid TOML"),
    ],
)
def test_demands_that_cannot_be_read(cli: Run, evidence: Path, place: Path, text: str, reason: str) -> None:
    (place / "demands.toml").write_text(text)
    cli("verify", evidence, "--policy", "demands.toml").refuses(2, f"demands.toml: {reason}")
    cli("verify", evidence, "--policy", "absent.toml").refuses(2, "absent.toml: the appraisal policy cannot be read")


@pytest.mark.parametrize(
    "time", ["", "soon", "²", "9" * 30, "-99999999999", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none(cli: Run, evidence: Path, time: str) -> None:
    cli("verify", evidence, f"--at={time}").refuses(2, "is no time", "2026-01-31T12:00:00Z")


def test_the_platform_as_data(cli: Run) -> None:
    result = cli("platform", "show", "--platform", "simulated", "--json")
    assert (result.code, result.err, result.left) == (0, "", frozenset())
    document = json.loads(result.out)
    assert set(document) == {"name", "type", "debug", "sealing", "measurements"}
    assert set(document["measurements"]) == {"platform", "runtime"}
    cli("platform", "show", "--platform", "abacus").refuses(2, "unknown platform")


def test_the_root_of_this_machine_is_what_a_verifier_elsewhere_needs(
    cli: Run, evidence: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = cli("platform", "root", "--out", "root.pem")
    assert (written.code, written.out, written.left) == (0, "", {str(place / "root.pem")})
    assert "CN=Simulated platform root" in written.err
    shown = cli("platform", "root")
    assert (shown.code, shown.out, shown.err) == (0, (place / "root.pem").read_text(), "")
    monkeypatch.setenv("ELASTIC_HAL_STATE", str(place.parent / "elsewhere"))
    accepted = cli("verify", evidence, "--nonce", NONCE, "--allow-simulated", "--certs", "root.pem")
    assert accepted.code == 0, accepted.out
    assert cli("platform", "root").out != shown.out


def test_the_root_of_a_state_directory_is_that_of_its_workloads(cli: Run, place: Path) -> None:
    state = place.parent / "kept"
    shown = cli("platform", "root", "--state", state)
    assert (state / "simulated" / "root-cert.pem").read_text() == shown.out
    cli("platform", "root", "--platform", "abacus").refuses(2, "unknown platform")
    cli("platform", "root", "--platform", "sev-snp", "--platform-root", place).refuses(3, "")
