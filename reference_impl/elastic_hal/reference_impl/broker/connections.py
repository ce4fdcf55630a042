"""Which connections a broker has, how far each is, and which has to go where others want in.

Who connects has proven nothing, and most of what a connection does is to wait: for the handshake, or for a request. So
one that waits makes room for the next that comes, the oldest first of the address that has the most; one whose request
is being answered never does. Handshakes have a budget of their own, for all addresses and for each. Nobody can lock
anybody out by being silent or slow, however many connections that takes.
"""

import contextlib
import enum
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..strangers import oldest_of_most, origin_of

MAX_CONNECTIONS: Final = 256
MAX_HANDSHAKES: Final = MAX_CONNECTIONS // 2
MAX_HANDSHAKES_OF_ADDRESS: Final = MAX_HANDSHAKES // 2
_MAX_THREADS: Final = 2 * MAX_CONNECTIONS
"""With those of connections that were cut and have not noticed yet."""


class Stage(enum.Enum):
    """How far a connection is."""

    HANDSHAKE = enum.auto()
    WAITING = enum.auto()
    ANSWERING = enum.auto()


@dataclass(eq=False, slots=True)
class _Connection:
    sock: socket.socket
    origin: str
    stage: Stage
    ends: float


class Connections:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[socket.socket, _Connection] = {}
        self._threads = 0

    def enter(self, sock: socket.socket, address: object, seconds: float) -> bool:
        """Let a connection in, at the cost of another one if need be; False where all of them are being answered.

        Whoever was let in leaves.
        """
        origin = origin_of(address) if isinstance(address, tuple) else ""
        with self._lock:
            if self._threads >= _MAX_THREADS or not self._make_room(origin):
                return False
            self._threads += 1
            self._known[sock] = _Connection(sock, origin, Stage.HANDSHAKE, time.monotonic() + seconds)
            return True

    def leave(self, sock: socket.socket) -> None:
        """Give the place back, when the thread of the connection ends."""
        with self._lock:
            self._threads -= 1
            self._known.pop(sock, None)

    def proceed(self, sock: socket.socket, stage: Stage, seconds: float) -> None:
        """Note how far a connection is, and how long it has for that."""
        with self._lock:
            known = self._known.pop(sock, None)
            if known is not None:
                # The order is that of waiting: who has just proceeded has waited least.
                known.stage, known.ends = stage, time.monotonic() + seconds
                self._known[sock] = known

    def cut_late_ones(self) -> None:
        """Cut connections whose time is over."""
        now = time.monotonic()
        with self._lock:
            for late in [known for known in self._known.values() if known.ends <= now]:
                self._cut(late)

    def _make_room(self, origin: str) -> bool:
        everybody = self._known.values()
        handshakes = [known for known in everybody if known.stage is Stage.HANDSHAKE]
        of_address = [known for known in handshakes if known.origin == origin]
        if len(of_address) >= MAX_HANDSHAKES_OF_ADDRESS:
            self._cut(of_address[0])
        elif len(handshakes) >= MAX_HANDSHAKES:
            self._cut_oldest(handshakes)
        elif len(everybody) >= MAX_CONNECTIONS:
            waiting = [known for known in everybody if known.stage is not Stage.ANSWERING]
            if not waiting:
                return False
            self._cut_oldest(waiting)
        return True

    def _cut_oldest(self, candidates: Iterable[_Connection]) -> None:
        self._cut(oldest_of_most(candidates, lambda known: known.origin))

    def _cut(self, known: _Connection) -> None:
        """End it below TLS, whose own way of ending may not be used from a second thread; its thread notices."""
        del self._known[known.sock]
        with contextlib.suppress(OSError):
            socket.socket.shutdown(known.sock, socket.SHUT_RDWR)
