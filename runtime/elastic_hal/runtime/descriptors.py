"""Keeps file descriptors for the host itself while guests open files.

The engine opens what a guest opens in its directories, out of the one table of descriptors that the process has, and
tells nobody. So the upper end of that table is the host's: the system gives the lowest number that is free, and one of
the reserve is in use only when all below it are. As soon as one is, the workload that holds most is stopped, well
before the host has none left to log, to store or to start anything with.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import resource
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elastic_hal.common.errors import ENVIRONMENT, ElasticHalError

MAX_RESERVED: Final = 1024
_PART_RESERVED: Final = 4
_LOOK_SECONDS: Final = 0.005
_PATIENCE_SECONDS: Final = 1.0
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE})
_log: Final = logging.getLogger(__name__)


class DescriptorsExhaustedError(ElasticHalError):
    """The host has no file descriptor left for something of its own."""

    exit_status = ENVIRONMENT


@contextlib.contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Give a lack of descriptors in the block its name: `what` cannot be done for it.

    Raises:
        DescriptorsExhaustedError: The process, or the system, has as many open files as it may.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _EXHAUSTED:
            raise
        raise DescriptorsExhaustedError(
            f"{what}: this host has no file descriptor left",
            "run fewer workloads with directories in one host, or allow more open files (ulimit -n)",
        ) from error


@dataclass(frozen=True, eq=False)
class _Holder:
    """A workload that can open files: below which folders, and what stops it. `gone` is set when it has ended."""

    directories: tuple[bytes, ...]
    stop: Callable[[int], None]
    gone: threading.Event


class DescriptorGuard:
    """The guard of this process. A thread looks while there are workloads that can open files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders: list[_Holder] = []
        self._looking = False

    def watch(self, directories: Sequence[Path], stop: Callable[[int], None]) -> Callable[[], None]:
        """Watch a workload that was granted these folders; call what is returned when it has ended.

        `stop` gets the number of descriptors that it holds, where it must make room. It must not wait.
        """
        holder = _Holder(tuple(_real(directory) for directory in directories), stop, threading.Event())
        with self._lock:
            self._holders.append(holder)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="descriptor guard", daemon=True).start()

        def end() -> None:
            with self._lock:
                self._holders.remove(holder)
            holder.gone.set()

        return end

    def _look(self) -> None:
        probe = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        pause = threading.Event()
        try:
            while True:
                with self._lock:
                    if not self._holders:
                        self._looking = False
                        return
                if _is_reserve_used(probe):
                    self._make_room()
                pause.wait(_LOOK_SECONDS)
        finally:
            os.close(probe)

    def _make_room(self) -> None:
        with self._lock:
            holders = list(self._holders)
        counted = _counted(holders)
        if not counted:
            return
        most, holder = max(counted, key=lambda entry: entry[0])
        if not most:
            _log.warning("this host runs out of file descriptors, and no workload holds them through its directories")
            holder.gone.wait(_PATIENCE_SECONDS)
            return
        holder.stop(most)
        holder.gone.wait(_PATIENCE_SECONDS)


def reserved(limit: int) -> int:
    """Return how many of a process's descriptors are kept for the host."""
    return min(MAX_RESERVED, limit // _PART_RESERVED)


def _is_reserve_used(probe: int) -> bool:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return False
    first = limit - reserved(limit)
    try:
        found = fcntl.fcntl(probe, fcntl.F_DUPFD_CLOEXEC, first)
    except OSError:
        return True
    os.close(found)
    return found != first


def _counted(holders: Sequence[_Holder]) -> list[tuple[int, _Holder]]:
    """Count the open files of each workload. Of two that have as many, the one that started last comes first."""
    # By number: to list the folder would take a descriptor, and there may be none.
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    paths: list[bytes] = []
    for number in range(limit):
        with contextlib.suppress(OSError):
            paths.append(os.readlink(b"/proc/self/fd/%d" % number))
    return [(sum(_is_below(path, holder.directories) for path in paths), holder) for holder in reversed(holders)]


def _is_below(path: bytes, directories: Sequence[bytes]) -> bool:
    return any(path == directory or path.startswith(directory.rstrip(b"/") + b"/") for directory in directories)


def _real(directory: Path) -> bytes:
    return os.fsencode(os.path.realpath(directory))


GUARD: Final = DescriptorGuard()
