"""What commands share when they speak: data to stdout, messages to stderr, colour and progress only on a terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from elastic_hal.common.text import MAX_MESSAGE, message_text, shown

# What steers a terminal or breaks a line, and halves of characters, which cannot be written: JSON has escapes for all.
_NOT_PRINTED_IN_JSON = re.compile("[\\x7f-\\x9f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")

_CLEAR_LINE = "\x1b[K"

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is (0 where unknown)."""


def print_json(value: Any) -> None:
    """Prints a value for machines."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False)
    click.echo(_NOT_PRINTED_IN_JSON.sub(_escaped, text))


def line(text: object) -> None:
    """Prints one line of data for people, whatever names of strangers are in it."""
    click.echo(shown(text, MAX_MESSAGE))


def message(text: str) -> None:
    """Tells a person something that is not the command's data, in one line: a line break in it is part of a name."""
    click.echo(shown(text, MAX_MESSAGE), err=True)


def message_lines(text: str) -> None:
    """Tells a person something whose line breaks are meant. Only its first line begins where messages begin."""
    click.echo(message_text(text), err=True)


class LogMessages(logging.Handler):
    """Says what the library logs as messages of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        with contextlib.suppress(OSError):
            message_lines(f"elastic-hal: {self.format(record)}")


def findings(text: str) -> None:
    """Shows findings in a text, line by line as they were rendered."""
    click.echo(text, err=True)


@contextlib.contextmanager
def announced(text: str, seconds: float = 1.0, *, alone: bool = True) -> Iterator[None]:
    """Says what is being done, where that takes longer than a second: else people think that nothing happens.

    On a terminal with the seconds that it has taken so far, in a line that goes when it is done, where nothing else is
    shown meanwhile: where it is `alone`.
    """
    done = threading.Event()
    counted = alone and sys.stderr is not None and sys.stderr.isatty()
    teller = threading.Thread(target=_tell, args=(text, seconds, done, counted), name="announcement", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(text: str, seconds: float, done: threading.Event, counted: bool) -> None:
    """Say it when that time has passed, unless it is done by then; counted, say it anew each second until it is."""
    began = time.monotonic()
    if done.wait(seconds):
        return
    with contextlib.suppress(OSError):
        if not counted:
            message(text)
            return
        try:
            while True:
                click.echo(f"\r{shown(text)} {time.monotonic() - began:.0f} s", nl=False, err=True)
                if done.wait(1):
                    return
        finally:
            click.echo(f"\r{_CLEAR_LINE}", nl=False, err=True)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def colour_wanted() -> bool:
    """Whether messages may be coloured."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Gives a callback that shows a bar on a terminal; elsewhere, what takes longer than a second is said once."""
    if not sys.stderr.isatty():
        with announced(f"elastic-hal: {title}, which takes a while…"):
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
