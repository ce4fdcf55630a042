"""A workload with the `tls` interface as its host provides it, and the waiting that a guest does."""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from tls_certificates import PASSWORD, Authority, Leaf

from elastic_hal.reference_impl.bindings.elastic_hal import poll, types
from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.polling import PollProvider
from elastic_hal.reference_impl.tls import TlsProvider, Watcher
from elastic_hal.reference_impl.tls.transport import MOST_WAITING_OUTPUT, Transport
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.network_grants import Destination, TlsGrant
from elastic_hal.runtime.policy import Grant

T = TypeVar("T")
LOOPBACK = ipaddress.ip_address("127.0.0.1")
ANYWHERE = wit.Address("127.0.0.1", 0)
TLS12, TLS13 = wit.TlsVersion.TLS12, wit.TlsVersion.TLS13
PATIENCE_SECONDS = 60
STEADY_LOOKS = 5


def transport_of(connection: wit.Connection) -> Transport:
    """What carries a connection, to reach the socket that only it has."""
    found: Transport = connection._session.transport  # type: ignore[attr-defined]
    return found


class Workload:
    """One run of a workload that may use the loopback, and a few names."""

    def __init__(self, watcher: Watcher | None = None, *, connect: tuple[Destination, ...] | None = None) -> None:
        self.control = Control()
        everywhere = (Destination(LOOPBACK, None), Destination("localhost", None), Destination("*.invalid", None))
        grant = Grant(tls=TlsGrant(everywhere if connect is None else connect, (Destination(LOOPBACK, None),)))
        self.watcher = watcher or Watcher()
        self.tls = TlsProvider(self.watcher, Identity("workload", "sha256:" + "0" * 64), grant, self.control)
        self.poll = PollProvider(self.control)

    def keys(self, leaf: Leaf) -> wit.KeyContext:
        return self.tls.KeyContext_load_pkcs12(leaf.pkcs12(), PASSWORD)

    def listen(
        self,
        leaf: Leaf,
        clients: wit.Trust | None = None,
        protocols: tuple[str, ...] = (),
        oldest: wit.TlsVersion = TLS12,
    ) -> wit.Listener:
        options = wit.ServerOptions(self.keys(leaf), clients, list(protocols), oldest)
        return self.tls.Listener_listen(ANYWHERE, options)

    def start(
        self,
        port: int,
        trust: wit.Trust,
        name: str | None = "server.test",
        leaf: Leaf | None = None,
        protocols: tuple[str, ...] = (),
        oldest: wit.TlsVersion = TLS12,
        host: str = "127.0.0.1",
    ) -> wit.ClientHandshake:
        keys = self.keys(leaf) if leaf is not None else None
        options = wit.ClientOptions(trust, name, keys, list(protocols), oldest)
        return self.tls.ClientHandshake_start(wit.Address(host, port), options)

    def when(self, subscribe: Callable[[], poll.Pollable], call: Callable[[], T]) -> T:
        """Call until it would not have to wait, waiting as a guest does. What is ready must not ask to wait again."""
        try:
            return call()
        except types.Error_WouldBlock:
            pollable = subscribe()
        self.wait(pollable)
        return call()

    def wait(self, *pollables: poll.Pollable) -> list[int]:
        timer = self.poll.subscribe_duration(PATIENCE_SECONDS * 1_000_000_000)
        ready = self.poll.poll([*pollables, timer])
        assert len(pollables) not in ready, "nothing happened for a minute"
        return ready

    def connect(self, port: int, trust: wit.Trust, **options: object) -> wit.Connection:
        handshake = self.start(port, trust, **options)  # type: ignore[arg-type]
        return self.when(handshake.subscribe, handshake.finish)

    def accept(self, listener: wit.Listener) -> wit.ServerHandshake:
        return self.when(listener.subscribe, listener.accept)

    def meet(
        self, client: wit.ClientHandshake, server: wit.ServerHandshake
    ) -> tuple[wit.Connection | types.Error, wit.Connection | types.Error]:
        """Let both ends of one handshake come to their answers."""
        answers: dict[int, wit.Connection | types.Error] = {}
        ends = (client, server)
        while len(answers) < len(ends):
            waiting = [number for number in range(len(ends)) if number not in answers]
            for position in self.wait(*(ends[number].subscribe() for number in waiting)):
                try:
                    answers[waiting[position]] = ends[waiting[position]].finish()
                except types.Error as error:
                    answers[waiting[position]] = error
        return answers[0], answers[1]

    def pair(
        self, listener: wit.Listener, trust: wit.Trust, **options: object
    ) -> tuple[wit.Connection | types.Error, wit.Connection | types.Error]:
        handshake = self.start(listener.local_address().port, trust, **options)  # type: ignore[arg-type]
        return self.meet(handshake, self.accept(listener))

    def connected(
        self, listener: wit.Listener, trust: wit.Trust, **options: object
    ) -> tuple[wit.Connection, wit.Connection]:
        client, server = self.pair(listener, trust, **options)
        assert isinstance(client, wit.Connection), client
        assert isinstance(server, wit.Connection), server
        return client, server

    def read(self, connection: wit.Connection, most: int = 1 << 20) -> bytes:
        return self.when(connection.subscribe_read, lambda: connection.read(most))

    def read_all(self, connection: wit.Connection) -> bytes:
        found = bytearray()
        with contextlib.suppress(types.Error_ConnectionClosed):
            while True:
                found += self.read(connection)
        return bytes(found)

    def read_exactly(self, connection: wit.Connection, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += self.read(connection, size - len(found))
        return found

    def fill(self, connection: wit.Connection) -> int:
        """Write until nothing is taken any more, and give how many bytes were."""
        taken = 0
        with contextlib.suppress(types.Error_WouldBlock):
            while True:
                taken += connection.write(bytes(1 << 20))
        return taken

    def fill_for_good(self, writing: wit.Connection, reading: wit.Connection) -> int:
        """Fill a connection of which nobody reads the other end, until the system takes no more either, now or later.

        What the system has taken in at one moment says little: it makes its buffers larger, and moves what is in them.
        They are made so small that they never hold all that the connection's own buffer holds besides.
        """
        transport = transport_of(writing)
        transport._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        transport_of(reading)._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        taken, steady = 0, 0
        while steady < STEADY_LOOKS:
            more = self.fill(writing)
            taken += more
            writable = select.select([], [transport._socket], [], 0)[1]
            steady = 0 if more or writable or transport.waiting_output < MOST_WAITING_OUTPUT else steady + 1
            time.sleep(0.01)
        return taken

    def write_all(self, connection: wit.Connection, data: bytes) -> None:
        left = memoryview(data)
        while left:
            piece = bytes(left[: 1 << 20])
            left = left[self.when(connection.subscribe_write, lambda piece=piece: connection.write(piece)) :]  # type: ignore[misc]


def roots(*authorities: Authority) -> wit.Trust:
    return wit.Trust_Roots([each.root_der for each in authorities])


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def workload() -> Iterator[Workload]:
    made = Workload()
    try:
        yield made
    finally:
        made.control.stop()
        made.control.end()
