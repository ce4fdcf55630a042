"""Measures workloads into a run-time register, and keeps the log that explains the register's value.

Register 3 is the one that is left to applications. It lives until the machine restarts, and so must its log, which
therefore lies where nothing outlives a restart. All processes of the runtime share both: a lock on the log makes one
step of extending and logging. A component is measured when it is first started, once until the machine restarts.

Where somebody else extends the register too, or the log is full, workloads are measured all the same and the log no
longer explains the register: evidence then goes out without one, which says less but nothing wrong.
"""

import contextlib
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from elastic_hal.common.folders import FolderError, make_path
from elastic_hal.reference_impl.verify.tdx.errors import TdxError
from elastic_hal.reference_impl.verify.tdx.event_log import (
    WORKLOAD,
    LoggedEvent,
    encode_log,
    own_event,
    parse_log,
    replay,
)

from ..kernel.errors import KernelInterfaceError
from .registers import DIGEST_BYTES, can_extend, extend_register, read_register

REGISTER: Final = 3
_MOST_LOG_BYTES: Final = 32_768
"""Some seven hundred workloads, so that evidence stays of a size that guests can take."""
_log = logging.getLogger(__name__)


class WorkloadRegister:
    """The register for workloads, with its log in a file."""

    def __init__(self, directory: Path, log: Path) -> None:
        self._directory = directory
        self._path = log
        self._unlogged: set[bytes] = set()

    @property
    def is_usable(self) -> bool:
        """True where the kernel has the register and lets us extend it."""
        return can_extend(self._directory, REGISTER)

    def measure(self, digest: bytes) -> None:
        """Measure a workload's digest, where that has not been done. Raises `KernelInterfaceError`."""
        event = own_event(REGISTER, WORKLOAD, digest)
        try:
            with self._locked() as descriptor:
                events = self._events(descriptor)
                if events is not None and event in events:
                    return
                content = b"" if events is None else encode_log([*events, event])
                if events is not None and len(content) <= _MOST_LOG_BYTES:
                    # First the log: one that knows more than the register is repaired by the next who reads it.
                    _replace(descriptor, content)
                    extend_register(self._directory, REGISTER, event.digest)
                    return
        except LogUnusableError as error:
            _log.warning("%s", error)
        self._measure_unlogged(event)

    @contextlib.contextmanager
    def log(self) -> Iterator[bytes | None]:
        """Give the log while nobody of us extends the register further; None where nothing explains its value.

        Raises `KernelInterfaceError`.
        """
        with self._locked() as descriptor:
            events = self._events(descriptor)
            yield encode_log(events) if events else None

    def _measure_unlogged(self, event: LoggedEvent) -> None:
        """Extend the register alone, once for each workload of this process."""
        if event.digest in self._unlogged:
            return
        _log.warning("a workload is measured into register %d without an entry in %s", REGISTER, self._path)
        self._unlogged.add(event.digest)
        extend_register(self._directory, REGISTER, event.digest)

    def _events(self, descriptor: int) -> list[LoggedEvent] | None:
        """Give the events that explain the register's value, or None where they do not."""
        value = read_register(self._directory, REGISTER)
        if value == bytes(DIGEST_BYTES):
            return []
        content = os.pread(descriptor, _MOST_LOG_BYTES + 1, 0)
        try:
            events = parse_log(content)
        except TdxError:
            events = []
        # The last event may have been logged by a process that ended before it extended the register.
        for known in (events, events[:-1]):
            if known and replay(known).get(REGISTER) == value:
                return known
        _log.warning("%s does not explain the value of register %d, which others extend too", self._path, REGISTER)
        return None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            make_path(self._path.parent)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FolderError as error:
            raise LogUnusableError(str(error)) from None
        except OSError as error:
            raise LogUnusableError(f"{self._path}: cannot open the log of the register: {error.strerror}") from None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise LogUnusableError(f"{self._path}: is no file of our own; move it away")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


class LogUnusableError(KernelInterfaceError):
    """The log of the register cannot be kept. The text names the file and what to do."""


def explains(event_log: bytes, value: bytes) -> bool:
    """Tell whether a log of ours leads to that value of the register."""
    return replay(parse_log(event_log)).get(REGISTER) == value


def _replace(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
