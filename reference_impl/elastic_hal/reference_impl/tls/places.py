"""How many connections and listeners one workload may have, and what becomes of them when it drops them or ends."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import types
from ..strangers import oldest_of_most
from .bounds import MOST_CONNECTIONS, MOST_HELD_CERTIFICATE_BYTES, MOST_LISTENERS, MOST_UNUSED_SECONDS
from .transport import LINGERING_SECONDS, Transport

MOST_LINGERING_STRANGERS: Final = 64
"""Failed handshakes that still tell the client why."""
_LOOKING_SECONDS: Final = 0.01


class Holder(Protocol):
    """Whatever has a place: a handshake, a connection, a listener, a key with certificates."""

    def drop(self) -> None:
        """Give the place back, and what it stands for."""


@dataclass(slots=True)
class _Budget:
    """Connections of one kind, and what is left of those that were dropped."""

    held: dict[Holder, None] = field(default_factory=dict)
    lingering: list[Transport] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """True where there is no place."""
        return len(self.held) + len(self.lingering) >= MOST_CONNECTIONS


class Unused(Protocol):
    """A connection that a client made."""

    @property
    def origin(self) -> str:
        """Whom it counts for."""

    @property
    def unused_since(self) -> float | None:
        """Since when nobody has sent anything over it; None where somebody has."""

    def give_up(self) -> None:
        """Close it."""


class Places:
    """The sockets of one run of a workload. A connection that was dropped keeps its place until everything was sent;
    after that it makes room where another one needs it.

    Connections that the workload makes, and those that clients make, have places of their own, and handshakes with
    clients have none of either: nobody who connects can keep the workload from connecting.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._lock = threading.Lock()
        self._own = _Budget()
        self._clients = _Budget()
        self._strangers = _Budget()
        self._listeners: dict[Holder, None] = {}
        self._certificates: dict[Holder, int] = {}
        control.at_end(self._end)

    def take_connection(self, holder: Holder) -> None:
        """Give a place among the connections that the workload makes, or raise `limit-exceeded`."""
        self._make_room(self._own)
        with self._lock:
            if self._own.is_full:
                raise types.Error_LimitExceeded(f"the workload has {MOST_CONNECTIONS} connections")
            self._own.held[holder] = None

    def check_clients(self) -> None:
        """Raise `limit-exceeded` where clients have as many connections as they may."""
        self._make_room(self._clients)
        if self._clients.is_full:
            self._give_up_unused()
        if self._clients.is_full:
            raise types.Error_LimitExceeded(f"the workload has {MOST_CONNECTIONS} connections that clients made")

    def begin_with_client(self, holder: Holder) -> None:
        """Keep a handshake with a client until it has its answer; it has no place yet."""
        with self._lock:
            self._strangers.held[holder] = None

    def hand_on(self, holder: Holder, successor: Holder) -> None:
        """Let another one have the place, or, after a handshake with a client, a place of its own."""
        with self._lock:
            budget = self._own if holder in self._own.held else self._clients
            self._pop(holder)
            budget.held[successor] = None

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
            self._pop(holder)
            self._listeners.pop(holder, None)
            self._certificates.pop(holder, None)

    def linger(self, holder: Holder, transport: Transport) -> None:
        """Let a dropped connection send the rest in the background."""
        with self._lock:
            budget = self._pop(holder)
            budget.lingering.append(transport)
            surplus = self._strangers.lingering[:-MOST_LINGERING_STRANGERS]
        transport.linger(lambda: self._forget(budget, transport))
        for each in surplus:
            each.close()

    def _pop(self, holder: Holder) -> _Budget:
        """Take a connection out, and give the budget that it was in; nobody's is that of strangers."""
        for budget in (self._own, self._clients, self._strangers):
            if holder in budget.held:
                del budget.held[holder]
                return budget
        return self._strangers

    def _forget(self, budget: _Budget, transport: Transport) -> None:
        with self._lock:
            if transport in budget.lingering:
                budget.lingering.remove(transport)

    def _make_room(self, budget: _Budget) -> None:
        with self._lock:
            lingering = list(budget.lingering) if budget.is_full else []
        _close_one(lingering)

    def _give_up_unused(self) -> None:
        """Close a connection that a client made and nobody used, if there is one: the client may well be silent for
        ever, and the workload wait for it.
        """
        latest = time.monotonic() - MOST_UNUSED_SECONDS
        with self._lock:
            clients = [cast(Unused, holder) for holder in self._clients.held]
        unused = [client for client in clients if (since := client.unused_since) is not None and since <= latest]
        if unused:
            oldest_of_most(unused, lambda client: client.origin).give_up()

    def _end(self) -> None:
        """Drop what the workload left, wait until what was written is with the other ends, and close everything. For a
        workload that was stopped nothing is waited for.
        """
        budgets = (self._own, self._clients, self._strangers)
        with self._lock:
            left = [*self._listeners, *(holder for budget in budgets for holder in budget.held)]
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
            budgets = (self._own, self._clients, self._strangers)
            return [transport for budget in budgets for transport in budget.lingering]


def _close_one(lingering: list[Transport]) -> None:
    """Close a connection that has nothing to send any more, rather one whose other end has it all already.

    The lock of the places is not held: a transport's own is held by whoever tells that it is closed.
    """
    finished = [transport for transport in lingering if not transport.waiting_output]
    chosen = next((transport for transport in finished if transport.is_delivered()), next(iter(finished), None))
    if chosen is not None:
        chosen.close()
