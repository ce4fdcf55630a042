"""A clock that is before 1970 or after 2554 is an error with a name, wherever it is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from elastic_hal.common.clock import END_NS, ClockError, now, now_ns, now_seconds
from elastic_hal.common.errors import ENVIRONMENT

READINGS: tuple[Callable[[], object], ...] = (now, now_ns, now_seconds)


@pytest.mark.parametrize("moment", [-1, -(10**18), END_NS, END_NS * 4])
def test_a_moment_that_64_bits_do_not_hold(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    for read in READINGS:
        with pytest.raises(ClockError, match="before 1970 or after July 2554") as caught:
            read()
        assert caught.value.exit_status == ENVIRONMENT


def test_the_first_and_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert (now(), now_ns(), now_seconds()) == (datetime(1970, 1, 1, tzinfo=UTC), 0, 0)
    monkeypatch.setattr(time, "time_ns", lambda: END_NS - 1)
    assert now_ns() == END_NS - 1
    assert now().year == 2554
    assert now_seconds() == (END_NS - 1) // 10**9
