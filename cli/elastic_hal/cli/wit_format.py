"""What `elastic-hal wit fmt` does: lays files out in the canonical style, or says which are not in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from elastic_hal.cli.console import line, message
from elastic_hal.codegen.formatting.files import Formatted, format_bytes, format_paths, write_changed
from elastic_hal.codegen.resolve.files import MAX_FILE_BYTES
from elastic_hal.common.text import counted

_STANDARD_INPUT = Path("-")
_INPUT_NAME = "<stdin>"


def write(paths: Sequence[Path]) -> int:
    """Formats files in place, or standard input to standard output, and gives the exit code."""
    if _is_standard_input(paths):
        sys.stdout.buffer.write(_formatted_input().content)
        return 0
    files = format_paths(paths)
    write_changed(files)
    changed = [file for file in files if file.is_changed]
    for file in changed:
        message(f"formatted {file.path}")
    message(f"{_count(len(changed))} changed, {len(files) - len(changed)} left as they are")
    return 0


def check(paths: Sequence[Path]) -> int:
    """Lists the files that formatting would change on standard output, and gives the exit code."""
    files = [_formatted_input()] if _is_standard_input(paths) else format_paths(paths)
    changed = [file for file in files if file.is_changed]
    for file in changed:
        line(file.path)
    if not changed:
        message(f"{_count(len(files))} in the canonical style")
        return 0
    message(f"{_count(len(changed))} of {len(files)} would change; `elastic-hal wit fmt` writes them")
    return 1


def _is_standard_input(paths: Sequence[Path]) -> bool:
    if _STANDARD_INPUT in paths and len(paths) > 1:
        raise click.UsageError("- stands for standard input; give it alone")
    return _STANDARD_INPUT in paths


def _formatted_input() -> Formatted:
    content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise click.UsageError(f"at most {MAX_FILE_BYTES >> 20} MiB are read from standard input")
    result = format_bytes(content, _INPUT_NAME)
    return Formatted(Path(_INPUT_NAME), result, result != content)


def _count(number: int) -> str:
    return counted(number, "file")
