"""Finds and reads the files of packages: a `.wit` file, or a folder of them with its dependencies in `deps`.

One unit of reading is a group: the files that together declare one package (and perhaps nested ones).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, Note
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.parser import parse_file
from elastic_hal.common.files import FileError, read_file
from elastic_hal.common.text import shown

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Files larger than this are refused: no contract is, and reading them would take the machine's memory."""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file and what it says."""

    file: SourceFile
    items: list[ast.TopItem]


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one place. `is_dependency` tells what was found in `deps` from what was asked for."""

    path: Path
    files: tuple[ParsedFile, ...]
    is_dependency: bool
    is_complete: bool
    """False where a file could not be read, so that what it declares is not known."""


def read_groups(paths: Sequence[Path], diagnostics: Diagnostics) -> list[Group]:
    """The groups of all paths, each path's dependencies before itself."""
    groups: list[Group] = []
    for path in paths:
        if _is_folder(path):
            groups.extend(_read_dependencies(path / "deps", diagnostics))
            groups.append(_read_folder(path, diagnostics, is_dependency=False))
        else:
            groups.append(_read_single(path, diagnostics, is_dependency=False))
    return groups


def dependency_folders(paths: Sequence[Path]) -> list[Path]:
    """The folders in which packages are looked for."""
    return [path / "deps" for path in paths if _is_folder(path)]


def _read_dependencies(folder: Path, diagnostics: Diagnostics) -> list[Group]:
    if not _is_folder(folder):
        if os.path.exists(folder):
            diagnostics.error(Code.CANNOT_READ, f"{folder}: this is not a folder", None, path=str(folder))
        return []
    groups: list[Group] = []
    for path in _entries(folder, diagnostics):
        if path.is_dir():
            groups.append(_read_folder(path, diagnostics, is_dependency=True))
        elif path.name.endswith(".wit"):
            groups.append(_read_single(path, diagnostics, is_dependency=True))
        elif path.suffix in {".wasm", ".wat"}:
            hint = f"put its WIT text there instead (`wasm-tools component wit {path.name}`)"
            message = f"{path}: the dependency is a WebAssembly binary; {hint}"
            diagnostics.error(Code.BINARY_PACKAGE, message, None, path=str(path))
        elif not path.exists():
            message = f"{path}: this link leads nowhere"
            diagnostics.error(Code.CANNOT_READ, message, None, path=str(path))
    return groups


def _read_single(path: Path, diagnostics: Diagnostics, is_dependency: bool) -> Group:
    parsed = _read_file(path, diagnostics)
    return Group(path, (parsed,) if parsed else (), is_dependency, parsed is not None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False  # reading it as a file gives the reason


def _read_folder(folder: Path, diagnostics: Diagnostics, is_dependency: bool) -> Group:
    names = [path for path in _entries(folder, diagnostics) if path.name.endswith(".wit") and not path.is_dir()]
    files = [_read_file(path, diagnostics) for path in names]
    if not files:
        diagnostics.error(Code.CANNOT_READ, f"{folder}: there is no .wit file in this folder", None, path=str(folder))
    is_complete = bool(files) and None not in files
    return Group(folder, tuple(parsed for parsed in files if parsed), is_dependency, is_complete)


def _entries(folder: Path, diagnostics: Diagnostics) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder))
    except OSError as problem:
        diagnostics.error(Code.CANNOT_READ, f"{folder}: {problem.strerror or problem}", None, path=str(folder))
        return []


def _read_file(path: Path, diagnostics: Diagnostics) -> ParsedFile | None:
    try:
        data = read_file(path, MAX_FILE_BYTES)
    except FileError as problem:
        diagnostics.error(Code.CANNOT_READ, str(problem), None, path=shown(path))
        return None
    return parse_bytes(str(path), data, diagnostics)


def parse_bytes(path: str, data: bytes, diagnostics: Diagnostics) -> ParsedFile | None:
    """The syntax tree of a file's content; None where it is not text."""
    try:
        file = SourceFile(path, data.decode("utf-8"))
    except UnicodeDecodeError as problem:
        file = SourceFile(path, data.decode("utf-8", errors="replace"))
        start = len(data[: problem.start].decode("utf-8"))
        diagnostics.error(
            Code.NOT_UTF8,
            f"the file is not UTF-8 text: byte 0x{data[problem.start]:02x} at offset {problem.start}",
            Span(file, start, start + 1),
            [Note("save the file in the encoding UTF-8")],
        )
        return None
    items = parse_file(file, diagnostics)
    return None if items is None else ParsedFile(file, items)
