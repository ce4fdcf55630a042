"""`elastic-hal platform`: what this machine offers, what the platform underneath is, and one without hardware."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import line, message, print_json
from elastic_hal.cli.emulate_command import emulate
from elastic_hal.cli.files import write_whole
from elastic_hal.cli.platform_options import open_platform, platform_root, sealing_settings
from elastic_hal.cli.reference_values_command import reference_values

if TYPE_CHECKING:
    from elastic_hal.reference_impl.platforms.survey import PlatformSurvey


@click.group()
def platform() -> None:
    """Show the platform underneath, or emulate one."""


platform.add_command(emulate)
platform.add_command(reference_values)


@platform.command()
@click.option("--platform", "name", metavar="NAME", help="Ask this platform itself. Default: look at what there is.")
@platform_root
@sealing_settings
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str | None, platform_root: Path | None, sealing: Path | None, as_json: bool) -> None:
    """Print what this machine offers, what is missing and how to get it; or one platform's state and measurements.

    Looking around needs no root, and neither makes nor asks anything.
    """
    if name is None:
        _show_machine(platform_root, as_json)
    else:
        _show_platform(name, platform_root, sealing, as_json)


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
    line(f"{entry.name:<10} {' and '.join(uses) if uses else 'cannot be used here'}")
    for finding in entry.findings:
        line(f"  {'✓' if finding.is_there else '✗'} {finding.what:<24} {finding.found}")
        if finding.remedy is not None:
            line(f"    {'':<24} {finding.remedy}")


def _show_platform(name: str, root: Path | None, sealing: Path | None, as_json: bool) -> None:
    from elastic_hal.reference_impl.platforms.simulated.imitation import ImitatingPlatform
    from elastic_hal.runtime.measurements import runtime_measurement

    loaded = open_platform(name, root, sealing)
    source = None if loaded.sealing_source is None else loaded.sealing_source.value
    trust = dict(loaded.trust) if isinstance(loaded, ImitatingPlatform) else {}
    measurements = [*loaded.measurements(), runtime_measurement()]
    if as_json:
        print_json(
            {
                "name": loaded.name,
                "type": loaded.platform_type,
                "debug": loaded.debug,
                "sealing": source,
                **({"trust": {what: str(path) for what, path in trust.items()}} if trust else {}),
                "measurements": {m.name: f"{m.algorithm}:{m.value.hex()}" for m in measurements},
            }
        )
        return
    line(f"platform  {loaded.name} ({loaded.platform_type})")
    line(f"debug     {'yes: the owner of the machine can look inside' if loaded.debug else 'no'}")
    line(f"sealing   {source or 'no: the platform has no key to seal with; see --sealing'}")
    for measurement in measurements:
        line(f"{measurement.name:<9} {measurement.algorithm}:{measurement.value.hex()}")
    for what, path in trust.items():
        line(f"{what} {path}")


@platform.command()
@click.option("--platform", "name", default="simulated", show_default=True, help="The platform to ask.")
@platform_root
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Simulated platform: the --state that workloads are run with. "
    "Default: $ELASTIC_HAL_STATE, else the user's state directory.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write it. Without it, on standard output.",
)
def root(name: str, platform_root: Path | None, state: Path | None, out: Path | None) -> None:
    """Write the root certificate (PEM) that evidence of this machine leads to.

    Whoever trusts it accepts evidence of this simulated or emulated platform. The roots of AMD and Intel are built into
    verifiers: on hardware there is no need for it.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from elastic_hal.reference_impl.evidence import root_certificate

    certificate = root_certificate(open_platform(name, platform_root, state=state))
    pem = certificate.public_bytes(Encoding.PEM)
    if out is None:
        click.echo(pem.decode(), nl=False)
    else:
        write_whole(out, pem)
        message(f"{out}: {certificate.subject.rfc4514_string()}")
