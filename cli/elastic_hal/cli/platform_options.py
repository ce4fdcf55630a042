"""The option that says where a platform's kernel interfaces are, and what a platform is given of it."""

from __future__ import annotations

from pathlib import Path

import click

platform_root = click.option(
    "--platform-root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the kernel's interfaces of sev-snp and tdx are. Default: $ELASTIC_HAL_PLATFORM_ROOT, else /.",
)


def platform_options(platform: str, root: Path | None, state: Path | None = None) -> dict[str, Path]:
    """The options of a platform: the simulated one has a directory of state, the others a root."""
    if platform == "simulated":
        return {} if state is None else {"state_directory": state / "simulated"}
    return {} if root is None else {"root": root}
