"""A TCP connection that never waits: what is to be sent has a buffer, and the watcher sends it while nobody calls.

Nothing is taken from the socket that nobody asked for, so that the other end of a connection that is not read has to
wait. The bytes are those of the TLS protocol; nothing here looks into them.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from elastic_hal.runtime.waking import Changes

from ..bindings.elastic_hal import tls as wit
from .watching import READABLE, WRITABLE, Watcher

MOST_WAITING_OUTPUT: Final = 256 * 1024
LINGERING_SECONDS: Final = 5.0
_RECEIVED_AT_ONCE: Final = 128 * 1024
_DISCARDED_PER_EVENT: Final = 4


class Transport:
    """One connected socket. Its lock is held by whoever calls; `changes` ring when looking again is worth while."""

    def __init__(self, sock: socket.socket, watcher: Watcher, changes: Changes) -> None:
        self.lock = threading.RLock()
        self.changes = changes
        self.is_open = True
        self.is_broken = False
        self.peer_address = _peer_address(sock)
        self._socket = sock
        self._descriptor = sock.fileno()
        self._watcher = watcher
        self._outgoing = bytearray()
        self._interest = 0
        self._lingers_until: float | None = None
        self._ended = False
        self._attendant: Callable[[], object] | None = None
        self._closed: Callable[[], None] = lambda: None
        watcher.add(self._descriptor, self._happened)

    @property
    def waiting_output(self) -> int:
        """The number of bytes that the socket has not taken yet."""
        return len(self._outgoing)

    def receive(self) -> bytes | None:
        """Give what has arrived, nothing where nothing more comes, None where nothing is there now."""
        if not self.is_open:
            return b""
        try:
            return self._socket.recv(_RECEIVED_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            self.is_broken = True
            return b""

    def send(self, data: bytes = b"") -> None:
        """Send bytes after those that wait, now or when the socket takes them."""
        if not self.is_open or self.is_broken:
            return
        self._outgoing += data
        while self._outgoing:
            try:
                with memoryview(self._outgoing) as view:
                    sent = self._socket.send(view)
            except BlockingIOError:
                self.watch(WRITABLE)
                return
            except OSError:
                self.is_broken = True
                self._outgoing.clear()
                return
            del self._outgoing[:sent]

    def watch(self, events: int) -> None:
        """Let `changes` ring at one of these events, besides those asked for before."""
        if self.is_open:
            self._interest |= events
            self._watcher.arm(self._descriptor, self._interest)

    def attend(self, attendant: Callable[[], object] | None, until: float | None) -> None:
        """Have something done on the watcher's thread at each event, and at that moment; None has it no more."""
        with self.lock:
            if self.is_open:
                self._attendant = attendant
                self._watcher.set_deadline(self._descriptor, until)

    def close(self) -> None:
        """Close the socket at once; what was not sent is lost."""
        with self.lock:
            if not self.is_open:
                return
            self.is_open = False
            self._attendant = None
            self._outgoing.clear()
            self._watcher.remove(self._descriptor)
            self._socket.close()
        self.changes.announce()
        self._closed()

    def linger(self, closed: Callable[[], None]) -> None:
        """Close the socket when everything was sent and the other end has closed too, after 5 seconds at the latest.

        Until then what arrives is thrown away: a socket that is closed before makes the system reset the connection,
        and what is on its way to the other end would be lost.
        """
        with self.lock:
            self._closed, self._attendant = closed, None
            if not self.is_open:
                closed()
                return
            self._lingers_until = time.monotonic() + LINGERING_SECONDS
            self._watcher.set_deadline(self._descriptor, self._lingers_until)
            self._linger_on()

    def is_delivered(self) -> bool:
        """Tell whether a lingering connection can be closed without harm: the other end's system has everything."""
        with self.lock:
            return not self.is_open or (not self._outgoing and (self.is_broken or not self._unacknowledged()))

    def _unacknowledged(self) -> int:
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
            return int(struct.unpack("i", answer)[0])
        return 0

    def _happened(self) -> None:
        with self.lock:
            if not self.is_open:
                return
            self._interest = 0
            if self._lingers_until is not None:
                self._linger_on()
                return
            self.send()
            attendant = self._attendant
        if attendant is not None:
            # Without the lock: whoever attends has one of its own, and holds that when it takes this one.
            attendant()
        self.changes.announce()

    def _linger_on(self) -> None:
        until = self._lingers_until or 0.0
        self.send()
        if not self._outgoing and not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        if self.is_broken or time.monotonic() >= until or self._discard():
            self.close()
            return
        self.watch(READABLE)

    def _discard(self) -> bool:
        """Throw away what has arrived, and tell whether the other end has closed."""
        for _ in range(_DISCARDED_PER_EVENT):
            data = self.receive()
            if not data:
                return data is not None and not self._outgoing
        return False


def address_of(place: Any) -> wit.Address:
    """Spell an address of a socket as the contract does."""
    return wit.Address(host=str(place[0]).partition("%")[0], port=int(place[1]))


def _peer_address(sock: socket.socket) -> wit.Address:
    try:
        return address_of(sock.getpeername())
    except OSError:  # gone already, which the first use of the socket will tell
        return wit.Address(host="0.0.0.0", port=0)  # noqa: S104
