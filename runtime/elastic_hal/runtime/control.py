"""What providers may do to the run of the workload that calls them: wait so that it can be stopped, be told when it is
over, and change how much memory and CPU time it has.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from elastic_hal.runtime.waking import Bell

WHOLE_CORE = 1000
"""The thousandths of a CPU core that are no restriction."""

_log = logging.getLogger(__name__)


class Control:
    """One run of a workload, seen from the host functions that it calls."""

    def __init__(self, memory_bytes: int = 0, cpu_thousandths: int = WHOLE_CORE) -> None:
        self.bell = Bell()
        self.started = time.monotonic_ns()
        self.stopping = False
        self.stopped_waiting = False
        self.memory_bytes = memory_bytes
        self.cpu_thousandths = cpu_thousandths
        self._lock = threading.Lock()
        self._ended = False
        self._at_end: list[Callable[[], None]] = []
        self._apply_memory: Callable[[int], None] | None = None
        self._apply_cpu: Callable[[int], None] | None = None

    def stop(self) -> None:
        """Makes host functions that wait return, so that the guest can be stopped."""
        self.stopping = True
        self.bell.ring()

    def wait(self, seconds: float | None) -> None:
        """Waits for the bell, but not once the workload is to stop. It may return early: look and wait again."""
        if not self.stopping:
            self.bell.wait(seconds)
            self.stopped_waiting = self.stopping

    def pause(self, seconds: float) -> None:
        """Holds the guest up for that long, or until the workload is to stop."""
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            self.bell.wait(left)

    def at_end(self, action: Callable[[], None]) -> None:
        """Has something done when the run is over; at once where it is over already."""
        with self._lock:
            if not self._ended:
                self._at_end.append(action)
                return
        action()

    def end(self) -> None:
        """Does what is to be done at the end, the last first. What fails is logged, and the rest is done."""
        with self._lock:
            self._ended = True
            actions, self._at_end = self._at_end, []
        for action in reversed(actions):
            try:
                action()
            except Exception:
                _log.exception("something that was to be done at the end of a workload failed")
        # They lead to the run and its linker, which keeps the providers, which keep this: wasmtime is part of that
        # circle, so that nothing could be collected.
        self._apply_memory = self._apply_cpu = None

    def connect(self, apply_memory: Callable[[int], None], apply_cpu: Callable[[int], None]) -> None:
        """Gives what changes the limits of the guest, called on its own thread."""
        self._apply_memory = apply_memory
        self._apply_cpu = apply_cpu
        apply_memory(self.memory_bytes)
        apply_cpu(self.cpu_thousandths)

    def set_memory(self, size: int) -> None:
        """Bounds the memory of the guest to `size` bytes from now on. Call it on the guest's thread."""
        self.memory_bytes = size
        if self._apply_memory is not None:
            self._apply_memory(size)

    def set_cpu(self, thousandths: int) -> None:
        """Gives the guest that share of one CPU core from now on. Call it on the guest's thread."""
        self.cpu_thousandths = thousandths
        if self._apply_cpu is not None:
            self._apply_cpu(thousandths)
