"""`elastic-hal generate`: code and adapters from WIT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from elastic_hal.cli.console import message
from elastic_hal.cli.wit_commands import features_options, load
from elastic_hal.codegen.frontend import select_world
from elastic_hal.codegen.targets import generate_guest, generate_host, write_tree
from elastic_hal.common.text import counted

F = TypeVar("F", bound=Callable[..., Any])


def _target_options(command: F) -> F:
    command = features_options(command)
    command = click.option(
        "--out",
        "-o",
        type=click.Path(path_type=Path),
        required=True,
        metavar="DIR",
        help="Where to write; the folder may hold earlier output.",
    )(command)
    command = click.option("--world", "-w", metavar="WORLD", help="The world. Default: the only one of the package.")(
        command
    )
    return click.argument("wit", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="WIT…")(command)


@click.group()
def generate() -> None:
    """Generate host bindings, guest bindings, a conformance suite or adapters.

    WIT is a .wit file or a folder that holds one package, with what it depends on in its folder deps.
    """


@generate.command()
@_target_options
@click.option(
    "--external",
    multiple=True,
    metavar="GLOB",
    help="Packages that something else links, such as 'wasi:*': types only.",
)
def host(
    *,
    wit: tuple[Path, ...],
    world: str | None,
    out: Path,
    features: tuple[str, ...],
    all_features: bool,
    external: tuple[str, ...],
) -> None:
    """Generate what a Python host needs to serve the imports of a world and to call its exports."""
    resolve = load(wit, features, all_features)
    _write(generate_host(resolve, select_world(resolve, world), external=external), out)


@generate.command()
@_target_options
def guest(
    *, wit: tuple[Path, ...], world: str | None, out: Path, features: tuple[str, ...], all_features: bool
) -> None:
    """Generate what a Python guest needs to use the imports of a world."""
    resolve = load(wit, features, all_features)
    _write(generate_guest(resolve, select_world(resolve, world)), out)


@generate.command()
@_target_options
@click.option(
    "--cases", type=click.Path(path_type=Path), metavar="DIR", help="Case files. Default: those of the suite."
)
def suite(
    *,
    wit: tuple[Path, ...],
    world: str | None,
    out: Path,
    features: tuple[str, ...],
    all_features: bool,
    cases: Path | None,
) -> None:
    """Generate the guests of a conformance suite for the imports of a world."""
    from elastic_hal.codegen.targets.suite.tree import generate_suite
    from elastic_hal.conformance import load_guests

    resolve = load(wit, features, all_features)
    _write(generate_suite(resolve, load_guests(resolve, cases, select_world(resolve, world))), out)


@generate.command()
@_target_options
@click.option(
    "--interface",
    "-i",
    multiple=True,
    metavar="NAME",
    help="Only this interface; may be given more than once. Default: all that the world imports and that pass bytes.",
)
@click.option(
    "--external", multiple=True, metavar="GLOB", help="No adapters for packages that something else links: 'wasi:*'."
)
@click.option(
    "--together",
    is_flag=True,
    help="One adapter for all of them, WORLD.wasm: a guest can be composed with one adapter only.",
)
def bridge(
    *,
    wit: tuple[Path, ...],
    world: str | None,
    out: Path,
    features: tuple[str, ...],
    all_features: bool,
    interface: tuple[str, ...],
    external: tuple[str, ...],
    together: bool,
) -> None:
    """Generate adapter components that carry bytes between guests and a host in Python at the speed of memory.

    Each imports an interface and exports it again, to be put between a guest and a host that links with
    elastic_hal.runtime.abi; `wac` and `wasm-tools compose` do that. `elastic-hal run` makes and composes adapters
    itself when it loads a component, and takes no component that brings its own.
    """
    from elastic_hal.cli.bridge_command import adapters, write_adapters

    resolve = load(wit, features, all_features)
    files = adapters(select_world(resolve, world), interface, external, together=together)
    count = counted(len(files), "adapter")
    message(f"{out}: {count}, {write_adapters(files, out)} of them changed")


def _write(files: dict[str, str], out: Path) -> None:
    written = write_tree(files, out)
    message(f"{out}: {counted(len(files), 'file')}, {len(written)} of them changed")
