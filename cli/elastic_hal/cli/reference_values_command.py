"""`elastic-hal platform reference-values`: a verification policy that accepts what runs on this machine."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import message
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.files import write_whole
from elastic_hal.cli.platform_options import open_platform, platform_root
from elastic_hal.common.errors import USAGE
from elastic_hal.common.files import read_file

if TYPE_CHECKING:
    from elastic_hal.runtime.platform import Measurement, Platform


@click.command("reference-values")
@click.argument("components", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="COMPONENT.wasm…")
@click.option("--platform", "name", default="simulated", show_default=True, help="The platform to ask.")
@platform_root
@click.option("--allow-emulated", is_flag=True, help="Accept an emulated platform, which proves nothing.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it. Default: standard output."
)
def reference_values(
    components: tuple[Path, ...], name: str, platform_root: Path | None, allow_emulated: bool, out: Path | None
) -> None:
    """Write a verification policy (TOML) that accepts these components on this platform and this runtime.

    It holds the digests of the components, and the measurements of the platform and of the runtime as this machine
    states them: run it on a machine that you trust. docs/verification.md says what else a policy can demand.
    """
    digests = _digests(components)
    policy = _policy(open_platform(name, platform_root), digests, allow_emulated)
    if out is None:
        click.echo(policy, nl=False)
    else:
        write_whole(out, policy.encode())
        message(f"{out}: accepts {', '.join(digests)} on {name}")


def _digests(components: tuple[Path, ...]) -> dict[str, Measurement]:
    from elastic_hal.runtime.contents.bounds import MAX_COMPONENT_BYTES
    from elastic_hal.runtime.identity import Identity, content_digest
    from elastic_hal.runtime.measurements import workload_measurement

    digests: dict[str, Measurement] = {}
    for path in components:
        if path.stem in digests:
            raise CommandError(f"{path}: another component is called {path.stem!r} too", USAGE, "rename one of them")
        digests[path.stem] = workload_measurement(
            Identity(path.stem, content_digest(read_file(path, MAX_COMPONENT_BYTES)))
        )
    return digests


def _policy(platform: Platform, workloads: dict[str, Measurement], allow_emulated: bool) -> str:
    from elastic_hal.runtime.measurements import runtime_measurement

    lines = [
        "# Written by `elastic-hal platform reference-values`.",
        "version = 1",
        f'platforms = ["{platform.platform_type}"]',
    ]
    if platform.platform_type == "simulated":
        lines.append("allow_simulated = true   # proves nothing about hardware")
    if allow_emulated:
        lines.append("allow_emulated = true    # proves nothing about hardware")
    for measurement in platform.measurements():
        lines += _table(measurement.name, {platform.name: measurement})
    lines += _table("runtime", {f"elastic-hal {metadata.version('elastic-hal')}": runtime_measurement()})
    lines += _table("workload", workloads)
    for name, register in _registers(platform).items():
        lines += ["", f"[tdx.{name}]", f"{_quoted(platform.name)} = {_quoted(register)}"]
    return "\n".join(lines) + "\n"


def _registers(platform: Platform) -> dict[str, str]:
    """What the firmware of a TDX guest started, by register: its measurement is of the firmware alone."""
    from elastic_hal.reference_impl.evidence import registers_of_boot

    return {name: value.hex() for name, value in registers_of_boot(platform).items()}


def _table(name: str, values: dict[str, Measurement]) -> list[str]:
    """Reference values by the names that the policy gives them."""
    lines = ["", f"[measurements.{name}]"]
    for label, measurement in values.items():
        lines.append(f"{_quoted(label)} = {_quoted(f'{measurement.algorithm}:{measurement.value.hex()}')}")
    return lines


def _quoted(text: str) -> str:
    """A basic string of TOML. A name that needs more than quotes is refused: it would not be read by anybody."""
    if not text.isprintable() or "\\" in text or '"' in text:
        raise CommandError(f"{text!r} is no name for a reference value", USAGE, "rename the component")
    return f'"{text}"'
