"""`elastic-hal attest` and `elastic-hal verify`: makes evidence, and judges it from outside."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import message, print_json
from elastic_hal.cli.failures import BAD, USAGE, CommandError
from elastic_hal.cli.files import read_at_most, write_whole

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from elastic_hal.reference_impl.verify import Appraisal

_MARKS = {"pass": "✓", "fail": "✗", "not-checked": "·"}
_MOST_BYTES = 1024 * 1024


@click.command()
@click.option(
    "--nonce", metavar="HEX", help="The relying party's challenge, 8 to 64 bytes. Without it one is made and printed."
)
@click.option(
    "--workload",
    type=click.Path(path_type=Path),
    metavar="COMPONENT.wasm",
    help="State this component's measurement and the runtime's too.",
)
@click.option("--platform", default="simulated", show_default=True, help="The platform to ask.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the evidence. Without it, hexadecimal on standard output.",
)
def attest(nonce: str | None, workload: Path | None, platform: str, out: Path | None) -> None:
    """Make evidence of the platform, and of a workload where one is named."""
    from elastic_hal.reference_impl import platforms
    from elastic_hal.reference_impl.evidence import attest as make_evidence

    challenge = secrets.token_bytes(32) if nonce is None else _hexadecimal(nonce, "--nonce")
    evidence = make_evidence(platforms.load(platform), challenge, workload)
    if nonce is None:
        message(f"nonce {challenge.hex()}")
    if out is None:
        click.echo(evidence.data.hex())
    else:
        write_whole(out, evidence.data)
        message(f"{out}: {len(evidence.data)} bytes of evidence ({evidence.format})")


@click.command()
@click.argument("evidence", type=click.Path(path_type=Path))
@click.option(
    "--certs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Trusted root certificates (PEM or DER). Default: the root of this machine's simulated platform.",
)
@click.option(
    "--policy", type=click.Path(path_type=Path), metavar="FILE", help="What is demanded of the evidence (TOML)."
)
@click.option("--nonce", metavar="HEX", help="The challenge that the evidence must answer.")
@click.option("--at", metavar="TIME", help="Judge as of this time: RFC 3339, or Unix seconds. Default: now.")
@click.option(
    "--allow-simulated",
    is_flag=True,
    help="Accept evidence of a simulated platform, which proves nothing about hardware.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(
    *,
    evidence: Path,
    certs: tuple[Path, ...],
    policy: Path | None,
    nonce: str | None,
    at: str | None,
    allow_simulated: bool,
    as_json: bool,
) -> int:
    """Judge evidence and print what it proves.

    EVIDENCE is a file as `attest` writes it, binary or hexadecimal. The exit code is 0 where every demand is met, 1
    where not.
    """
    import dataclasses

    from elastic_hal.reference_impl.verify import AppraisalPolicy, Verdict
    from elastic_hal.reference_impl.verify import verify as appraise

    demands = AppraisalPolicy() if policy is None else AppraisalPolicy.load(policy)
    if allow_simulated:
        demands = dataclasses.replace(demands, allow_simulated=True, allow_debug=True)
    appraisal = appraise(
        _evidence_bytes(evidence),
        anchors=_anchors(certs),
        nonce=None if nonce is None else _hexadecimal(nonce, "--nonce"),
        policy=demands,
        at=None if at is None else _time(at),
    )
    if as_json:
        print_json(appraisal.to_json())
    else:
        _print_appraisal(appraisal)
    return 0 if appraisal.verdict is Verdict.PASS else BAD


def _print_appraisal(appraisal: Appraisal) -> None:
    width = max(len(check.name) for check in appraisal.checks)
    for check in appraisal.checks:
        parts = [check.value or "", f"expected {check.expected}" if check.expected else "", check.detail or ""]
        click.echo(f"{_MARKS[check.verdict.value]} {check.name:<{width}}  {'; '.join(part for part in parts if part)}")
    for warning in appraisal.warnings:
        message(f"warning: {warning}")
    click.echo("accepted" if appraisal.reason is None else f"refused: {appraisal.reason}")


def _evidence_bytes(path: Path) -> bytes:
    content = read_at_most(path, _MOST_BYTES)
    if len(content) > _MOST_BYTES:
        raise CommandError(f"{path}: has more than {_MOST_BYTES} bytes, which no evidence has")
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        return content


def _anchors(paths: Sequence[Path]) -> list[Certificate]:
    from cryptography import x509

    if not paths:
        from elastic_hal.reference_impl.platforms.simulated import default_directory, root_certificate

        root = root_certificate(default_directory())
        return [] if root is None else [root]
    anchors: list[Certificate] = []
    for path in paths:
        content = read_at_most(path, _MOST_BYTES)
        try:
            if b"-----BEGIN" in content:
                anchors += x509.load_pem_x509_certificates(content)
            else:
                anchors.append(x509.load_der_x509_certificate(content))
        except ValueError:
            raise CommandError(f"{path}: holds no X.509 certificate in PEM or DER", USAGE) from None
    return anchors


def _hexadecimal(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise CommandError(
            f"{option} {text!r} is not hexadecimal", USAGE, "write two digits for each byte, such as 00ff"
        ) from None


def _time(text: str) -> datetime:
    try:
        time = datetime.fromtimestamp(int(text), UTC) if text.lstrip("-").isdigit() else datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise CommandError(
            f"--at {text!r} is no time", USAGE, "write it like 2026-01-31T12:00:00Z, or as Unix seconds"
        ) from None
