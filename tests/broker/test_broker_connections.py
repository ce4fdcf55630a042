"""Clients of the broker that are silent or slow, in numbers: they lock nobody out."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from broker_site import MEASURED, NAME, SECRET, demands, write_policy, write_tls

from elastic_hal.reference_impl.broker import Broker, BrokerClient, BrokerServer, LivePolicy, Store, server_context
from elastic_hal.reference_impl.broker import connections as rules
from elastic_hal.reference_impl.broker.connections import Connections, Stage
from elastic_hal.reference_impl.broker.nonces import Nonces
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform

REQUEST = b"POST /v1/release HTTP/1.1\r\nHost: broker\r\nContent-Length: 100\r\n"


@pytest.fixture
def port(tmp_path: Path, platform: SimulatedPlatform) -> Iterator[int]:
    """A broker with the times that operators have."""
    from cryptography.hazmat.primitives.serialization import Encoding

    write_tls(tmp_path)
    (tmp_path / "root.pem").write_bytes(platform.root_certificate.public_bytes(Encoding.PEM))
    store = Store.open(tmp_path / "store", create=True)
    store.add_secret(NAME, SECRET, {"event": "added"})
    broker = Broker(store, LivePolicy(write_policy(tmp_path, demands())), Nonces())
    with BrokerServer(("127.0.0.1", 0), broker, server_context(tmp_path / "tls.pem", tmp_path / "tls.key")) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.port
        server.shutdown()
        thread.join()
    store.close()


def plain(said: bytes) -> Callable[[socket.socket, ssl.SSLContext], socket.socket]:
    def begin(raw: socket.socket, context: ssl.SSLContext) -> socket.socket:
        del context
        raw.sendall(said)
        return raw

    return begin


def after_handshake(said: bytes) -> Callable[[socket.socket, ssl.SSLContext], socket.socket]:
    def begin(raw: socket.socket, context: ssl.SSLContext) -> socket.socket:
        secured = context.wrap_socket(raw, server_hostname="127.0.0.1")
        secured.sendall(said)
        return secured

    return begin


BEGINNINGS = {
    "nothing": plain(b""),
    "one byte": plain(b"\x16"),
    "the head of a record": plain(b"\x16\x03\x01\x02\x00"),
    "a handshake and nothing": after_handshake(b""),
    "a handshake and a byte": after_handshake(b"P"),
    "a handshake and half of a head": after_handshake(REQUEST),
    "a handshake and half of a body": after_handshake(REQUEST + b"\r\n" + bytes(50)),
}


@contextmanager
def dawdling(
    port: int, folder: Path, count: int, begin: Callable[[socket.socket, ssl.SSLContext], socket.socket]
) -> Iterator[list[socket.socket]]:
    context = ssl.create_default_context(cafile=str(folder / "tls.pem"))
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for number in range(count):
            raw = stack.enter_context(socket.socket())
            raw.settimeout(60)
            raw.bind((f"127.0.0.{2 + number % 4}", 0))
            raw.connect(("127.0.0.1", port))
            made.append(stack.enter_context(begin(raw, context)))
        yield made


@pytest.mark.parametrize("begin", BEGINNINGS.values(), ids=BEGINNINGS)
def test_clients_that_dawdle_lock_nobody_out(
    port: int,
    tmp_path: Path,
    platform: SimulatedPlatform,
    begin: Callable[[socket.socket, ssl.SSLContext], socket.socket],
) -> None:
    with dawdling(port, tmp_path, rules.MAX_CONNECTIONS + 20, begin):
        # Sooner than any of them runs out of its time.
        client = BrokerClient(f"https://127.0.0.1:{port}", roots=tmp_path / "tls.pem", timeout=4.0)
        for _ in range(3):
            assert client.fetch(NAME, platform, MEASURED) == SECRET


class _Sockets:
    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> _Sockets:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def pair(self) -> tuple[socket.socket, socket.socket]:
        here, there = socket.socketpair()
        self._stack.enter_context(here)
        self._stack.enter_context(there)
        there.setblocking(False)
        return here, there


def is_cut(there: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        return there.recv(1) == b""
    return False


def test_handshakes_have_a_budget_for_all_and_for_each_address() -> None:
    known = Connections()
    with _Sockets() as sockets:
        theirs = []
        for number in range(rules.MAX_HANDSHAKES_OF_ADDRESS + 2):
            here, there = sockets.pair()
            assert known.enter(here, ("192.0.2.1", number), 60)
            theirs.append(there)
        assert [is_cut(there) for there in theirs] == [True] * 2 + [False] * rules.MAX_HANDSHAKES_OF_ADDRESS
        others = []
        for number in range(rules.MAX_HANDSHAKES):
            here, there = sockets.pair()
            assert known.enter(here, (f"198.51.100.{number}", number), 60)
            others.append(there)
        assert not any(is_cut(there) for there in others[-1:])
        assert sum(is_cut(there) for there in theirs) >= rules.MAX_HANDSHAKES_OF_ADDRESS


def test_who_is_being_answered_is_never_cut_and_who_waits_longest_goes_first() -> None:
    known = Connections()
    with _Sockets() as sockets:
        ends = []
        for number in range(rules.MAX_CONNECTIONS):
            here, there = sockets.pair()
            assert known.enter(here, (f"192.0.{number}.1", 1), 60)
            known.proceed(here, Stage.ANSWERING, 60)
            ends.append((here, there))
        late, _ = sockets.pair()
        assert not known.enter(late, ("192.0.2.1", 1), 60)
        known.proceed(ends[7][0], Stage.WAITING, 60)
        known.proceed(ends[3][0], Stage.WAITING, 60)
        for expected in (7, 3):
            here, _ = sockets.pair()
            assert known.enter(here, ("192.0.2.1", 1), 60)
            known.proceed(here, Stage.ANSWERING, 60)
            assert is_cut(ends[expected][1])
        assert sum(is_cut(there) for _, there in ends) == 2


def test_what_is_late_is_cut_whatever_it_does() -> None:
    known = Connections()
    with _Sockets() as sockets:
        for stage in Stage:
            here, there = sockets.pair()
            assert known.enter(here, ("192.0.2.1", 1), 60)
            known.proceed(here, stage, -1)
            known.cut_late_ones()
            assert is_cut(there)
            known.leave(here)
        assert not known._known
        assert not known._threads


def test_many_are_served_while_many_dawdle(port: int, tmp_path: Path, platform: SimulatedPlatform) -> None:
    with dawdling(port, tmp_path, rules.MAX_CONNECTIONS, plain(b"")), ThreadPoolExecutor(8) as pool:

        def fetch(_: int) -> bytes:
            return BrokerClient(f"https://127.0.0.1:{port}", roots=tmp_path / "tls.pem").fetch(NAME, platform, MEASURED)

        assert set(pool.map(fetch, range(40))) == {SECRET}
