"""The options that say what stands underneath: the platform's name, where its kernel interfaces are, and who gives it
sealing keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from elastic_hal.runtime.platform import Platform

SEALING_VARIABLE = "ELASTIC_HAL_SEALING"

platform_root = click.option(
    "--platform-root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the kernel's interfaces of sev-snp and tdx are. Default: $ELASTIC_HAL_PLATFORM_ROOT, else /.",
)
sealing_settings = click.option(
    "--sealing",
    type=click.Path(path_type=Path),
    envvar=SEALING_VARIABLE,
    metavar="FILE",
    help="Take sealing keys from the key broker that this file names (TOML), and not from the platform. "
    f"Default: ${SEALING_VARIABLE}, else the platform's own, where it has any.",
)


def open_platform(name: str, root: Path | None, sealing: Path | None = None, *, state: Path | None = None) -> Platform:
    """Makes a platform ready: the simulated one with its directory of state, the others with their root."""
    from elastic_hal.reference_impl import platforms

    options: dict[str, Path] = {}
    if name.partition(":")[0] == "simulated":
        if state is not None:
            options["state_directory"] = state / "simulated"
    elif root is not None:
        options["root"] = root
    loaded = platforms.load(name, **options)
    if sealing is None:
        return loaded
    from elastic_hal.reference_impl.broker.sealing_settings import seal_by_broker

    return seal_by_broker(loaded, sealing)
