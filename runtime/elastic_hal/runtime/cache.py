"""Compiled components on disk, so that starting a known component takes milliseconds.

wasmtime trusts what it deserializes: whoever can write a cache entry can run code on the host. Therefore the
directory must belong to this user and be closed to others (0700), an entry must belong to this user and not be
writable by others, and an entry's name carries a keyed BLAKE3 tag of its content under a key that only this user can
read. What fails a check is thrown away and compiled again; a directory that fails is not used at all.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import wasmtime
from blake3 import blake3
from wasmtime import component as wasm_component

from elastic_hal.common import cache_folder

_log = logging.getLogger(__name__)
_KEY_FILE = "tag-key"
_KEY_SIZE = 32
_SHARED_WRITE = stat.S_IWGRP | stat.S_IWOTH


def default_cache_dir() -> Path:
    """`components` in the cache of this user: a folder of its own, because whatever else is cached beside it need not
    be closed to others.
    """
    return cache_folder.cache_root() / "components"


class ComponentCache:
    """One directory of compiled components. It never fails: what cannot be cached is compiled each time, and the log
    says why.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key: bytes | None = None
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_private(directory.lstat(), stat.S_ISDIR, 0o077)
            self._key = _tag_key(directory)
        except OSError as error:
            _log.warning("compiled components are not cached: %s: %s", directory, error.strerror or error)

    def get(self, engine: wasmtime.Engine, key: str) -> wasm_component.Component | None:
        """The compiled component stored under a key, or None."""
        if self._key is None:
            return None
        for entry in self.directory.glob(f"{key}-*.cwasm"):
            try:
                return _load(engine, entry, self._key)
            except (OSError, ValueError, wasmtime.WasmtimeError) as error:
                _log.info("cache entry %s is thrown away: %s", entry.name, error)
                with contextlib.suppress(OSError):
                    entry.unlink()
        return None

    def put(self, key: str, component: wasm_component.Component) -> None:
        """Stores a compiled component under a key, atomically."""
        if self._key is None:
            return
        content = component.serialize()
        tag = blake3(content, key=self._key, max_threads=blake3.AUTO).hexdigest()
        try:
            handle, temporary = tempfile.mkstemp(dir=self.directory, prefix="new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(temporary).replace(self.directory / f"{key}-{tag}.cwasm")
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            if self.directory == default_cache_dir():
                cache_folder.keep_within(cache_folder.cache_root())
        except OSError as error:
            _log.warning("a compiled component could not be cached: %s", error.strerror or error)


def _load(engine: wasmtime.Engine, entry: Path, key: bytes) -> wasm_component.Component:
    """Checks an entry and deserializes the very file that was checked, whatever happens to its name meanwhile."""
    descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _require_private(os.fstat(descriptor), stat.S_ISREG, _SHARED_WRITE)
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            tag = blake3(content, key=key, max_threads=blake3.AUTO).hexdigest()
        if not secrets.compare_digest(tag, entry.stem.rpartition("-")[2]):
            raise ValueError("its content does not match its tag")
        cache_folder.use(entry)
        return wasm_component.Component.deserialize_file(engine, f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _tag_key(directory: Path) -> bytes:
    """Reads the key of the tags, or makes one."""
    path = directory / _KEY_FILE
    for _ in range(2):
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_SIZE))
        _require_private(path.lstat(), stat.S_ISREG, 0o077)
        key = path.read_bytes()
        if len(key) == _KEY_SIZE:
            return key
        path.unlink()
    raise OSError("the key of its tags cannot be kept")


def _require_private(status: os.stat_result, is_kind: Callable[[int], bool], forbidden: int) -> None:
    if not is_kind(status.st_mode):
        raise PermissionError("it is of another kind than expected")
    if status.st_uid != os.geteuid():
        raise PermissionError("it belongs to another user")
    if status.st_mode & forbidden:
        raise PermissionError(f"others may use it (mode {stat.S_IMODE(status.st_mode):04o})")
