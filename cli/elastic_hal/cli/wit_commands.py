"""`elastic-hal wit`: reads WIT and says what is in it or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from elastic_hal.cli.console import colour_wanted, message, print_json
from elastic_hal.codegen import frontend
from elastic_hal.codegen.diagnostics import render_text
from elastic_hal.codegen.model import Resolve

F = TypeVar("F", bound=Callable[..., Any])


def features_options(command: F) -> F:
    """Adds the options that enable unstable items."""
    command = click.option("--all-features", is_flag=True, help="Enable every unstable feature.")(command)
    return click.option(
        "--features", multiple=True, metavar="A,B", help="Enable these unstable features; may be given more than once."
    )(command)


def split_features(features: tuple[str, ...]) -> frozenset[str]:
    """The feature names in the values of `--features`."""
    return frozenset(name.strip() for value in features for name in value.split(",") if name.strip())


def load(paths: tuple[Path, ...], features: tuple[str, ...], all_features: bool) -> Resolve:
    """Reads WIT and prints what is doubtful in it; raises WitError where it is wrong."""
    result = frontend.load(paths, split_features(features), all_features)
    if result.resolve is None:
        raise frontend.WitError(result.diagnostics)
    if result.diagnostics:
        message(render_text(result.diagnostics, colour_wanted()))
    return result.resolve


_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")


@click.group()
def wit() -> None:
    """Check, print and convert WIT packages.

    PATH is a .wit file or a folder that holds one package, with what it depends on in its folder deps.
    """


@wit.command()
@_PATHS
@features_options
def check(paths: tuple[Path, ...], features: tuple[str, ...], all_features: bool) -> None:
    """Say whether WIT is valid, and what is wrong where it is not."""
    resolve = load(paths, features, all_features)
    interfaces = sum(len(package.interfaces) for package in resolve.packages)
    functions = sum(len(i.functions) for package in resolve.packages for i in package.interfaces.values())
    message(
        f"{resolve.main.name}: valid; {len(resolve.packages)} packages, {interfaces} interfaces, {functions} functions"
    )


@wit.command("json")
@_PATHS
@features_options
def json_(paths: tuple[Path, ...], features: tuple[str, ...], all_features: bool) -> None:
    """Print the resolved packages as JSON, in the form of `wasm-tools component wit --json`."""
    from elastic_hal.codegen.json_document import to_document

    print_json(to_document(load(paths, features, all_features)))


@wit.command("print")
@_PATHS
@click.option("--world", "-w", metavar="WORLD", help="Print this world alone, with everything included in it.")
@features_options
def print_(paths: tuple[Path, ...], world: str | None, features: tuple[str, ...], all_features: bool) -> None:
    """Print the resolved package as WIT."""
    from elastic_hal.codegen import printer

    resolve = load(paths, features, all_features)
    if world is None:
        click.echo(printer.print_package(resolve.main), nl=False)
    else:
        click.echo(printer.print_world(frontend.select_world(resolve, world)), nl=False)
