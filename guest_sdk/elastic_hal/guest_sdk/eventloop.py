"""An `asyncio` event loop over the HAL's `poll`: channels, timers and all that can be subscribed to, awaited at once.

    def main(arguments: list[str]) -> None:
        eventloop.run(serve())

Everything of `asyncio` works that needs no threads, sockets, signals or subprocesses: tasks, groups, queues, locks,
`asyncio.sleep`, `asyncio.timeout`. In what `elastic-hal guest build` makes, `asyncio.run` uses this loop too.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from . import failures as _failures
from . import preload as _preload  # noqa: F401
from .bindings._values import ResourceClosedError
from .bindings.elastic_hal import poll as _poll

__all__ = ["DeadlockError", "EventLoop", "end", "run", "wait"]

T = TypeVar("T")
_NANOSECONDS = 1_000_000_000
_LONGEST_WAIT_SECONDS = 86_400.0
_THREADS = "a guest has one thread: await in its place, or call the function itself"
_SOCKETS = "a guest has no sockets: connections are those of elastic_hal.guest_sdk.tls (aconnect, aaccept)"
_PROCESSES = "a guest starts no processes: other workloads are reached by elastic_hal.guest_sdk.channels"
_FILES = "a guest has no files that can be waited for: read them as they are"
_SIGNALS = "a guest gets no signals: the host stops it"
_MISSING = {
    "run_in_executor": _THREADS,
    "create_connection": _SOCKETS,
    "create_server": _SOCKETS,
    "create_datagram_endpoint": _SOCKETS,
    "create_unix_connection": _SOCKETS,
    "create_unix_server": _SOCKETS,
    "getaddrinfo": _SOCKETS,
    "getnameinfo": _SOCKETS,
    "sock_accept": _SOCKETS,
    "sock_connect": _SOCKETS,
    "sock_recv": _SOCKETS,
    "sock_sendall": _SOCKETS,
    "start_tls": _SOCKETS,
    "subprocess_exec": _PROCESSES,
    "subprocess_shell": _PROCESSES,
    "connect_read_pipe": _FILES,
    "connect_write_pipe": _FILES,
    "add_reader": _FILES,
    "add_writer": _FILES,
    "add_signal_handler": _SIGNALS,
}


class DeadlockError(RuntimeError):
    """Every task waits, and nothing that could wake one is left."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end and gives its result; tasks that it leaves behind are cancelled."""
    loop = EventLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        end(loop)


def end(loop: EventLoop) -> None:
    """Cancels what is left in a loop and closes it. Calling it again does nothing."""
    if loop.is_closed():
        return
    try:
        _cancel_all(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def wait(pollable: _poll.Pollable) -> None:
    """Waits until a pollable of the HAL is ready, while other tasks go on. Works under `run` only."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, EventLoop):
        raise TypeError("pollables of the HAL can be awaited under eventloop.run only")
    await loop.wait(pollable)


class EventLoop(asyncio.base_events.BaseEventLoop):
    """The loop that `run` uses. There is nobody to wake it from outside."""

    def __init__(self) -> None:
        super().__init__()
        # BaseEventLoop asks this for what has happened, once in each round.
        self._selector = _Selector()

    def time(self) -> float:
        """Seconds since the workload started."""
        return _poll.now() / _NANOSECONDS

    async def wait(self, pollable: _poll.Pollable) -> None:
        """Waits for a pollable."""
        future: asyncio.Future[None] = self.create_future()
        self._selector.waiting[future] = pollable
        try:
            await future
        finally:
            self._selector.waiting.pop(future, None)

    def close(self) -> None:
        """Frees what the loop holds in the host."""
        if not self.is_closed():
            self._selector.close()
        super().close()

    def _process_events(self, happened: list[asyncio.Future[None]]) -> None:
        for future in happened:
            if not future.done():
                future.set_result(None)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Report what nobody awaited, or what failed in a callback."""
        error = context.get("exception")
        heading = str(context.get("message") or "asyncio: something failed")
        _failures.report(error if error is not None else RuntimeError(heading), heading)

    def _write_to_self(self) -> None:
        """Would wake the loop from another thread, which a guest does not have."""


def _refuse(name: str, reason: str) -> Callable[..., Any]:
    def refuse(self: EventLoop, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError(f"asyncio's {name} does not work here: {reason}")

    refuse.__name__ = name
    return refuse


for _name, _reason in _MISSING.items():
    setattr(EventLoop, _name, _refuse(_name, _reason))


class _Selector:
    """What the loop waits for: futures, each with the pollable that completes it."""

    def __init__(self) -> None:
        self.waiting: dict[asyncio.Future[None], _poll.Pollable] = {}
        self._past = _poll.subscribe_instant(0)

    def select(self, timeout: float | None) -> list[asyncio.Future[None]]:
        """Waits for the first pollable, or until `timeout` seconds have passed; gives the futures that are ready."""
        futures, pollables = list(self.waiting), list(self.waiting.values())
        if timeout is None:
            if not pollables:
                raise DeadlockError("every task waits for another one")
            return self._ready(futures, pollables)
        if timeout <= 0:
            return self._ready(futures, pollables, self._past) if pollables else []
        duration = int(min(timeout, _LONGEST_WAIT_SECONDS) * _NANOSECONDS) + 1
        with _poll.subscribe_duration(duration) as timer:
            return self._ready(futures, pollables, timer)

    def close(self) -> None:
        """Gives the loop's own pollable back."""
        self._past.close()

    @staticmethod
    def _ready(
        futures: list[asyncio.Future[None]], pollables: list[_poll.Pollable], *others: _poll.Pollable
    ) -> list[asyncio.Future[None]]:
        try:
            positions = _poll.poll([*pollables, *others])
        except ResourceClosedError:
            # Whoever waits for what another task has closed is woken up, and finds that out.
            return [future for future, pollable in zip(futures, pollables, strict=True) if _is_closed(pollable)]
        return [futures[position] for position in positions if position < len(futures)]


def _is_closed(pollable: _poll.Pollable) -> bool:
    try:
        pollable.ready()
    except ResourceClosedError:
        return True
    return False


def _cancel_all(loop: EventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {"message": "a task failed while the program ended", "exception": task.exception(), "task": task}
            )
