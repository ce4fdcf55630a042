"""`elastic-hal verify` on attestation reports: which files it takes, what it prints, and its exit codes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.platforms.emulator.amd_authority import AmdAuthority, AuthorityKeys
from elastic_hal.reference_impl.platforms.emulator.snp_report import ReportFields, unsigned_report
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb

Run = Callable[..., Any]
START = datetime(2026, 1, 1, tzinfo=UTC)
AT = ("--at", "2026-06-01T00:00:00Z")
NONCE = bytes(range(1, 17))
TCB = Tcb(None, 10, 0, 23, 84)


@pytest.fixture(scope="module")
def authorities() -> dict[bool, AmdAuthority]:
    keys = AuthorityKeys.generate()
    return {marked: AmdAuthority(Product.GENOA, keys, START, marked=marked) for marked in (True, False)}


@pytest.fixture
def files(authorities: dict[bool, AmdAuthority], place: Path) -> Callable[..., Path]:
    """Writes a report, the certificate of its key and the chain above it, and gives the report."""

    def write(marked: bool = True, **changes: Any) -> Path:
        key = authorities[marked].vcek(TCB, bytes(64), START)
        fields = ReportFields(product=Product.GENOA, version=3, tcb=TCB, report_data=NONCE.ljust(64, b"\0"), **changes)
        (place / "report.bin").write_bytes(key.sign(unsigned_report(fields)))
        (place / "vcek.der").write_bytes(key.certificate.public_bytes(Encoding.DER))
        (place / "chain.pem").write_bytes(b"".join(entry.public_bytes(Encoding.PEM) for entry in reversed(key.chain)))
        (place / "root.der").write_bytes(key.chain[1].public_bytes(Encoding.DER))
        return place / "report.bin"

    return write


CERTS = ("--certs", "chain.pem", "--certs", "vcek.der")


def test_an_emulated_report_needs_its_root_and_consent(cli: Run, files: Callable[..., Path]) -> None:
    report = files()
    accepted = cli("verify", report, *CERTS, *AT, "--allow-emulated", "--nonce", NONCE.hex())
    assert (accepted.code, accepted.out.splitlines()[-1]) == (0, "accepted")
    assert "warning: the platform is emulated" in accepted.err
    header = accepted.out.splitlines()[0].split()
    assert header == ["check", "value", "expected", "verdict"]
    assert "emulated" in cli("verify", report, *CERTS, *AT).out.splitlines()[-1]
    without = cli("verify", report, "--certs", "vcek.der", *AT, "--allow-emulated")
    assert (without.code, "refused: certificate chain" in without.out) == (1, True)
    trusted = cli("verify", report, *CERTS, "--trust-root", "root.der", *AT)
    assert (trusted.code, "refused: platform type" in trusted.out) == (1, True)


def test_a_root_of_somebody_must_be_named_as_trusted(cli: Run, files: Callable[..., Path]) -> None:
    report = files(marked=False)
    for options in ((), ("--allow-emulated",), ("--allow-simulated",)):
        refused = cli("verify", report, *CERTS, *AT, *options)
        assert (refused.code, "unknown root" in refused.out.splitlines()[-1]) == (1, True)
    accepted = cli("verify", report, *CERTS, "--trust-root", "root.der", *AT)
    assert (accepted.code, "the root is not AMD's" in accepted.err) == (0, True)


def test_json_has_every_claim(cli: Run, files: Callable[..., Path]) -> None:
    result = cli("verify", files(host_data=b"\7" * 32), *CERTS, *AT, "--allow-emulated", "--json")
    document = json.loads(result.out)
    assert (result.code, result.err, document["verdict"], document["reason"]) == (0, "", "pass", None)
    assert document["format"] == "SEV-SNP report"
    assert document["warnings"] == ["the platform is emulated: this evidence proves nothing about hardware"]
    assert document["claims"]["host_data"] == "07" * 32
    assert document["claims"]["emulated"] is True
    assert all({"name", "verdict", "value", "expected", "detail"} == set(check) for check in document["checks"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--nonce", "ff" * 16), "report data"),
        (("--nonce", ""), "report data"),
        (("--nonce", "00" * 65), "report data"),
        (("--at", "2060-01-01T00:00:00Z"), "expired"),
        (("--at", "0"), "not valid yet"),
        (("--certs", "policy.toml"), "policy.toml: holds no X.509 certificate"),
        (("--crl", "policy.toml"), "policy.toml: holds no revocation list"),
        (("--policy", "policy.toml"), "measurement platform"),
    ],
)
def test_what_is_refused(
    cli: Run, files: Callable[..., Path], place: Path, arguments: tuple[str, ...], reason: str
) -> None:
    report = files()
    (place / "policy.toml").write_text(f'version = 1\n[measurements.platform]\n"x" = "sha-384:{"ab" * 48}"\n')
    for form in ((), ("--json",)):
        result = cli("verify", report, *CERTS, *AT, "--allow-emulated", *arguments, *form)
        assert result.code == 1
        last = json.loads(result.out)["reason"] if form else result.out.splitlines()[-1]
        assert reason in last


def test_no_altered_report_is_accepted(cli: Run, files: Callable[..., Path]) -> None:
    report = files()
    good = report.read_bytes()
    for changed in (b"", good[:-1], good + b"\0", good[:64], good[:0x90] + b"\1" + good[0x91:], good * 2):
        report.write_bytes(changed)
        result = cli("verify", report, *CERTS, *AT, "--allow-emulated")
        assert (result.code, result.out.splitlines()[-1].startswith("refused: ")) == (1, True)


@pytest.mark.parametrize(
    "write",
    [
        bytes.hex,
        lambda content: f"0x{content.hex()}\n",
        lambda content: "\n".join(re.findall(".{1,60}", content.hex().upper())),
        lambda content: base64.b64encode(content).decode(),
        lambda content: base64.encodebytes(content).decode(),
        lambda content: base64.urlsafe_b64encode(content).decode(),
    ],
)
def test_a_report_that_was_written_down_as_text(
    cli: Run, files: Callable[..., Path], write: Callable[[bytes], str]
) -> None:
    report = files()
    content = report.read_bytes()
    report.write_text(write(content))
    assert cli("verify", report, *CERTS, *AT, "--allow-emulated").code == 0
    altered = content[:0x90] + b"\1" + content[0x91:]
    report.write_text(write(altered))
    assert "refused: signature" in cli("verify", report, *CERTS, *AT, "--allow-emulated").out


def test_odd_names_in_certificates_are_no_message(cli: Run, files: Callable[..., Path], place: Path) -> None:
    report = files()
    altered = (place / "vcek.der").read_bytes().replace(b"\x55\x04\x0a", b"\x55\x04\x06")
    (place / "vcek.der").write_bytes(altered)
    refused = cli("verify", report, *CERTS, *AT, "--allow-emulated")
    assert (refused.code, refused.err) == (1, "")
    assert "refused: certificate chain" in refused.out


def test_files_that_are_not_there(cli: Run, files: Callable[..., Path]) -> None:
    report = files()
    for option in ("--certs", "--trust-root", "--crl", "--collateral"):
        cli("verify", report, option, "absent").refuses(2, "absent: cannot be read: No such file")


def test_the_policy_may_allow_emulated_platforms(cli: Run, files: Callable[..., Path], place: Path) -> None:
    report = files()
    (place / "policy.toml").write_text('version = 1\nallow_emulated = true\n[snp]\nproducts = ["Genoa"]\n')
    assert cli("verify", report, *CERTS, *AT, "--policy", "policy.toml").code == 0
    (place / "policy.toml").write_text('version = 1\nallow_emulated = true\n[snp]\nproduct = ["Genoa"]\n')
    cli("verify", report, *CERTS, *AT, "--policy", "policy.toml").refuses(2, "policy.toml: snp.product: unknown key")
