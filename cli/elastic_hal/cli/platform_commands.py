"""`elastic-hal platform`: what this machine offers, what the platform underneath is, and one without hardware."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import print_json
from elastic_hal.cli.emulate_command import emulate
from elastic_hal.cli.platform_options import platform_options, platform_root

if TYPE_CHECKING:
    from elastic_hal.reference_impl.platforms.survey import PlatformSurvey


@click.group()
def platform() -> None:
    """Show the platform underneath, or emulate one."""


platform.add_command(emulate)


@platform.command()
@click.option("--platform", "name", metavar="NAME", help="Ask this platform itself. Default: look at what there is.")
@platform_root
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str | None, platform_root: Path | None, as_json: bool) -> None:
    """Print what this machine offers, what is missing and how to get it; or one platform's state and measurements.

    Looking around needs no root, and neither makes nor asks anything.
    """
    if name is None:
        _show_machine(platform_root, as_json)
    else:
        _show_platform(name, platform_root, as_json)


def _show_machine(root: Path | None, as_json: bool) -> None:
    from elastic_hal.reference_impl.platforms.survey import survey

    found = survey(root)
    if as_json:
        print_json({"platforms": [entry.to_json() for entry in found]})
        return
    for entry in found:
        _print_survey(entry)


def _print_survey(entry: PlatformSurvey) -> None:
    uses = [use for use, there in (("evidence", entry.evidence), ("sealing", entry.sealing)) if there]
    click.echo(f"{entry.name:<10} {' and '.join(uses) if uses else 'cannot be used here'}")
    for finding in entry.findings:
        click.echo(f"  {'✓' if finding.is_there else '✗'} {finding.what:<24} {finding.found}")
        if finding.remedy is not None:
            click.echo(f"    {'':<24} {finding.remedy}")


def _show_platform(name: str, root: Path | None, as_json: bool) -> None:
    from elastic_hal.reference_impl import platforms
    from elastic_hal.runtime.measurements import runtime_measurement

    loaded = platforms.load(name, **platform_options(name, root))
    measurements = [*loaded.measurements(), runtime_measurement()]
    if as_json:
        print_json(
            {
                "name": loaded.name,
                "type": loaded.platform_type,
                "debug": loaded.debug,
                "seals": loaded.seals,
                "measurements": {m.name: f"{m.algorithm}:{m.value.hex()}" for m in measurements},
            }
        )
        return
    click.echo(f"platform  {loaded.name} ({loaded.platform_type})")
    click.echo(f"debug     {'yes: the owner of the machine can look inside' if loaded.debug else 'no'}")
    click.echo(f"sealing   {'yes' if loaded.seals else 'no: the platform has no key to seal with'}")
    for measurement in measurements:
        click.echo(f"{measurement.name:<9} {measurement.algorithm}:{measurement.value.hex()}")
