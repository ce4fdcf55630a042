"""What a workload's output costs: bytes count against a limit, and the host's work with them against its CPU share.

What a guest writes is work for the host, and space on somebody's disk. Without a bound it would be the one thing that a
guest gets for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class OutputMeter:
    """The meter of one workload, for all of its output streams together.

    `limit` is in bytes, None for no bound. `charge` takes seconds of CPU time. `exceeded` is called once, on the thread
    that passes output on, when the workload has written more than it may.
    """

    def __init__(self, limit: int | None, charge: Callable[[float], None], exceeded: Callable[[], None]) -> None:
        self._limit = limit
        self.charge = charge
        self._exceeded = exceeded
        self._lock = threading.Lock()
        self._written = 0
        self.is_exceeded = False

    def admit(self, size: int) -> int:
        """Count `size` bytes that were written, and return how many of them may be passed on."""
        with self._lock:
            before, self._written = self._written, self._written + size
            if self._limit is None or self._written <= self._limit:
                return size
            first, self.is_exceeded = not self.is_exceeded, True
        if first:
            self._exceeded()
        return max(0, self._limit - before)
