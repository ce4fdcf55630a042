"""Calls that answer `would-block`, repeated until they have something: blocking, or while other tasks go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from . import eventloop as _eventloop
from .bindings.elastic_hal import poll as _poll
from .errors import TimedOut, WouldBlock

T = TypeVar("T")


def moment(timeout: float | None) -> int | None:
    """The reading of the poll clock in `timeout` seconds."""
    return None if timeout is None else _poll.now() + int(max(timeout, 0.0) * 1_000_000_000)


def block(pollable: _poll.Pollable, until: int | None) -> None:
    """Waits for a pollable. Raises TimedOut from the reading `until` of the poll clock on."""
    if until is None:
        pollable.block()
        return
    with _poll.subscribe_instant(until) as timer:
        if 0 not in _poll.poll([pollable, timer]):
            raise TimedOut


def call(function: Callable[[], T], pollable: Callable[[], _poll.Pollable], until: int | None) -> T:
    """Calls a function until it does not answer `would-block`, and waits for the pollable in between."""
    while True:
        try:
            return function()
        except WouldBlock:
            block(pollable(), until)


async def acall(function: Callable[[], T], pollable: Callable[[], _poll.Pollable]) -> T:
    """As `call`, while other tasks go on."""
    while True:
        try:
            return function()
        except WouldBlock:
            await _eventloop.wait(pollable())
