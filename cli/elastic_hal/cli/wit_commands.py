"""`elastic-hal wit`: reads WIT and says what is in it or what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from elastic_hal.cli import wit_check
from elastic_hal.cli.console import colour_wanted, findings, print_json
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
        findings(render_text(result.diagnostics, colour_wanted()))
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
@click.option(
    "--format",
    "form",
    type=click.Choice(wit_check.FORMATS),
    default="text",
    show_default=True,
    help="How to report: for people on standard error, or for programs on standard output.",
)
@click.option(
    "--lints/--no-lints",
    default=None,
    help="Report also what is a matter of style and design, or errors only; by default errors and likely mistakes.",
)
@click.option("--fix", is_flag=True, help="Write the certain fixes into the files, and report the rest.")
def check(
    paths: tuple[Path, ...], features: tuple[str, ...], all_features: bool, form: str, lints: bool | None, fix: bool
) -> int:
    """Say whether WIT is valid, and what is wrong where it is not.

    Warnings do not change the exit code. The codes of diagnostics are explained in docs/diagnostics.md.
    """
    return wit_check.check(wit_check.Request(paths, split_features(features), all_features, lints), form, fix)


@wit.command("fmt")
@_PATHS
@click.option("--check", "only_check", is_flag=True, help="Write nothing; name the files that would change.")
def fmt(paths: tuple[Path, ...], only_check: bool) -> int:
    """Lay WIT files out in the canonical style.

    A folder stands for the .wit files in it, without its folder deps. - reads standard input and writes to standard
    output. With --check, the files that would change are listed, and the exit code is 1 where there are any.
    """
    from elastic_hal.cli import wit_format

    return wit_format.check(paths) if only_check else wit_format.write(paths)


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
    from elastic_hal.codegen.formatting.formatter import format_text

    resolve = load(paths, features, all_features)
    if world is None:
        click.echo(format_text(printer.print_package(resolve.main)), nl=False)
    else:
        click.echo(format_text(printer.print_world(frontend.select_world(resolve, world))), nl=False)


@wit.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON, which docs/wit-diff.md describes.")
@click.option("--ignore-docs", is_flag=True, help="Leave out changes of documentation alone.")
@features_options
def diff(old: Path, new: Path, as_json: bool, ignore_docs: bool, features: tuple[str, ...], all_features: bool) -> int:
    """Say what changed between two versions of a package, whom it breaks, and which version it needs.

    Leaves with 1 where NEW's version is too small for the changes. Unstable items are compared as well, as exempt from
    every promise; with --features only those that are named.
    """
    from elastic_hal.codegen.diffing import compare_packages, to_document, to_text
    from elastic_hal.common.errors import BAD

    enable_all = all_features or not features
    before, after = load((old,), features, enable_all).main, load((new,), features, enable_all).main
    report = compare_packages(before, after)
    if ignore_docs:
        report = report.without_docs()
    if as_json:
        print_json(to_document(report))
    else:
        click.echo(to_text(report, colour=sys.stdout.isatty()))
    return 0 if report.is_sufficient else BAD
