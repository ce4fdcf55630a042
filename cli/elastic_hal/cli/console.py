"""What commands share when they speak: data to stdout, messages to stderr, colour and progress only on a terminal."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is (0 where unknown)."""


def print_json(value: Any) -> None:
    """Prints a value for machines."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False))


def message(text: str) -> None:
    """Tells a person something that is not the command's data."""
    click.echo(text, err=True)


def colour_wanted() -> bool:
    """Whether messages may be coloured."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Gives a callback that shows a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    # rich costs a tenth of a second to import, which only people at a terminal need to pay.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)

        def update(what: str, done: int, total: int) -> None:
            bars.update(task, description=what, completed=done, total=total or None)

        yield update
