"""Waits that a signal ends even where it arrives right before they begin."""

from __future__ import annotations

import threading

from elastic_hal.runtime.waking import LOOK_SECONDS, wait_for


class Asleep(threading.Event):
    """Notes for how long it was asked to sleep, and happens the third time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        if len(self.asked) == 3:
            self.set()
        return self.is_set()


def test_a_wait_without_end_looks_up_now_and_then() -> None:
    event = Asleep()
    assert wait_for(event)
    assert event.asked == [LOOK_SECONDS] * 3


def test_a_wait_ends_with_its_time() -> None:
    event = Asleep()
    assert not wait_for(event, 0)
    assert event.asked == []
    assert wait_for(event, 3600)
    assert all(asked is not None and asked <= LOOK_SECONDS for asked in event.asked)
