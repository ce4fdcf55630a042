"""Clients that come to a listener, each made ready beside the others, so that a slow or hostile one holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Generic, Self, TypeVar

from . import eventloop as _eventloop
from .bindings.elastic_hal import tls as _tls
from .errors import ConnectionClosed, HalError, LimitExceeded, Peer, TimedOut, VerificationFailed, WouldBlock
from .tls_connection import Connection

MOST_AT_ONCE = 64
"""Clients that are made ready at one time; more wait in the host."""
_FAULTS_OF_CLIENTS = (ConnectionClosed, Peer, TimedOut, VerificationFailed)
_PAUSE_SECONDS = 0.05

T = TypeVar("T", bound=Connection)


class Listener(Generic[T]):
    """A place where clients connect. `with` closes it; connections that it gave stay.

    What a client does wrong before it is accepted never ends the listener: `on_failure` gets the error, and the next
    client is accepted.
    """

    def __init__(
        self,
        handle: _tls.Listener,
        prepare: Callable[[_tls.ServerHandshake], Coroutine[Any, Any, T]],
        *,
        most_at_once: int = MOST_AT_ONCE,
        on_failure: Callable[[HalError], None] | None = None,
    ) -> None:
        self.handle = handle
        """The listener as the generated bindings know it."""
        self.address = handle.local_address()
        """Where it listens, with the port that the host chose where it was to."""
        self._pollable = handle.subscribe()
        self._prepare = prepare
        self._most = most_at_once
        self._on_failure = on_failure
        self._under_way: set[asyncio.Task[T]] = set()
        self._loop: _eventloop.EventLoop | None = None

    def accept(self, timeout: float | None = None) -> T:
        """Waits for a client and gives its connection. Raises TimedOut where none is ready after `timeout` seconds.

        Clients that are not ready yet go on being made ready in the next call. A listener is used with this or with
        `aaccept`, not with both.
        """
        if self._loop is None:
            self._loop = _eventloop.EventLoop()
        return self._loop.run_until_complete(self._accept_in_time(timeout))

    async def aaccept(self) -> T:
        """As `accept`, while other tasks go on, and clients are made ready also between two calls."""
        while True:
            for task in [task for task in self._under_way if task.done()]:
                self._under_way.discard(task)
                if not task.cancelled() and self._is_ready(task):
                    return task.result()
            await self._next_event()

    def close(self) -> None:
        """Closes it; clients that are not accepted yet are given up. Calling it again does nothing."""
        for task in self._under_way:
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None:
                task.result().close()
        if self._loop is not None:
            _eventloop.end(self._loop)
        self._pollable.close()
        self.handle.close()

    def __iter__(self) -> Iterator[T]:
        while True:
            yield self.accept()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            yield await self.aaccept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    async def _accept_in_time(self, timeout: float | None) -> T:
        try:
            async with asyncio.timeout(timeout):
                return await self.aaccept()
        except TimeoutError:
            raise TimedOut from None

    def _is_ready(self, task: asyncio.Task[T]) -> bool:
        error = task.exception()
        if not isinstance(error, _FAULTS_OF_CLIENTS):
            return True  # or an error of ours, which the result raises
        if self._on_failure is not None:
            self._on_failure(error)
        return False

    async def _next_event(self) -> None:
        """Takes a client where one waits and there is room; else waits for a client, or for one to be ready."""
        events: set[asyncio.Task[Any]] = set(self._under_way)
        arrival: asyncio.Task[None] | None = None
        if len(self._under_way) < self._most:
            try:
                handshake = self.handle.accept()
            except WouldBlock:
                arrival = asyncio.get_running_loop().create_task(_eventloop.wait(self._pollable))
            except LimitExceeded:
                # The workload has as many connections as it may, and nothing tells when it has fewer.
                arrival = asyncio.get_running_loop().create_task(asyncio.sleep(_PAUSE_SECONDS))
            else:
                self._under_way.add(asyncio.get_running_loop().create_task(self._prepare(handshake)))
                return
            events.add(arrival)
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if arrival is not None:
                arrival.cancel()
                await asyncio.wait([arrival])
