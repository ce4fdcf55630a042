"""Pollables: what providers make so that guests can wait for many things at once, and the `poll` interface (CLK-3).

A provider makes `Pollable(control, ready, changes)`: `ready` looks, `changes` rings when looking again is worth while.
While a guest waits, its one bell hangs at all objects that it waits for, and the end of its workload rings it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import cast

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.waking import Changes

from .bindings.elastic_hal import poll as wit

_LONGEST_WAIT_SECONDS = 3600.0
_NANOSECONDS = 1_000_000_000


class Pollable(wit.Pollable):
    """Something that one workload waits for. `control` is that of its run."""

    def __init__(self, control: Control, ready: Callable[[], bool], changes: Changes | None = None) -> None:
        self.control = control
        self.changes = changes
        self._ready = ready

    def ready(self) -> bool:
        """Look."""
        return self._ready()

    def block(self) -> None:
        """Wait for this alone: what `wait_for` does, without its lists. It is what guests do most."""
        changes, control = self.changes, self.control
        if self.ready():
            return
        if changes is not None:
            changes.watch(control.bell)
        try:
            while not self.ready() and not control.stopping:
                control.wait(self.seconds_left())
        finally:
            if changes is not None:
                changes.leave(control.bell)

    def seconds_left(self) -> float | None:
        """Tell when it becomes ready by itself; None where only a change can make it so."""
        return None


class Timer(Pollable):
    """Ready from a moment of `time.monotonic_ns` on."""

    def __init__(self, control: Control, moment: int) -> None:
        super().__init__(control, lambda: time.monotonic_ns() >= moment)
        self._moment = moment

    def seconds_left(self) -> float:
        """Tell how long that is."""
        return max(0, self._moment - time.monotonic_ns()) / _NANOSECONDS


def always_ready(control: Control) -> Pollable:
    """Make a pollable for what never has to be waited for."""
    return Pollable(control, lambda: True)


def wait_for(pollables: Sequence[Pollable], control: Control) -> list[int]:
    """Wait until one of the pollables is ready, and give the positions of all that are.

    Where the workload is to stop, it returns at once with what is ready; no guest sees that, because it is stopped as
    soon as it goes on.
    """
    found = _ready(pollables)
    if found or not pollables:
        return found
    watched = dict.fromkeys(pollable.changes for pollable in pollables if pollable.changes is not None)
    for changes in watched:
        changes.watch(control.bell)
    try:
        while not (found := _ready(pollables)) and not control.stopping:
            control.wait(_patience(pollables))
    finally:
        for changes in watched:
            changes.leave(control.bell)
    return found


def _ready(pollables: Sequence[Pollable]) -> list[int]:
    return [position for position, pollable in enumerate(pollables) if pollable.ready()]


def _patience(pollables: Sequence[Pollable]) -> float:
    moments = (pollable.seconds_left() for pollable in pollables)
    return min((left for left in moments if left is not None), default=_LONGEST_WAIT_SECONDS)


class PollProvider:
    """The `poll` interface for one run of a workload."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> int:
        """Read the clock: nanoseconds since the workload started."""
        return time.monotonic_ns() - self._control.started

    def subscribe_instant(self, when: int) -> wit.Pollable:
        """Make a timer for a reading of the clock."""
        return Timer(self._control, self._control.started + when)

    def subscribe_duration(self, when: int) -> wit.Pollable:
        """Make a timer that starts now."""
        return Timer(self._control, time.monotonic_ns() + when)

    def poll(self, pollables: list[wit.Pollable]) -> list[int]:
        """Wait for the first of many."""
        return wait_for(cast("list[Pollable]", pollables), self._control)
