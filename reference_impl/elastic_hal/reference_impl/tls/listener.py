"""A place where clients connect (SOC-4). Whoever has something to say waits there until the guest accepts it."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import threading
import time
from collections import Counter
from typing import Final

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.network_grants import IpAddress
from elastic_hal.runtime.waking import Changes

from ..bindings.elastic_hal import poll, types
from ..bindings.elastic_hal import tls as wit
from ..bounded_log import BoundedLog
from ..polling import Pollable
from ..strangers import oldest_of_most
from .arrivals import Arrival, Arrivals
from .bounds import GRACE_SECONDS, MOST_HANDSHAKES, MOST_HANDSHAKES_OF_ADDRESS, MOST_WAITING_CLIENTS
from .connecting import new_socket
from .contexts import Context
from .handshake_resources import ServerHandshake
from .handshakes import Handshake
from .places import Places
from .transport import address_of
from .watching import Watcher

_AGAIN_SECONDS: Final = 0.02
_log = logging.getLogger(__name__)


class Listener(wit.Listener):
    """One listening socket, with the context of all connections that come from it.

    Handshakes have a budget of their own, for all clients and for each address. Where it is used up and others wait,
    the oldest handshake of the address that has the most ends, once it has had its time.
    """

    def __init__(
        self, sock: socket.socket, context: Context, watcher: Watcher, places: Places, control: Control
    ) -> None:
        try:
            places.take_listener(self)
        except BaseException:
            sock.close()
            raise
        self._context = context
        self._watcher = watcher
        self._places = places
        self._control = control
        self._changes = Changes()
        self._address = address_of(sock.getsockname())
        self._is_open = True
        self._returned: list[Handshake] = []
        self._under_way: dict[Handshake, str] = {}
        self._under_way_lock = threading.Lock()
        self._troubles = BoundedLog(_log)
        try:
            self._arrivals = Arrivals(sock, watcher, self._changed)
        except OSError as error:
            self._is_open = False
            sock.close()
            places.give_back(self)
            _log.error("nothing can listen: %s", error.strerror)
            raise types.Error_Internal("the host has no descriptor left") from None

    def local_address(self) -> wit.Address:
        """Tell where it listens."""
        return self._address

    def accept(self) -> wit.ServerHandshake:
        """Accept the next client."""
        handshake = self._returned.pop() if self._returned else self._begin()
        return ServerHandshake(handshake, self._control, lambda: self._take_back(handshake))

    def subscribe(self) -> poll.Pollable:
        """Make a pollable for the next client."""
        return Pollable(self._control, self._look, self._changes)

    def drop(self) -> None:
        """Close it."""
        if self._is_open:
            self._is_open = False
            self._arrivals.close()
            for handshake in self._returned:
                handshake.drop()
            self._places.give_back(self)
            self._changes.announce()

    def _look(self) -> bool:
        if not self._is_open or self._returned or self._arrivals.trouble is not None:
            return True
        return self._next() is not None

    def _next(self) -> Arrival | None:
        """Choose the client that has its turn: the first of an address that has the fewest handshakes under way."""
        ready = self._arrivals.ready()
        with self._under_way_lock:
            counted = Counter(self._under_way.values())
            is_full = len(self._under_way) >= MOST_HANDSHAKES
        allowed = [] if is_full else [each for each in ready if counted[each.origin] < MOST_HANDSHAKES_OF_ADDRESS]
        return min(allowed, key=lambda arrival: counted[arrival.origin], default=None)

    def _begin(self) -> Handshake:
        client = self._next()
        if client is None:
            self._tell_trouble()
            raise types.Error_WouldBlock
        self._places.check_clients()
        handshake = Handshake(self._context, self._watcher, self._places, self._control, self._decided)
        with self._under_way_lock:
            self._under_way[handshake] = client.origin
        try:
            handshake.begin(self._arrivals.take(client), server=True)
        except BaseException:
            handshake.drop()
            raise
        handshake.look()
        return handshake

    def _tell_trouble(self) -> None:
        trouble = self._arrivals.trouble
        if trouble is not None:
            self._troubles.write("no client can be accepted: %s", trouble.strerror)
            raise types.Error_Internal("the host cannot accept a client")

    def _decided(self, handshake: Handshake) -> None:
        """Note that a handshake is over. Whoever calls holds its lock, so that no other handshake is touched here."""
        with self._under_way_lock:
            if self._under_way.pop(handshake, None) is None:
                return
        self._watcher.strangers.give_back()
        self._changes.announce()

    def _changed(self) -> None:
        """See whether clients wait for handshakes that do not end. It is the watcher that calls, without a lock."""
        ready = self._arrivals.ready()
        if ready and self._next() is None:
            self._relieve()
        self._changes.announce()

    def _relieve(self) -> None:
        with self._under_way_lock:
            oldest = oldest_of_most(self._under_way, self._under_way.__getitem__) if self._under_way else None
        if oldest is None:
            return
        if time.monotonic() >= oldest.began + GRACE_SECONDS:
            oldest.cut()
        # Until nobody waits any more, one after the other.
        self._arrivals.remind(max(oldest.began + GRACE_SECONDS, time.monotonic() + _AGAIN_SECONDS))

    def _take_back(self, handshake: Handshake) -> None:
        if self._is_open:
            self._returned.append(handshake)
        else:
            handshake.drop()


def listening_socket(host: IpAddress, port: int) -> socket.socket:
    """Make a socket that listens, or raise what the contract says where that cannot be."""
    is_v6 = isinstance(host, ipaddress.IPv6Address)
    sock = new_socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((str(host), port))
        sock.listen(MOST_WAITING_CLIENTS)
    except OSError as error:
        sock.close()
        raise _refusal(error) from None
    return sock


def _refusal(error: OSError) -> types.Error:
    match error.errno:
        case errno.EADDRINUSE:
            return types.Error_AlreadyExists("local: the port is taken")
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT | errno.EINVAL:
            return types.Error_NotFound("local: the address is none of the host's")
        case errno.EACCES | errno.EPERM:
            return types.Error_AccessDenied("the host's system does not let it listen at that port")
    _log.error("nothing can listen: %s", error.strerror)
    return types.Error_Internal("the host cannot listen there")
