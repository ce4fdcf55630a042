"""`elastic-hal platform emulate`: the kernel interfaces of SEV-SNP or TDX at a mount point, where there is neither."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from elastic_hal.cli.console import line, message
from elastic_hal.cli.memory_option import closes_memory


@click.command()
@click.argument("platform", type=click.Choice(["sev-snp", "tdx"]))
@click.argument("mount", type=click.Path(path_type=Path), metavar="MOUNT")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the keys of the emulated machine are kept. Default: in the user's state directory.",
)
@click.option(
    "--product",
    type=click.Choice(["milan", "genoa", "turin"]),
    default="genoa",
    show_default=True,
    help="SEV-SNP: the product line of the processor.",
)
@click.option(
    "--key",
    type=click.Choice(["vcek", "vlek"]),
    default="vcek",
    show_default=True,
    help="SEV-SNP: sign with a key of the chip, or of the provider.",
)
@click.option(
    "--quote-version", type=click.IntRange(4, 5), default=4, show_default=True, help="TDX: the version of quotes."
)
@click.option(
    "--image",
    metavar="TEXT",
    help="What stands for the guest's image, and is measured. Default: one for each platform.",
)
@closes_memory
def emulate(
    *, platform: str, mount: Path, state: Path | None, product: str, key: str, quote_version: int, image: str | None
) -> None:
    """Emulate a confidential guest's kernel at MOUNT, an empty directory, until Ctrl-C.

    What it signs proves nothing about hardware: the keys lie in files, and every certificate says so. A verifier
    accepts it where it is given the root certificate and allows emulated platforms.
    """
    from elastic_hal.reference_impl.platforms.emulator import machines
    from elastic_hal.reference_impl.platforms.emulator.guest import EmulatedGuest
    from elastic_hal.reference_impl.platforms.emulator.mount import check_available, serve
    from elastic_hal.reference_impl.verify.snp.tcb import Product

    check_available()
    directory = state or machines.emulated_directory(platform)
    launched = None if image is None else image.encode()
    guest: EmulatedGuest
    if platform == "sev-snp":
        guest = machines.open_snp_guest(directory, Product[product.upper()], key, launched)
    else:
        guest = machines.open_tdx_guest(directory, quote_version, launched)

    # Said from within the file system, so that nothing here may look at the mount point any more.
    place = shlex.quote(str(mount.absolute()))

    def ready() -> None:
        for what, path in machines.trust_files(directory, guest).items():
            line(f"{what} {path}")
        line(f"use it with: export ELASTIC_HAL_PLATFORM_ROOT={place}")
        sys.stdout.flush()
        message(f"{mount}: an emulated {platform} machine; end it with Ctrl-C")

    serve(guest, mount, ready)
