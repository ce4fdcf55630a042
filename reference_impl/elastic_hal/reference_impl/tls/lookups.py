"""Looking names up, which the system can only do by waiting: on threads beside the workload's, a few for each."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from elastic_hal.runtime.network_grants import IpAddress

MOST_AT_ONCE: Final = 8

_log = logging.getLogger(__name__)

SocketAddress: TypeAlias = tuple[socket.AddressFamily, tuple[str, int]]


@dataclass(slots=True, eq=False)
class Lookup:
    """One question. `addresses` is None until it is answered; a name without addresses has an empty answer."""

    host: str
    port: int
    answered: Callable[[], None]
    addresses: list[SocketAddress] | None = None


class Lookups:
    """The questions of one workload. What the system still looks up when the workload ends is left behind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Lookup] = deque()
        self._threads = 0

    def start(self, host: str | IpAddress, port: int, answered: Callable[[], None]) -> Lookup:
        """Look a name up; `answered` is called on another thread then. An address needs no looking up."""
        lookup = Lookup(str(host), port, answered)
        if not isinstance(host, str):
            lookup.addresses = [(socket.AF_INET if host.version == 4 else socket.AF_INET6, (str(host), port))]
            return lookup
        with self._lock:
            self._waiting.append(lookup)
            if self._threads < MOST_AT_ONCE:
                self._begin()
        return lookup

    def give_up(self, lookup: Lookup) -> None:
        """Forget a question that nobody waits for any more. One that the system already looks up goes on unheard."""
        with self._lock, contextlib.suppress(ValueError):
            self._waiting.remove(lookup)

    def end(self) -> None:
        """Begin no other."""
        with self._lock:
            self._waiting.clear()

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._work, name="tls name lookup", daemon=True).start()
        except RuntimeError:
            if not self._threads:
                self._waiting.clear()
                raise
            return  # those that run take the question too
        self._threads += 1

    def _work(self) -> None:
        while (lookup := self._next()) is not None:
            lookup.addresses = _look_up(lookup.host, lookup.port)
            try:
                lookup.answered()
            except Exception:
                _log.exception("what follows the looking up of a name failed")

    def _next(self) -> Lookup | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None


def _look_up(host: str, port: int) -> list[SocketAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [
        (family, (str(address[0]), int(address[1])))
        for family, _, _, _, address in found
        if family in {socket.AF_INET, socket.AF_INET6}
    ]
