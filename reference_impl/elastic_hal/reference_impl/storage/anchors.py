"""The last state of a container as it is remembered apart from the storage: by this process, and by the platform.

With the platform's, a container that was put back as a whole is noticed after a restart too. It is worth as much as the
place it is in: on the simulated platform that is a directory of files, which whoever owns the machine can put back as
well.
"""

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Protocol

from ..bindings.elastic_hal import types
from ..unproven import unproven
from .errors import FULL, StorageFailure
from .location import prepare


class Anchor(Protocol):
    """The anchor of one container: a sequence number that never falls, and the root that belongs to it."""

    def check(self, sequence: int, root: bytes) -> None:
        """Raise `verification-failed` for a state that is older than the anchor's, or another of the same number."""
        ...

    def prepare(self, sequence: int, root: bytes) -> None:
        """Make sure that there is room for a state before it is committed; `limit-exceeded` where there is none."""
        ...

    def advance(self, sequence: int, root: bytes) -> None:
        """Remember a state, which is committed."""
        ...


@dataclass(slots=True)
class ProcessAnchor:
    """What this process has seen."""

    _known: tuple[int, bytes] | None = field(default=None)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, sequence: int, root: bytes) -> None:
        """Compare with the last state that was seen."""
        with self._lock:
            if self._known is not None and not _follows(self._known, sequence, root):
                raise unproven("the container is older than this host has seen it")

    def prepare(self, sequence: int, root: bytes) -> None:
        """Nothing has to be made ready."""

    def advance(self, sequence: int, root: bytes) -> None:
        """Remember a newer state."""
        with self._lock:
            if self._known is None or self._known[0] < sequence:
                self._known = (sequence, root)


class FileAnchor:
    """A file of the platform's.

    A state is written to a draft before it is committed, and the draft is renamed afterwards, which takes no room: a
    full disk refuses a change as a whole. Drafts of others that did not come so far are removed.
    """

    def __init__(self, directory: Path, identity: str, *, is_read_only: bool = False) -> None:
        self._is_read_only = is_read_only
        self._directory = directory
        self._path = directory / hashlib.sha256(identity.encode()).hexdigest()
        self._draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        self._drafted: tuple[int, bytes] | None = None

    def check(self, sequence: int, root: bytes) -> None:
        """Raise `verification-failed` for a state that is older than the anchor's, or another of the same number."""
        if self._is_read_only and not self._directory.exists():
            return
        with self._locked(committed=False):
            known = self._read()
            if known is not None and not _follows(known, sequence, root):
                raise unproven("the container is older than its anchor says: it was put back")

    def prepare(self, sequence: int, root: bytes) -> None:
        """Write the draft of a state that is not remembered yet."""
        if self._is_read_only:
            return
        with self._locked(committed=False):
            known = self._read()
            if known is not None and known[0] >= sequence:
                return
            for left in self._directory.glob(f".{self._path.name}.*"):
                left.unlink(missing_ok=True)
            self._write(sequence, root)
            self._drafted = sequence, root

    def advance(self, sequence: int, root: bytes) -> None:
        """Remember a state. It is durable when this returns. A storage that can only be read has no new ones."""
        if self._is_read_only:
            return
        with self._locked(committed=True):
            known = self._read()
            if known is not None and known[0] >= sequence:
                self._draft.unlink(missing_ok=True)
                return
            if self._drafted != (sequence, root) or not self._draft.is_file():
                self._write(sequence, root)
            self._draft.replace(self._path)

    @contextmanager
    def _locked(self, *, committed: bool) -> Iterator[None]:
        prepare(self._directory)
        try:
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._draft.unlink(missing_ok=True)
            if error.errno in FULL and not committed:
                raise types.Error_LimitExceeded("the storage is full") from None
            raise StorageFailure(f"{self._path}: the anchor cannot be kept: {error.strerror}") from error

    def _read(self) -> tuple[int, bytes] | None:
        try:
            text = self._path.read_text("ascii")
        except FileNotFoundError:
            return None
        except ValueError:
            raise StorageFailure(f"{self._path}: is no anchor") from None
        sequence, _, root = text.strip().partition(" ")
        try:
            return int(sequence), bytes.fromhex(root)
        except ValueError:
            raise StorageFailure(f"{self._path}: is no anchor") from None

    def _write(self, sequence: int, root: bytes) -> None:
        with self._draft.open("w", encoding="ascii") as file:
            file.write(f"{sequence} {root.hex()}\n")
            file.flush()
            os.fsync(file.fileno())


def _follows(known: tuple[int, bytes], sequence: int, root: bytes) -> bool:
    return sequence > known[0] or (sequence == known[0] and compare_digest(root, known[1]))
