"""Connections that are not there yet (SOC-3, SOC-4): the way of a client and of a server to one.

A handshake goes on when its guest looks, on the guest's thread, and while nobody looks on the watcher's: it depends on
nobody's patience. All of it ends after 30 seconds, for a server after 10.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.network_grants import IpAddress
from elastic_hal.runtime.waking import Changes

from ..bindings.elastic_hal import types
from .bounds import MOST_HANDSHAKE_SECONDS, MOST_SERVER_HANDSHAKE_SECONDS
from .connecting import Connecting
from .connection import Connection, establish
from .contexts import Context, NoCommonProtocolError
from .lookups import Lookup, Lookups
from .places import Places
from .session import Session
from .transport import Transport
from .watching import Watcher

_log = logging.getLogger(__name__)


class Handshake:
    """What both ends have in common: the steps on a connected socket, the bound in time, and the one answer."""

    def __init__(
        self,
        context: Context,
        watcher: Watcher,
        places: Places,
        control: Control,
        decided: Callable[[Handshake], None] = lambda _handshake: None,
    ) -> None:
        """`decided` is told once that there is an answer, or that it was given up."""
        self.changes = Changes()
        self._context = context
        self._watcher = watcher
        self._places = places
        self._control = control
        self.began = time.monotonic()
        self._until = self.began + self._seconds()
        self._decided = decided
        self._session: Session | None = None
        self._answer: Connection | types.Error | None = None
        self._is_over = False
        self._lock = threading.RLock()
        self._take_place()

    def _seconds(self) -> float:
        return MOST_SERVER_HANDSHAKE_SECONDS

    def _take_place(self) -> None:
        self._places.begin_with_client(self)

    def cut(self) -> None:
        """End it now, unless its next step is the last one: another client waits for the place."""
        with self._lock:
            self._until = self.began
            self.look()

    def take(self) -> Connection:
        """Give the answer once."""
        with self._lock:
            if self._is_over:
                raise types.Error_InvalidState("the handshake is over")
            if not self.look():
                raise types.Error_WouldBlock
            answer = self._answer
            self._is_over, self._answer = True, None
            if isinstance(answer, Connection):
                answer.take_back = self._take_back
                return answer
            raise answer or types.Error_InvalidState("the handshake is over")

    def look(self) -> bool:
        """Go on, and tell whether there is an answer."""
        with self._lock:
            if self._is_over or self._answer is not None:
                return True
            try:
                self._answer = self._step() or self._out_of_time()
            except types.Error as error:
                self._answer = error
                self._give_up(says_why=True)
            except Exception:
                _log.exception("a handshake failed for a reason of the host's own")
                self._answer = types.Error_Internal("the host failed in the handshake; its log has the details")
                self._give_up()
            return self._answer is not None

    def _out_of_time(self) -> types.Error | None:
        if time.monotonic() < self._until:
            return None
        self._give_up()
        return types.Error_TimedOut()

    def _take_back(self, connection: Connection) -> None:
        with self._lock:
            self._is_over, self._answer = False, connection

    def seconds_left(self) -> float:
        """Tell when looking again is worth while at the latest."""
        return max(0.0, self._until - time.monotonic())

    def drop(self) -> None:
        """Give it up, with a connection that nobody took."""
        with self._lock:
            if isinstance(self._answer, Connection):
                self._answer.drop()
            elif not self._is_over and self._answer is None:
                self._give_up()
            self._is_over, self._answer = True, None

    def begin(self, sock: socket.socket, name: str | IpAddress | None = None, *, server: bool = False) -> None:
        """Prepare to agree on keys over a connected socket; as a client, with the name to tell the server."""
        with contextlib.suppress(OSError):  # gone already, which the first step will tell
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            try:
                transport = Transport(sock, self._watcher, self.changes)
            except BaseException:
                sock.close()
                raise
            self._session = Session(transport, self._context)
            if server:
                self._session.tls.set_accept_state()
            else:
                self._session.tls.set_connect_state()
                if isinstance(name, str):
                    self._session.tls.set_tlsext_host_name(name.encode())
            transport.attend(self.look, self._until)

    def _step(self) -> Connection | None:
        if self._session is None:
            return None
        try:
            if not self._session.shake_hands():
                return None
        except NoCommonProtocolError as error:
            self._session.send_alert()
            raise types.Error_Peer(f"no TLS connection comes about: {error}") from None
        self._session.transport.attend(None, None)
        connection = establish(self._session, self._places, self._control)
        self._places.hand_on(self, connection)
        self._session = None
        self._decided(self)
        return connection

    def _give_up(self, *, says_why: bool = False) -> None:
        """Close the socket; not before the other end has the alert that says why, where there is one."""
        if self._session is not None and says_why:
            self._places.linger(self, self._session.transport)
        elif self._session is not None:
            self._session.transport.close()
        self._session = None
        self._places.give_back(self)
        self._decided(self)
        self.changes.announce()


class ClientSide(Handshake):
    """A client's way: a name is looked up, a connection made, keys agreed upon."""

    def __init__(
        self,
        context: Context,
        name: str | IpAddress,
        watcher: Watcher,
        places: Places,
        control: Control,
    ) -> None:
        super().__init__(context, watcher, places, control)
        self._lookup: Lookup | None = None
        self._forget: Callable[[Lookup], None] | None = None
        self._name = name
        self._connecting: Connecting | None = None

    def _seconds(self) -> float:
        return MOST_HANDSHAKE_SECONDS

    def _take_place(self) -> None:
        self._places.take_connection(self)

    def look_up(self, lookups: Lookups, host: str | IpAddress, port: int) -> None:
        """Take the first step."""
        with self._lock:
            try:
                self._lookup = lookups.start(host, port, self._go_on)
            except RuntimeError:
                self.drop()
                raise types.Error_Internal("the host has no thread left to look names up") from None
            self._forget = lookups.give_up
            self.look()

    def _go_on(self) -> None:
        """Go on until the connection is made, also while nobody looks: what it takes is little."""
        self.look()
        self.changes.announce()

    def seconds_left(self) -> float:
        """Tell when the next address has its turn, or the time is over."""
        next_address = self._connecting.seconds_left() if self._connecting is not None else None
        whole = super().seconds_left()
        return whole if next_address is None else min(whole, next_address)

    def _step(self) -> Connection | None:
        if self._session is None and not self._is_connected():
            return None
        return super()._step()

    def _is_connected(self) -> bool:
        if self._connecting is None:
            addresses = self._lookup.addresses if self._lookup is not None else None
            if addresses is None:
                return False
            if not addresses:
                raise types.Error_NotFound("there is no address of that name")
            self._connecting = Connecting(addresses, self._watcher, self._go_on)
        sock = self._connecting.advance()
        if sock is None:
            return False
        self.begin(sock, self._name)
        return True

    def _give_up(self, *, says_why: bool = False) -> None:
        if self._lookup is not None and self._forget is not None:
            self._forget(self._lookup)
        if self._connecting is not None:
            self._connecting.close()
        super()._give_up(says_why=says_why)
