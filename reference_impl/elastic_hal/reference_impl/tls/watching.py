"""One thread that watches the sockets of a host. It reads nothing: it tells the owner of a socket that to look again is
worth while, sends what is ready to be sent, and keeps deadlines of sockets that nobody looks at any more.

The thread runs while there is a socket to watch, and ends with the last one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..strangers import Strangers

READABLE: Final = select.EPOLLIN | select.EPOLLRDHUP
WRITABLE: Final = select.EPOLLOUT

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Watched:
    """A socket, what to do when something happens there, and the moment of `time.monotonic` for which that is due."""

    happened: Callable[[], None]
    deadline: float | None = None


class Watcher:
    """Watches sockets by their descriptors. Each is told once after each `arm`, on the watcher's thread."""

    def __init__(self) -> None:
        self.strangers = Strangers()
        """The clients of all listeners of the host that have proven nothing."""
        self._lock = threading.Lock()
        self._watched: dict[int, _Watched] = {}
        self._poll: select.epoll | None = None
        self._wakes = -1

    def add(self, descriptor: int, happened: Callable[[], None]) -> None:
        """Take a socket on. Nothing is told before it is armed, but that it broke."""
        with self._lock:
            if self._poll is None:
                self._start()
            self._epoll().register(descriptor, select.EPOLLONESHOT)
            self._watched[descriptor] = _Watched(happened)

    def arm(self, descriptor: int, events: int) -> None:
        """Tell once when one of `events` holds, at once where it does already."""
        with self._lock:
            if descriptor in self._watched:
                self._epoll().modify(descriptor, events | select.EPOLLONESHOT)

    def set_deadline(self, descriptor: int, moment: float | None) -> None:
        """Tell at that moment too; None takes the moment back."""
        with self._lock:
            if descriptor in self._watched:
                self._watched[descriptor].deadline = moment
                self._wake()

    def remove(self, descriptor: int) -> None:
        """Let a socket go, before it is closed."""
        with self._lock:
            if self._watched.pop(descriptor, None) is None:
                return
            self._epoll().unregister(descriptor)
            if not self._watched:
                self._wake()

    def _epoll(self) -> select.epoll:
        if self._poll is None:
            raise RuntimeError("nothing is watched")
        return self._poll

    def _start(self) -> None:
        """Begin to watch; where the system has no descriptor or thread left, nothing has begun."""
        with contextlib.ExitStack() as undo:
            poll = undo.enter_context(select.epoll())
            wakes = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            undo.callback(os.close, wakes)
            poll.register(wakes, select.EPOLLIN)
            # It waits for the lock that is held here, and so finds what is set below.
            threading.Thread(target=self._run, args=(poll, wakes), name="tls sockets", daemon=True).start()
            self._poll, self._wakes = poll, wakes
            undo.pop_all()

    def _wake(self) -> None:
        os.eventfd_write(self._wakes, 1)

    def _run(self, poll: select.epoll, wakes: int) -> None:
        while self._goes_on():
            for descriptor, _ in poll.poll(self._patience()):
                if descriptor == wakes:
                    os.eventfd_read(wakes)
                else:
                    self._tell(descriptor)
            for descriptor in self._due():
                self._tell(descriptor)

    def _goes_on(self) -> bool:
        with self._lock:
            if self._watched or self._poll is None:
                return True
            self._poll.close()
            os.close(self._wakes)
            self._poll = None
            return False

    def _patience(self) -> float | None:
        with self._lock:
            moments = [watched.deadline for watched in self._watched.values() if watched.deadline is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _due(self) -> list[int]:
        now, due = time.monotonic(), []
        with self._lock:
            for descriptor, watched in self._watched.items():
                if watched.deadline is not None and watched.deadline <= now:
                    watched.deadline = None
                    due.append(descriptor)
        return due

    def _tell(self, descriptor: int) -> None:
        with self._lock:
            watched = self._watched.get(descriptor)
        if watched is None:
            return
        try:
            watched.happened()
        except Exception:
            # One connection's trouble must not stop the thread that serves all of them.
            _log.exception("what follows an event at a socket failed")
