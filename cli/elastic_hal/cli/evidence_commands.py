"""`elastic-hal attest`: makes evidence."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from elastic_hal.cli.console import message
from elastic_hal.cli.files import write_whole
from elastic_hal.cli.memory_option import closes_memory
from elastic_hal.cli.option_values import hexadecimal
from elastic_hal.cli.platform_options import open_platform, platform_root
from elastic_hal.common.text import counted


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
@platform_root
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the evidence. Without it, hexadecimal on standard output.",
)
@click.option(
    "--event-log-out",
    "log_out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the log of the boot, for `verify --event-log`: what explains the first registers of TDX.",
)
@closes_memory
def attest(
    *,
    nonce: str | None,
    workload: Path | None,
    platform: str,
    platform_root: Path | None,
    out: Path | None,
    log_out: Path | None,
) -> None:
    """Make evidence of the platform, and of a workload where one is named."""
    from elastic_hal.reference_impl.evidence import attest as make_evidence
    from elastic_hal.reference_impl.evidence import boot_log

    challenge = secrets.token_bytes(32) if nonce is None else hexadecimal(nonce, "--nonce")
    opened = open_platform(platform, platform_root)
    log = None if log_out is None else boot_log(opened)
    evidence = make_evidence(opened, challenge, workload)
    if nonce is None:
        message(f"nonce {challenge.hex()}")
    if out is None:
        click.echo(evidence.data.hex())
    else:
        write_whole(out, evidence.data)
        message(f"{out}: {counted(len(evidence.data), 'byte')} of evidence ({evidence.format})")
    if log_out is not None and log is not None:
        write_whole(log_out, log)
        message(f"{log_out}: {counted(len(log), 'byte')} of boot log")
