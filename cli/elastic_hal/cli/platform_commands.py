"""`elastic-hal platform`: what the platform underneath is and can do."""

from __future__ import annotations

import click

from elastic_hal.cli.console import print_json


@click.group()
def platform() -> None:
    """Show the platform underneath."""


@platform.command()
@click.option("--platform", "name", default="simulated", show_default=True, help="The platform to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Print the platform's type, state and measurements."""
    from elastic_hal.reference_impl import platforms
    from elastic_hal.runtime.measurements import runtime_measurement

    loaded = platforms.load(name)
    measurements = [*loaded.measurements(), runtime_measurement()]
    if as_json:
        print_json(
            {
                "name": loaded.name,
                "type": loaded.platform_type,
                "debug": loaded.debug,
                "measurements": {m.name: f"{m.algorithm}:{m.value.hex()}" for m in measurements},
            }
        )
        return
    click.echo(f"platform  {loaded.name} ({loaded.platform_type})")
    click.echo(f"debug     {'yes: the owner of the machine can look inside' if loaded.debug else 'no'}")
    for measurement in measurements:
        click.echo(f"{measurement.name:<9} {measurement.algorithm}:{measurement.value.hex()}")
