"""A place where clients connect (SOC-4). Clients wait in the system's own queue until they are accepted."""

from __future__ import annotations

import errno
import ipaddress
import logging
import select
import socket

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.network_grants import IpAddress
from elastic_hal.runtime.waking import Changes

from ..bindings.elastic_hal import poll, types
from ..bindings.elastic_hal import tls as wit
from ..bounded_log import BoundedLog
from ..polling import Pollable
from .bounds import MOST_WAITING_CLIENTS
from .connecting import new_socket
from .contexts import Context
from .handshakes import Handshake, ServerHandshake
from .places import Places
from .transport import address_of
from .watching import READABLE, Watcher

_log = logging.getLogger(__name__)


class Listener(wit.Listener):
    """One listening socket, with the context of all connections that come from it."""

    def __init__(
        self, sock: socket.socket, context: Context, watcher: Watcher, places: Places, control: Control
    ) -> None:
        try:
            places.take_listener(self)
        except BaseException:
            sock.close()
            raise
        self._socket = sock
        self._context = context
        self._watcher = watcher
        self._places = places
        self._control = control
        self._changes = Changes()
        self._address = address_of(sock.getsockname())
        self._is_open = True
        self._returned: list[Handshake] = []
        self._troubles = BoundedLog(_log)
        try:
            watcher.add(sock.fileno(), self._changes.announce)
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
        if not self._can_accept():
            raise types.Error_WouldBlock
        handshake = self._returned.pop() if self._returned else self._begin()
        return ServerHandshake(handshake, self._control, lambda: self._take_back(handshake))

    def subscribe(self) -> poll.Pollable:
        """Make a pollable for the next client."""
        return Pollable(self._control, self._look, self._changes)

    def drop(self) -> None:
        """Close it."""
        if self._is_open:
            self._is_open = False
            self._watcher.remove(self._socket.fileno())
            self._socket.close()
            for handshake in self._returned:
                handshake.drop()
            self._places.give_back(self)
            self._changes.announce()

    def _accepted(self) -> socket.socket:
        try:
            sock, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            raise types.Error_WouldBlock from None
        except OSError as error:
            self._troubles.write("no client can be accepted: %s", error.strerror)
            raise types.Error_Internal("the host cannot accept a client") from None
        sock.setblocking(False)
        return sock

    def _look(self) -> bool:
        if not self._is_open or self._can_accept():
            return True
        self._watcher.arm(self._socket.fileno(), READABLE)
        return False

    def _begin(self) -> Handshake:
        handshake = Handshake(self._context, self._watcher, self._places, self._control)
        try:
            handshake.begin(self._accepted(), server=True)
        except BaseException:
            handshake.drop()
            raise
        handshake.look()
        return handshake

    def _take_back(self, handshake: Handshake) -> None:
        if self._is_open:
            self._returned.append(handshake)
        else:
            handshake.drop()

    def _can_accept(self) -> bool:
        if self._returned:
            return True
        queue = select.poll()
        queue.register(self._socket, select.POLLIN)
        return bool(queue.poll(0))


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
