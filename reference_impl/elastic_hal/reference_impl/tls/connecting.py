"""A TCP connection to the first of some addresses that takes one, without waiting."""

from __future__ import annotations

import errno
import logging
import select
import socket
import time
from collections.abc import Callable
from typing import Final

from ..bindings.elastic_hal import types
from .lookups import SocketAddress
from .watching import WRITABLE, Watcher

# An address that does not answer is given up after that, where there are others.
_SECONDS_FOR_EACH: Final = 3.0

_log = logging.getLogger(__name__)


class Connecting:
    """One attempt after the other."""

    def __init__(self, addresses: list[SocketAddress], watcher: Watcher, decided: Callable[[], None]) -> None:
        self._left = list(addresses)
        self._watcher = watcher
        self._decided = decided
        self._socket: socket.socket | None = None
        self._until = 0.0

    def advance(self) -> socket.socket | None:
        """Go on, and give the socket once it is connected; it is the caller's then. Where nobody listens at any of the
        addresses, `connection-closed` is raised.
        """
        while True:
            if self._socket is None:
                if not self._left:
                    raise types.Error_ConnectionClosed
                self._begin(self._left.pop(0))
                continue
            if _is_decided(self._socket):
                if not self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    return self._release()
            elif not self._left or time.monotonic() < self._until:
                self._watcher.arm(self._socket.fileno(), WRITABLE)
                return None
            self.close()

    def seconds_left(self) -> float | None:
        """Tell when the next address has its turn; None where there is no other."""
        return max(0.0, self._until - time.monotonic()) if self._socket is not None and self._left else None

    def close(self) -> None:
        """Give the attempt up."""
        if self._socket is not None:
            self._release().close()

    def _begin(self, address: SocketAddress) -> None:
        family, place = address
        self._until = time.monotonic() + _SECONDS_FOR_EACH
        sock = new_socket(family)
        if sock.connect_ex(place) not in {0, errno.EINPROGRESS}:
            sock.close()
            return
        self._socket = sock
        self._watcher.add(sock.fileno(), self._decided)

    def _release(self) -> socket.socket:
        sock, self._socket = self._socket, None
        if sock is None:
            raise RuntimeError("no attempt is going on")
        self._watcher.remove(sock.fileno())
        return sock


def new_socket(family: socket.AddressFamily) -> socket.socket:
    """Make a socket that never waits. A host that has no more of them is an `internal` failure."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        _log.error("no socket can be made: %s", error.strerror)
        raise types.Error_Internal("the host has no socket left") from None
    return sock


def _is_decided(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(0))
