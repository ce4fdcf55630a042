"""`elastic-hal verify` on TDX quotes: collateral, event logs, and the signed result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import TcbStatement, collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.verify.ear import load_public_key, read_result
from elastic_hal.reference_impl.verify.tdx.event_log import encode_log, own_event

Run = Callable[..., Any]
START = datetime(2026, 1, 1, tzinfo=UTC)
JUDGED = datetime(2026, 6, 1, tzinfo=UTC)
AT = ("--at", "2026-06-01T00:00:00Z")
NONCE = bytes(range(1, 17))
EVENT = own_event(3, "workload", bytes(32))
REGISTER = hashlib.sha384(bytes(48) + EVENT.digest).digest()
TRUST = ("--trust-root", "root.pem", "--collateral", "collateral.json", "--allow-emulated")


@pytest.fixture(scope="module")
def authority() -> IntelAuthority:
    return IntelAuthority(IntelKeys(), START)


@pytest.fixture
def quote(authority: IntelAuthority, place: Path) -> Callable[..., Path]:
    """Writes a quote, collateral, root, event log and a key to sign results with, and gives the quote."""

    def write(status: str = "UpToDate") -> Path:
        identity = PlatformIdentity()
        signer = QuoteSigner(authority.provisioning_key(identity))
        report = TdReport(report_data=NONCE.ljust(64, b"\0"), rtmrs=(bytes(48), bytes(48), bytes(48), REGISTER))
        said = collateral(authority, identity, report, signer.enclave, JUDGED, TcbStatement(status=status))
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (place / "quote.bin").write_bytes(signer.quote(report, padding=70))
        (place / "collateral.json").write_text(said, "utf-8")
        (place / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
        (place / "log.cbor").write_bytes(encode_log([EVENT]))
        (place / "key.pem").write_bytes(pem)
        (place / "public.pem").write_bytes(public)
        return place / "quote.bin"

    return write


def test_a_quote_with_its_collateral_and_log(cli: Run, quote: Callable[..., Path]) -> None:
    path = quote()
    accepted = cli("verify", path, *TRUST, *AT, "--event-log", "log.cbor", "--nonce", NONCE.hex())
    assert (accepted.code, accepted.out.splitlines()[-1]) == (0, "accepted")
    assert "warning: the platform is emulated" in accepted.err
    without = cli("verify", path, "--trust-root", "root.pem", "--allow-emulated", *AT)
    assert without.code == 1
    assert "refused: collateral: there is none" in without.out


def test_a_tcb_that_is_out_of_date_is_refused(cli: Run, quote: Callable[..., Path]) -> None:
    refused = cli("verify", quote("OutOfDate"), *TRUST, *AT)
    assert refused.code == 1
    assert refused.out.splitlines()[-1] == "refused: TCB status: list the status in tdx.tcb_status to accept it"


@pytest.mark.parametrize("form", ["jwt", "cwt"])
@pytest.mark.parametrize(
    ("status", "code", "expected"), [("UpToDate", 0, "warning"), ("OutOfDate", 1, "contraindicated")]
)
def test_the_result_is_signed(
    cli: Run, quote: Callable[..., Path], place: Path, form: str, status: str, code: int, expected: str
) -> None:
    path = quote(status)
    options = ("--ear", "result", "--ear-key", "key.pem", "--ear-format", form, "--nonce", NONCE.hex())
    assert cli("verify", path, *TRUST, *AT, *options).code == code
    key = load_public_key((place / "public.pem").read_bytes())
    result: dict[str, Any] = read_result((place / "result").read_bytes(), key, nonce=NONCE)
    assert result["submods"]["tdx"]["ear_status"] == expected
    assert result["submods"]["tdx"]["ear_verifier_claims"]["judged_at"] == int(JUDGED.timestamp())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--ear", "result"), "belong together"),
        (("--ear-key", "key.pem"), "belong together"),
        (("--ear", "result", "--ear-key", "public.pem"), "no private key"),
        (("--ear", "result", "--ear-key", "missing.pem"), "No such file"),
    ],
)
def test_a_result_needs_a_file_and_a_key(
    cli: Run, quote: Callable[..., Path], place: Path, options: tuple[str, ...], reason: str
) -> None:
    refused = cli("verify", quote(), *TRUST, *AT, *options)
    assert (refused.code, reason in refused.err) == (2, True)
    assert not (place / "result").exists()
