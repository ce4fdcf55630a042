"""The folder of what can be made again, compiled components and built guests: bounded, and what was used last stays.

An entry is one file. Using it marks it with the time; when the folder holds more than it may, the entries that nobody
used for longest go. Entries that a process has opened by `hold` stay as long as it lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .quantities import QuantityError, format_size, parse_size

SIZE_VARIABLE: Final = "ELASTIC_HAL_CACHE_SIZE"
DEFAULT_MAX_BYTES: Final = 4 * 1024**3
# Where entries are, below the root, and what their names end with.
KINDS: Final = {"compiled component": ("components", ".cwasm"), "suite guest": ("conformance", ".wasm")}
_UNFINISHED_SECONDS: Final = 24 * 3600
_log: Final = logging.getLogger(__name__)
_held: dict[Path, int] = {}


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One file of the cache; `used` is when somebody used it last, in seconds since 1970."""

    path: Path
    kind: str
    size: int
    used: float


@dataclass(frozen=True, slots=True)
class Removed:
    """How many entries went, and the bytes that they took; `in_use` stayed because a process holds them."""

    entries: int = 0
    size: int = 0
    in_use: int = 0


def cache_root() -> Path:
    """Return `$XDG_CACHE_HOME/elastic-hal`, or the same in `~/.cache` where that variable holds no absolute path."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "elastic-hal"


def max_bytes() -> int:
    """Return how much the cache may hold: what `ELASTIC_HAL_CACHE_SIZE` says, else 4 GiB.

    Raises:
        QuantityError: The variable holds no size.
    """
    text = os.environ.get(SIZE_VARIABLE, "")
    if not text:
        return DEFAULT_MAX_BYTES
    try:
        return parse_size(text)
    except QuantityError as error:
        raise QuantityError(f"{SIZE_VARIABLE}: {error}", error.hint) from None


def entries(root: Path) -> list[CacheEntry]:
    """Return what a cache holds, the longest unused first."""
    found = [
        CacheEntry(path, kind, status.st_size, status.st_mtime)
        for kind, (folder, suffix) in KINDS.items()
        for path, status in _files(root / folder)
        if path.name.endswith(suffix)
    ]
    return sorted(found, key=lambda entry: entry.used)


def use(path: Path) -> None:
    """Mark an entry as used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def hold(path: Path) -> bool:
    """Mark an entry as used and keep it from being removed until this process ends; False where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    with contextlib.suppress(OSError):  # a file system without locks: the entry is only as safe as its age
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    if os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return False
    use(path)
    before = _held.get(path)
    _held[path] = descriptor
    if before is not None:
        os.close(before)
    return True


def keep_within(root: Path) -> None:
    """Remove what is too much, after something was added. It never fails: a full cache is no reason to stop."""
    try:
        removed = prune(root, max_bytes())
    except QuantityError as error:
        _log.warning("the cache is not bounded: %s", error)
        return
    if removed.entries:
        _log.info("%d entries of the cache, %s, had not been used for longest and were removed",
                  removed.entries, format_size(removed.size))  # fmt: skip


def prune(root: Path, most: int) -> Removed:
    """Remove the longest unused entries until all of them take at most `most` bytes, and what was never finished."""
    _remove_unfinished(root)
    found = entries(root)
    total = sum(entry.size for entry in found)
    count = size = in_use = 0
    for entry in found:
        if total <= most:
            break
        if _remove(entry.path):
            total -= entry.size
            count, size = count + 1, size + entry.size
        else:
            in_use += 1
    return Removed(count, size, in_use)


def _remove(path: Path) -> bool:
    """Remove an entry, unless a process holds it. One that is gone already counts as removed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if path.parent.parent.name == KINDS["suite guest"][0]:
        with contextlib.suppress(OSError):
            path.parent.rmdir()
    return True


def _remove_unfinished(root: Path) -> None:
    """Remove what a process that was killed began to write. What is younger than a day may still be written."""
    before = time.time() - _UNFINISHED_SECONDS
    for folder, _ in KINDS.values():
        for path, status in _files(root / folder):
            if _is_unfinished(path.name) and status.st_mtime < before:
                with contextlib.suppress(OSError):
                    path.unlink()


def _is_unfinished(name: str) -> bool:
    return name.startswith("new-") or name.endswith(".part")


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The regular files of a folder and of the folders in it."""
    for found in _listed(folder):
        with contextlib.suppress(OSError):
            if found.is_file(follow_symlinks=False):
                yield Path(found.path), found.stat(follow_symlinks=False)
            elif found.is_dir(follow_symlinks=False):
                for inner in _listed(Path(found.path)):
                    if inner.is_file(follow_symlinks=False):
                        yield Path(inner.path), inner.stat(follow_symlinks=False)


def _listed(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError:
        return ()
