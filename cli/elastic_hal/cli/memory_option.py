"""What every command does that has keys in its memory for long: it closes that memory, unless it is told not to."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TypeVar

import click

T = TypeVar("T")

_process: list[bool] = []


def own_process() -> None:
    """Says that the process is the command's alone. Where a program runs a command by itself, its memory is its own."""
    _process.append(True)


def closes_memory(command: Callable[..., T]) -> Callable[..., T]:
    """Gives a command the option `--core-dumps`, and without it closes the memory of the process before it begins.

    A machine that is emulated reads the memory of who calls its devices, as a kernel does, and is a process of the same
    user: for it, what runs on it stays traceable. Its keys lie in files of that user anyway.
    """

    @click.option(
        "--core-dumps",
        is_flag=True,
        help="Let the system write core dumps, and debuggers of this user attach. Both show the keys in memory.",
    )
    @functools.wraps(command)
    def begun(*arguments: object, core_dumps: bool, **options: object) -> T:
        if not core_dumps and _process:
            from elastic_hal.runtime.own_process import close_memory

            emulated = options.get("platform_root") or os.environ.get("ELASTIC_HAL_PLATFORM_ROOT")
            close_memory(traceable=bool(emulated) and os.geteuid() != 0)
        return command(*arguments, **options)

    return begun
