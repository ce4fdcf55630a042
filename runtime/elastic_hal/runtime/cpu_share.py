"""Holds a guest to its share of a CPU core.

While any guest of an engine is held to less than a whole core, a thread advances the engine's epoch, so that guests
look up every few milliseconds. One that has had more than its share then sleeps until it has not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from elastic_hal.runtime.control import WHOLE_CORE

TICK_SECONDS = 0.005
_FORGIVEN_SECONDS = 0.1


class Ticker:
    """Calls `tick` every few milliseconds while somebody needs it."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._lock = threading.Lock()
        self._needed = 0
        self._idle = threading.Event()

    def need(self) -> None:
        """Starts ticking, or goes on. Every call is matched by one of `enough`."""
        with self._lock:
            self._needed += 1
            if self._needed == 1:
                self._idle = threading.Event()
                threading.Thread(target=self._run, args=(self._idle,), name="epoch ticker", daemon=True).start()

    def enough(self) -> None:
        """Stops ticking when nobody needs it any more."""
        with self._lock:
            self._needed -= 1
            if self._needed == 0:
                self._idle.set()

    def _run(self, idle: threading.Event) -> None:
        while not idle.wait(TICK_SECONDS):
            self._tick()


class CpuShare:
    """The share of one guest. `pause` is called on the guest's thread with the seconds that it has to wait."""

    def __init__(self, ticker: Ticker, pause: Callable[[float], None]) -> None:
        self._ticker = ticker
        self._pause = pause
        self._share = 1.0
        self._wall = self._cpu = 0.0
        self._lock = threading.Lock()
        self._charged = 0.0

    def set(self, thousandths: int) -> None:
        """Changes the share. Call it on the guest's thread."""
        before, self._share = self._share, thousandths / WHOLE_CORE
        self._begin(time.monotonic(), time.thread_time())
        if before == 1.0 and self._share < 1.0:
            self._ticker.need()
        elif before < 1.0 and self._share == 1.0:
            self._ticker.enough()

    def charge(self, seconds: float) -> None:
        """Count CPU time that another thread spent for the guest. Any thread may call it."""
        with self._lock:
            self._charged += seconds

    def tick(self) -> None:
        """Lets the guest wait where it is ahead of its share."""
        if self._share == 1.0:
            return
        wall, cpu = time.monotonic(), time.thread_time()
        ahead = (cpu - self._cpu + self._charged) / self._share - (wall - self._wall)
        if ahead > 0:
            self._pause(ahead)
        elif ahead < -_FORGIVEN_SECONDS:
            # Time that a guest did not use is not saved up: it would be one long burst later.
            self._begin(wall, cpu)

    def _begin(self, wall: float, cpu: float) -> None:
        self._wall, self._cpu = wall, cpu
        with self._lock:
            self._charged = 0.0
