"""The files that are to be formatted: finds and reads them, and writes what changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, WitError
from elastic_hal.codegen.formatting.formatter import format_parsed
from elastic_hal.codegen.replacing import replacing
from elastic_hal.codegen.resolve.files import MAX_FILE_BYTES, parse_bytes
from elastic_hal.common.files import FileError, read_file


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file and its text in the canonical style. `path` is as it was given."""

    path: Path
    content: bytes
    is_changed: bool


def format_paths(paths: Sequence[Path]) -> list[Formatted]:
    """Formats files, and the `.wit` files right in folders; what is in their folder `deps` is left alone.

    Writes nothing. Raises WitError with everything that is wrong, in whichever of the files.
    """
    diagnostics = Diagnostics()
    formatted: list[Formatted] = []
    for path in _files(paths, diagnostics):
        content = _read(path, diagnostics)
        result = None if content is None else _format(str(path), content, diagnostics)
        if content is not None and result is not None:
            formatted.append(Formatted(path, result, result != content))
    if diagnostics.has_errors:
        raise WitError(diagnostics.sorted())
    return formatted


def format_bytes(content: bytes, path: str) -> bytes:
    """Formats the content of one file. Raises WitError where it is not WIT; `path` is what messages show."""
    diagnostics = Diagnostics()
    result = _format(path, content, diagnostics)
    if result is None:
        raise WitError(diagnostics.sorted())
    return result


def write_changed(files: Iterable[Formatted]) -> None:
    """Writes the files that change, each whole or not at all. Raises OSError where one cannot be written."""
    for file in files:
        if file.is_changed:
            _replace(file.path, file.content)


def _format(path: str, content: bytes, diagnostics: Diagnostics) -> bytes | None:
    own = Diagnostics()
    parsed = parse_bytes(path, content, own)
    for diagnostic in own.sorted():
        diagnostics.add(diagnostic)
    return None if parsed is None or own.has_errors else format_parsed(parsed.file).encode()


def _files(paths: Sequence[Path], diagnostics: Diagnostics) -> Iterator[Path]:
    """Every file once, though it may be named twice."""
    seen: set[str] = set()
    for path in paths:
        for file in _files_of(path, diagnostics):
            identity = os.path.realpath(file) if "\0" not in str(file) else str(file)
            if identity not in seen:
                seen.add(identity)
                yield file


def _files_of(path: Path, diagnostics: Diagnostics) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        names = os.listdir(path)
    except ValueError:
        return [path]  # it cannot be a path; reading it gives the reason
    except OSError as problem:
        diagnostics.error(Code.CANNOT_READ, f"{path}: {problem.strerror or problem}", None)
        return []
    found = [path / name for name in sorted(names) if name.endswith(".wit")]
    files = [file for file in found if not file.is_dir()]
    if not files:
        diagnostics.error(Code.CANNOT_READ, f"{path}: there is no .wit file in this folder", None)
    return files


def _read(path: Path, diagnostics: Diagnostics) -> bytes | None:
    try:
        return read_file(path, MAX_FILE_BYTES)
    except FileError as problem:
        diagnostics.error(Code.CANNOT_READ, str(problem), None)
        return None


def _replace(path: Path, content: bytes) -> None:
    """Puts new content in the place of a file, links followed and permissions kept."""
    target = path.resolve()
    try:
        with replacing(target) as partial:
            partial.touch(mode=0o600)
            partial.write_bytes(content)
            shutil.copymode(target, partial)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
