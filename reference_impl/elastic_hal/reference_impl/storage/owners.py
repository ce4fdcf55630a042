"""Which process a passing row of the database belongs to, and whether that process still lives.

A process holds a lock on a file of its own for as long as it lives; the system lets the lock go however the process
ends. So what a killed process left half-done is told from what a living one is doing.
"""

import fcntl
import os
import secrets
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..bindings.elastic_hal import types
from .errors import FULL, StorageLocationError
from .location import prepare

_ATTEMPTS: Final = 10


class Owner:
    """This process, as the owner of rows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            prepare(directory)
            self.token, descriptor = self._claimed()
        except OSError as error:
            if error.errno in FULL:
                raise types.Error_LimitExceeded("the storage is full") from None
            raise StorageLocationError(f"{directory}: cannot make a file in it: {error.strerror}") from None
        self._finalizer = weakref.finalize(self, _release, directory / self.token, descriptor, os.getpid())

    def is_alive(self, token: str) -> bool:
        """Tell whether the owner of that token lives. The file of a dead one is removed."""
        if token == self.token:
            return True
        if not token.isalnum():
            return False
        path = self._directory / token
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def remove_dead(self) -> None:
        """Remove the files of the dead, also of those that left nothing half-done."""
        with suppress(OSError):
            for path in self._directory.iterdir():
                self.is_alive(path.name)

    def close(self) -> None:
        """Stop being an owner."""
        self._finalizer()

    def _claimed(self) -> tuple[str, int]:
        """Make the file and lock it. Another process may take it for a dead one's before it is locked: then again."""
        for _ in range(_ATTEMPTS):
            token = secrets.token_hex(12)
            path = self._directory / token
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():
                    return token, descriptor
            os.close(descriptor)
        raise OSError(None, "other processes keep taking it away")


def _release(path: Path, descriptor: int, process: int) -> None:
    if process == os.getpid():
        with suppress(OSError):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        os.close(descriptor)
