"""How many connections and listeners one workload may have, and what becomes of them when it drops them or ends."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import types
from .bounds import MOST_CONNECTIONS, MOST_HELD_CERTIFICATE_BYTES, MOST_LISTENERS
from .transport import LINGERING_SECONDS, Transport

_LOOKING_SECONDS: Final = 0.01


class Holder(Protocol):
    """Whatever has a place: a handshake, a connection, a listener, a key with certificates."""

    def drop(self) -> None:
        """Give the place back, and what it stands for."""


class Places:
    """The sockets of one run of a workload. A connection that was dropped keeps its place until everything was sent;
    after that it makes room where another one needs it.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._lock = threading.Lock()
        self._connections: dict[Holder, None] = {}
        self._listeners: dict[Holder, None] = {}
        self._certificates: dict[Holder, int] = {}
        self._lingering: list[Transport] = []
        control.at_end(self._end)

    def take_connection(self, holder: Holder) -> None:
        """Give a place among the connections, or raise `limit-exceeded`."""
        lingering = self._all_lingering()
        if len(self._connections) + len(lingering) >= MOST_CONNECTIONS:
            _close_one(lingering)
        with self._lock:
            if len(self._connections) + len(self._lingering) >= MOST_CONNECTIONS:
                raise types.Error_LimitExceeded(f"the workload has {MOST_CONNECTIONS} connections")
            self._connections[holder] = None

    def hand_on(self, holder: Holder, successor: Holder) -> None:
        """Let another one have the place."""
        with self._lock:
            self._connections.pop(holder, None)
            self._connections[successor] = None

    def take_listener(self, holder: Holder) -> None:
        """Give a place among the listeners, or raise `limit-exceeded`."""
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                raise types.Error_LimitExceeded(f"the workload has {MOST_LISTENERS} listeners")
            self._listeners[holder] = None

    def take_certificates(self, holder: Holder, size: int) -> None:
        """Give room for certificates of that many bytes, or raise `limit-exceeded`."""
        with self._lock:
            if sum(self._certificates.values()) + size > MOST_HELD_CERTIFICATE_BYTES:
                raise types.Error_LimitExceeded(
                    f"the workload's key contexts have {MOST_HELD_CERTIFICATE_BYTES} bytes of certificates at most"
                )
            self._certificates[holder] = size

    def give_back(self, holder: Holder) -> None:
        """Take the place back."""
        with self._lock:
            self._connections.pop(holder, None)
            self._listeners.pop(holder, None)
            self._certificates.pop(holder, None)

    def linger(self, holder: Holder, transport: Transport) -> None:
        """Let a dropped connection send the rest in the background."""
        with self._lock:
            self._lingering.append(transport)
            self._connections.pop(holder, None)
        transport.linger(lambda: self._forget(transport))

    def _forget(self, transport: Transport) -> None:
        with self._lock:
            if transport in self._lingering:
                self._lingering.remove(transport)

    def _end(self) -> None:
        """Drop what the workload left, wait until what was written is with the other ends, and close everything. For a
        workload that was stopped nothing is waited for.
        """
        with self._lock:
            left = [*self._listeners, *self._connections]
        for holder in left:
            holder.drop()
        until = time.monotonic() + LINGERING_SECONDS
        while not self._control.stopping and time.monotonic() < until:
            if all(transport.is_delivered() for transport in self._all_lingering()):
                break
            time.sleep(_LOOKING_SECONDS)
        for transport in self._all_lingering():
            transport.close()

    def _all_lingering(self) -> list[Transport]:
        with self._lock:
            return list(self._lingering)


def _close_one(lingering: list[Transport]) -> None:
    """Close a connection that has nothing to send any more, rather one whose other end has it all already.

    The lock of the places is not held: a transport's own is held by whoever tells that it is closed.
    """
    finished = [transport for transport in lingering if not transport.waiting_output]
    chosen = next((transport for transport in finished if transport.is_delivered()), next(iter(finished), None))
    if chosen is not None:
        chosen.close()
