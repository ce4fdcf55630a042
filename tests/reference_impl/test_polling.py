"""Pollables and timers: what is ready when, and that the end of a workload ends every wait."""

import threading
import time

import pytest

from elastic_hal.reference_impl.polling import Pollable, PollProvider, always_ready, wait_for
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.waking import Bell, Changes

HOUR = 3_600_000_000_000


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def poll(control: Control) -> PollProvider:
    return PollProvider(control)


def test_the_clock_starts_with_the_workload_and_goes_on(poll: PollProvider) -> None:
    first = poll.now()
    assert first >= 0
    time.sleep(0.002)
    assert poll.now() > first


def test_an_instant_that_has_passed_is_ready(poll: PollProvider) -> None:
    assert poll.subscribe_instant(0).ready()
    poll.subscribe_instant(0).block()
    assert not poll.subscribe_instant(poll.now() + HOUR).ready()


def test_a_timer_is_ready_in_time_and_stays_so(poll: PollProvider) -> None:
    assert not poll.subscribe_duration(HOUR).ready()
    wanted = poll.now() + 20_000_000
    timer = poll.subscribe_instant(wanted)
    timer.block()
    assert poll.now() >= wanted, "it is never early"
    assert timer.ready()


def test_the_longest_timer_can_be_waited_with(poll: PollProvider) -> None:
    assert poll.poll([poll.subscribe_duration(2**64 - 1), poll.subscribe_duration(1)]) == [1]
    assert poll.poll([poll.subscribe_instant(2**64 - 1), poll.subscribe_duration(1)]) == [1]


def test_all_that_are_ready_are_told_in_order(poll: PollProvider, control: Control) -> None:
    ready, never = always_ready(control), poll.subscribe_duration(HOUR)
    assert poll.poll([never, ready, never, ready, ready]) == [1, 3, 4]


def test_nothing_to_wait_for_is_answered_at_once(poll: PollProvider) -> None:
    assert poll.poll([]) == []


def test_a_change_on_another_thread_ends_the_wait(control: Control) -> None:
    changes, happened = Changes(), threading.Event()
    pollable = Pollable(control, happened.is_set, changes)

    def change() -> None:
        changes.announce()  # a change that does not make it ready
        happened.set()
        changes.announce()

    thread = threading.Timer(0.02, change)
    thread.start()
    pollable.block()
    assert happened.is_set()
    thread.join()


def test_the_same_pollable_many_times(control: Control) -> None:
    changes = Changes()
    state = [False]
    pollable = Pollable(control, lambda: state[0], changes)
    thread = threading.Timer(0.02, lambda: (state.__setitem__(0, True), changes.announce()))
    thread.start()
    assert wait_for([pollable] * 5000, control) == list(range(5000))
    thread.join()


def test_the_end_of_the_workload_ends_the_wait(control: Control, poll: PollProvider) -> None:
    threading.Timer(0.02, control.stop).start()
    poll.subscribe_duration(HOUR).block()
    assert control.stopped_waiting
    poll.subscribe_duration(HOUR).block()  # and none begins after it
    assert poll.poll([poll.subscribe_duration(HOUR)]) == []


def test_a_bell_that_was_rung_before_is_heard() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.wait()
    assert not bell._rung.acquire(blocking=False), "it was heard once"
