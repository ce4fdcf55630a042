"""`elastic-hal guest`: starts a guest project and builds it."""

from __future__ import annotations

from pathlib import Path

import click

from elastic_hal.cli.console import line, message, progress


@click.group()
def guest() -> None:
    """Start and build guest projects."""


@guest.command()
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="FOLDER",
    help="Where to make the project's folder.",
)
def new(name: str, parent: Path) -> None:
    """Make a project that builds, runs and passes its test."""
    from elastic_hal.guest_sdk.project import new_project

    target = new_project(name, parent)
    line(target)
    message(f"next: cd {target} && elastic-hal guest build")


@guest.command()
@click.argument("project", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Default: build/NAME.wasm in the project."
)
def build(project: Path, output: Path | None) -> None:
    """Make the project in the folder PROJECT into a component."""
    from elastic_hal.guest_sdk.build import build as build_component

    with progress("building") as update:
        target = build_component(project, output, lambda what: update(what, 0, 0))
    line(target)
