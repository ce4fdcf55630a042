"""The mark of a broker's store: the head that its log had when something important changed, in a file beside the key.

An older copy of the database has a seal that is right; that it is older shows by the mark. Changes of secrets and
revocations move it, and so do opening and closing, but not every release, which costs one commit and no more.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from elastic_hal.reference_impl.platforms.simulated.state import StateError, read_file, write_anew

from .audit_log import START, LogHead
from .errors import BrokerStoreError
from .seal import Seal

MARK_SUFFIX: Final = ".mark"
_log = logging.getLogger(__name__)


def mark_path(key_file: Path) -> Path:
    """Give the place of the mark that belongs to a key."""
    return key_file.with_name(key_file.name + MARK_SUFFIX)


class Mark:
    """The file. Several processes may move it; it never goes back."""

    def __init__(self, key_file: Path, seal: Seal) -> None:
        self.path = mark_path(key_file)
        self._seal = seal

    def read(self) -> LogHead:
        """Give the head that the log must continue. Raises `BrokerStoreError`."""
        try:
            content = read_file(self.path, private=True)
        except StateError as error:
            raise BrokerStoreError(str(error)) from None
        if content is None:
            raise BrokerStoreError(f"{self.path}: is not there, so that an older store could pass; bring it back")
        head = self._seal.read_mark(content)
        if head is None:
            raise BrokerStoreError(f"{self.path}: was changed, or is of another key file; bring back this store's")
        return head

    def begin(self) -> None:
        """Write the mark of a store that is new. Raises `BrokerStoreError`."""
        try:
            write_anew(self.path, self._seal.mark(LogHead(0, START)), 0o600)
        except StateError as error:
            raise BrokerStoreError(str(error)) from None

    def move(self, head: LogHead) -> None:
        """Move the mark up to a head that is committed. It is a second safety: where it fails the log says so."""
        try:
            with locked(self.path.parent):
                content = read_file(self.path, private=True)
                known = None if content is None else self._seal.read_mark(content)
                if known is None or known.number < head.number:
                    write_anew(self.path, self._seal.mark(head), 0o600)
        except (StateError, OSError) as error:
            _log.warning("the mark of the broker's store stays behind: %s", error)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other processes out that open or mark a store there. Raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
