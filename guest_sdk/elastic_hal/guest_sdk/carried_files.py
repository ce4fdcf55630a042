"""The files of a project that its component holds, packed: what `open`, `os.stat`, `os.listdir` and `os.scandir` find
when the guest runs, below the folders where its modules lay while it was built. Reading is all that they are good for.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import Any

_TEXT_OPTIONS = ("encoding", "errors", "newline")

_contents: dict[str, bytes] = {}
_folders: dict[str, set[str]] = {}


def carry(path: str, content: bytes) -> None:
    """Keep a file."""
    _contents[path] = zlib.compress(content)
    enter(path)


def enter(path: str) -> None:
    """Let a file be seen in its folder."""
    while path != "/":
        folder, _, name = path.rpartition("/")
        _folders.setdefault(folder or "/", set()).add(name)
        path = folder or "/"


def content(path: object) -> bytes | None:
    """Return what is in a file, or None where none is carried."""
    packed = _contents.get(_absolute(path))
    return None if packed is None else zlib.decompress(packed)


def install() -> None:
    """Let Python's own functions find these files where the file system has nothing."""
    builtins.open = io.open = _or_carried(io.open, _opened)
    for name, carried in (("stat", _status), ("listdir", _listed), ("scandir", _scanned)):
        original = getattr(os, name)
        replaced = _or_carried(original, carried)
        setattr(os, name, replaced)
        for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
            if original in able:
                able.add(replaced)


def _or_carried(original: Callable[..., Any], carried: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, answered from what is carried where the file system has no answer."""

    @functools.wraps(original)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return original(*arguments, **options)
        except OSError:
            answer = carried(*arguments, **options)
            if answer is None:
                raise
            return answer

    return call


def _absolute(path: object) -> str:
    if not isinstance(path, str | os.PathLike):
        return ""
    text = os.fspath(path)
    return os.path.normpath(text) if isinstance(text, str) else ""


def _opened(file: object, mode: str = "r", _buffering: int = -1, *text: Any, **options: Any) -> io.IOBase | None:
    found = content(file) if set(mode) <= set("rbt") else None
    if found is None:
        return None
    stream = io.BytesIO(found)
    if "b" in mode:
        return stream
    named = dict(zip(_TEXT_OPTIONS, text, strict=False))
    named |= {name: value for name, value in options.items() if name in _TEXT_OPTIONS}
    return io.TextIOWrapper(stream, **named)


def _status(path: object, *_arguments: object, **_options: object) -> os.stat_result | None:
    found = content(path)
    if found is not None:
        return os.stat_result((stat.S_IFREG | 0o444, 0, 0, 1, 0, 0, len(found), 0, 0, 0))
    if _absolute(path) in _folders:
        return os.stat_result((stat.S_IFDIR | 0o555, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    return None


def _listed(path: object = ".", *_arguments: object) -> list[str] | None:
    place = _absolute(path)
    return sorted(_folders[place]) if place in _folders else None


def _scanned(path: Any = ".") -> _Scan | None:
    names = _listed(path)
    return None if names is None else _Scan([_Entry(os.fspath(path), name) for name in names])


class _Entry:
    """What `os.scandir` tells of a file or a folder."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        self.path = os.path.join(folder, name)

    def __fspath__(self) -> str:
        return self.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return _absolute(self.path) in _folders

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return not self.is_dir()

    def is_symlink(self) -> bool:
        return False

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path)


class _Scan:
    """What `os.scandir` returns."""

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> _Scan:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give nothing any more."""
        self._entries = iter(())
