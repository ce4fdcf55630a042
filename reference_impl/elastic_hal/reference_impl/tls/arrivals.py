"""Clients that have connected to a listener and say nothing yet, or not enough. They are strangers, and cost little.

The host takes them out of the system's queue while its guest does something else, and keeps them to itself until their
first message is there as a whole, or is none of TLS, or they are gone: then there is something to do, and the guest can
accept them. Who is silent for longer than `MOST_SILENT_SECONDS` is cut off. Where there are too many, the oldest silent
one of the address that has the most makes room for the next, so that no number of them locks anybody out.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..strangers import oldest_of_most, origin_of
from .bounds import MOST_SILENT_SECONDS, MOST_WAITING_CLIENTS
from .watching import READABLE, Watcher

_RECORD_HEAD: Final = 5
_HANDSHAKE: Final = 0x16
_MOST_RECORD: Final = 16 * 1024 + 2048
_MOST_AT_ONCE: Final = 64
"""Clients taken in one go: other sockets have their turn between two."""
_TRY_AGAIN_SECONDS: Final = 0.1


@dataclass(eq=False, slots=True)
class Arrival:
    """A client. `origin` is whom it counts for: its address, for IPv6 the network of 64 bits that one peer may have."""

    sock: socket.socket
    origin: str
    since: float = field(default_factory=time.monotonic)
    is_ready: bool = False


class Arrivals:
    """The clients of one listener. Its lock may be held by whoever calls; `changed` is called without it."""

    def __init__(self, sock: socket.socket, watcher: Watcher, changed: Callable[[], None]) -> None:
        """Begin to take clients from a listening socket. Raises `OSError` where it cannot be watched."""
        self.lock = threading.RLock()
        self.trouble: OSError | None = None
        self._listening = sock
        self._watcher = watcher
        self._strangers = watcher.strangers
        self._changed = changed
        self._clients: dict[Arrival, None] = {}
        self._is_open = True
        watcher.add(sock.fileno(), self._happened)
        watcher.arm(sock.fileno(), READABLE)

    def ready(self) -> list[Arrival]:
        """Give those that can be accepted, in the order in which they came."""
        with self.lock:
            return [client for client in self._clients if client.is_ready]

    def take(self, client: Arrival) -> socket.socket:
        """Hand one on, whose place among the strangers is the caller's to give back."""
        with self.lock:
            del self._clients[client]
            self._watcher.remove(client.sock.fileno())
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            self._watcher.arm(self._listening.fileno(), READABLE)
            return client.sock

    def remind(self, moment: float) -> None:
        """Call `changed` at that moment."""
        with self.lock:
            if self._is_open:
                self._watcher.set_deadline(self._listening.fileno(), moment)

    def close(self) -> None:
        """Close the listening socket, and send all clients away."""
        with self.lock:
            self._is_open = False
            self._watcher.remove(self._listening.fileno())
            self._listening.close()
            for client in list(self._clients):
                self._send_away(client)

    def _happened(self) -> None:
        with self.lock:
            if not self._is_open:
                return
            for _ in range(_MOST_AT_ONCE):
                if not self._accept():
                    break
            else:
                self._watcher.arm(self._listening.fileno(), READABLE)
        self._changed()

    def _accept(self) -> bool:
        """Take one client from the system's queue, and tell whether there may be more."""
        if not _waits(self._listening):
            self._watcher.arm(self._listening.fileno(), READABLE)
            return False
        if not self._has_room():
            return False  # until one is taken, or is cut off
        try:
            sock, address = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            self._strangers.give_back()
            return True
        except OSError as error:
            self._failed(error)
            return False
        self.trouble = None
        sock.setblocking(False)
        client = Arrival(sock, origin_of(address))
        try:
            self._watcher.add(sock.fileno(), lambda: self._spoke(client))
        except OSError as error:
            sock.close()
            self._failed(error)
            return False
        self._clients[client] = None
        self._watcher.set_deadline(sock.fileno(), client.since + MOST_SILENT_SECONDS)
        self._look(client)
        return True

    def _failed(self, error: OSError) -> None:
        """Note why no client can be taken, and try again later: the host may have descriptors then."""
        self._strangers.give_back()
        self.trouble = error
        self._watcher.set_deadline(self._listening.fileno(), time.monotonic() + _TRY_AGAIN_SECONDS)

    def _has_room(self) -> bool:
        """Take a place for one more, at the cost of the oldest silent one where there is no other."""
        for _ in range(2):
            own = len(self._clients)
            if own < MOST_WAITING_CLIENTS and self._strangers.take(own):
                return True
            silent = [client for client in self._clients if not client.is_ready]
            if not silent:
                break
            self._send_away(oldest_of_most(silent, lambda client: client.origin))
        return False

    def _spoke(self, client: Arrival) -> None:
        """See what a client has said, or that its time is over."""
        with self.lock:
            if client not in self._clients or client.is_ready:
                return
            if not self._look(client):
                if time.monotonic() >= client.since + MOST_SILENT_SECONDS:
                    self._send_away(client)
                    self._watcher.arm(self._listening.fileno(), READABLE)
                return
        self._changed()

    def _look(self, client: Arrival) -> bool:
        """Tell whether a client can be accepted; else wait until it has said what is missing, and not a byte sooner."""
        missing = _missing(client.sock)
        if missing:
            with contextlib.suppress(OSError):
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, missing)
            self._watcher.arm(client.sock.fileno(), READABLE)
            return False
        client.is_ready = True
        self._watcher.set_deadline(client.sock.fileno(), None)
        return True

    def _send_away(self, client: Arrival) -> None:
        self._clients.pop(client, None)
        self._watcher.remove(client.sock.fileno())
        self._strangers.give_back()
        client.sock.close()


def _missing(sock: socket.socket) -> int:
    """Tell how many bytes there must be before it is worth while to look again; 0 where a handshake can begin."""
    try:
        head = sock.recv(_RECORD_HEAD, socket.MSG_PEEK)
        if not head or head[0] != _HANDSHAKE:
            return 0
        if len(head) < _RECORD_HEAD:
            return 0 if _has_ended(sock) else _RECORD_HEAD
        whole = _RECORD_HEAD + int.from_bytes(head[3:], "big")
        is_there = whole > _MOST_RECORD or len(sock.recv(whole, socket.MSG_PEEK)) == whole or _has_ended(sock)
    except BlockingIOError:
        return 1
    except OSError:
        return 0
    return 0 if is_there else whole


def _has_ended(sock: socket.socket) -> bool:
    """Tell whether nothing more comes."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def _waits(listening: socket.socket) -> bool:
    poll = select.poll()
    poll.register(listening, select.POLLIN)
    return bool(poll.poll(0))
