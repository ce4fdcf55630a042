"""Waiting for changes that other threads make: a bell for each workload, and the list of bells that a change rings."""

from __future__ import annotations

import threading
import time
from typing import Final

LOOK_SECONDS: Final = 0.1
"""How long a thread that signals end sleeps at most before it looks whether there was one."""


class Bell:
    """Wakes the one thread that waits for it. It stays rung until that thread has noticed."""

    def __init__(self) -> None:
        # A lock that is free has been rung: the fastest thing in Python that one thread can give and another wait for.
        self._rung = threading.Lock()
        self._rung.acquire()

    def ring(self) -> None:
        """Wakes whoever waits, or whoever will wait next."""
        try:
            self._rung.release()
        except RuntimeError:
            return  # it had been rung already, and still is

    def wait(self, seconds: float | None = None) -> None:
        """Returns when the bell rings, at once where it has been rung, or when the seconds have passed."""
        if seconds is None:
            self._rung.acquire()
        else:
            self._rung.acquire(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX))


class Changes:
    """The changes of one object: whoever waits for them hangs up a bell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: tuple[Bell, ...] = ()

    def watch(self, bell: Bell) -> None:
        """Rings a bell at every change from now on."""
        with self._lock:
            self._bells = (*self._bells, bell)

    def leave(self, bell: Bell) -> None:
        """Takes away a bell that was hung up once."""
        with self._lock:
            left = list(self._bells)
            left.remove(bell)
            self._bells = tuple(left)

    def announce(self) -> None:
        """Rings all bells. Whoever changes something calls it after the change."""
        for bell in self._bells:
            bell.ring()


def wait_for(event: threading.Event, seconds: float | None = None) -> bool:
    """Wait for an event, for `seconds` at most, on a thread that signals end; return whether it happened.

    It looks up now and then. A signal that arrives just before a wait begins would not end it: Python remembers it, and
    goes to sleep.
    """
    until = None if seconds is None else time.monotonic() + seconds
    while not event.is_set():
        left = LOOK_SECONDS if until is None else min(LOOK_SECONDS, until - time.monotonic())
        if left <= 0:
            return False
        event.wait(left)
    return True
