"""Room on the disk that is kept for deleting: a database that grows wherever it is changed cannot shrink on a full one.

It is a file of nothing beside the database. Where the disk is full it makes room for opening the storage and for a
deletion, and is there again as far as what was deleted has given its room back.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 8 * 1024 * 1024
"""Twice what the log of the database holds, which has to be written back before the database can shrink."""
_SIZES: Final = (RESERVE_BYTES, RESERVE_BYTES // 2, RESERVE_BYTES // 4, RESERVE_BYTES // 8)
_FILE: Final = "reserve"


class Reserve:
    """The reserve of one storage, which its processes share."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE

    @property
    def is_whole(self) -> bool:
        """True where it is as large as it should be."""
        try:
            return self._path.lstat().st_size >= RESERVE_BYTES
        except OSError:
            return False

    def make(self) -> None:
        """Make it, or make it larger, as far as the disk has room."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            for size in _SIZES:
                if os.fstat(descriptor).st_size >= size:
                    return
                with suppress(OSError):
                    os.posix_fallocate(descriptor, 0, size)
                    return
            self.use()
        finally:
            os.close(descriptor)

    def use(self) -> bool:
        """Give its room to whoever is first, and tell whether there was any."""
        with suppress(OSError):
            self._path.unlink()
            return True
        return False
