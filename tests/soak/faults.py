"""Faults of the machine: a disk that fills up, and a wall clock that jumps."""

from __future__ import annotations

import datetime
import os
import random
import threading
import time
from pathlib import Path

from elastic_hal.reference_impl.platforms.simulated import platform as simulated_platform

_BLOCK = bytes(1 << 16)
_LARGEST_STEP_SECONDS = 3 * 365 * 86400


class FullDisk:
    """Takes what is left of the file system of the state, for a moment, again and again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"
        self.times = 0

    def run(self, over: threading.Event) -> None:
        # The first time comes early, so that a short run has one too.
        while not over.wait(random.uniform(0.2, 1.5) if self.times else 0.5):
            self._fill()
            over.wait(random.uniform(0.1, 1.0))
            self._path.unlink()

    def _fill(self) -> None:
        with self._path.open("wb", buffering=0) as ballast:
            block = _BLOCK
            while block:
                try:
                    ballast.write(block)
                except OSError:
                    block = block[: len(block) // 2]
            os.fsync(ballast.fileno())
        self.times += 1


class SteppedClock:
    """Makes the wall clock of this process jump forwards and backwards.

    The operating system's clock belongs to everybody, so it is not touched: what the host reads the wall clock with is
    replaced, `time.time`, `time.time_ns`, and `datetime.now` where the platform reads it. What measures durations uses
    the monotonic clock, which cannot be set.
    """

    def __init__(self) -> None:
        self.times = 0
        self.offset = 0
        self._real = time.time_ns

    def install(self) -> None:
        clock = self
        real = self._real

        class Stepped(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
                return datetime.datetime.fromtimestamp(clock.seconds(), tz)

        simulated_platform.datetime = Stepped
        time.time_ns = lambda: real() + clock.offset
        time.time = self.seconds

    def seconds(self) -> float:
        return (self._real() + self.offset) / 1e9

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.seconds(), datetime.UTC)

    def run(self, over: threading.Event) -> None:
        while not over.wait(random.uniform(0.1, 0.6)):
            self.step()

    def step(self) -> None:
        size = random.choice([1, 60, 3600, 86400, _LARGEST_STEP_SECONDS])
        self.offset = random.randint(-size, size) * 10**9
        self.times += 1
