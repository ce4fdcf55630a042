"""Clients that have proven nothing, in numbers: whatever they do or leave undone, nobody else is locked out."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tls_certificates import Authority, Leaf
from tls_hosts import Workload, roots
from tls_peers import calling, client_side, on_a_thread

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.strangers import oldest_of_most, origin_of
from elastic_hal.reference_impl.tls import bounds

MANY = bounds.MOST_CONNECTIONS


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


def first_message() -> bytes:
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context = ssl.create_default_context()
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="server.test").do_handshake()
    return outgoing.read()


@contextmanager
def strangers(listener: wit.Listener, count: int, said: bytes, sources: int = 1) -> Iterator[list[socket.socket]]:
    """Clients that connect, say that much and then nothing more, from so many addresses."""
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for number in range(count):
            raw = stack.enter_context(socket.socket())
            raw.bind((f"127.0.0.{2 + number % sources}", 0))
            raw.settimeout(60)
            raw.connect(("127.0.0.1", listener.local_address().port))
            with contextlib.suppress(OSError):  # cut off already
                raw.sendall(said)
            made.append(raw)
        yield made


@contextmanager
def flood(listener: wit.Listener, count: int, said: bytes) -> Iterator[None]:
    """The same while the test goes on: clients that the system does not let in at once try for a second each."""
    over = threading.Event()

    def connect() -> None:
        with ExitStack() as stack:
            for _ in range(count):
                raw = stack.enter_context(socket.socket())
                raw.bind(("127.0.0.2", 0))
                raw.settimeout(1)
                with contextlib.suppress(OSError):
                    raw.connect(("127.0.0.1", listener.local_address().port))
                    raw.sendall(said)
                if over.is_set():
                    return
            over.wait(60)

    with on_a_thread(connect):
        try:
            yield
        finally:
            over.set()


SAID = {
    "nothing": b"",
    "one byte": b"\x16",
    "the head of a record": b"\x16\x03\x01\x02\x00",
    "most of a first message": first_message()[:-1],
    "a first message": first_message(),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_silent_clients_lock_nobody_out(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, said: bytes
) -> None:
    """The workload takes every client that it is given, waits for all of them at once as a guest does, and serves."""
    listener = workload.listen(leaf)
    elsewhere = Workload()
    with flood(listener, MANY, said):
        under_way: list[wit.ServerHandshake] = []
        served = serve_one(workload, listener, under_way)
        with on_a_thread(lambda: ask(listener, authority, tmp_path)):
            assert next(served) == b"an honest client"
        # Nor is the workload kept from connecting.
        other = elsewhere.listen(leaf)
        with on_a_thread(lambda: elsewhere.accept(other)):
            client = workload.connect(other.local_address().port, roots(authority))
            client.drop()
        assert len(under_way) <= bounds.MOST_HANDSHAKES
    elsewhere.control.end()


def ask(listener: wit.Listener, authority: Authority, tmp_path: Path) -> None:
    """An honest client from another address; like any, it tries again when it is turned away."""
    context = client_side(authority, tmp_path)
    for _ in range(60):
        with contextlib.suppress(OSError), socket.socket() as raw:
            raw.settimeout(60)
            raw.bind(("127.0.0.200", 0))
            raw.connect(("127.0.0.1", listener.local_address().port))
            with context.wrap_socket(raw, server_hostname="server.test") as client:
                client.sendall(b"an honest client")
                client.recv(1)
                return
    raise AssertionError("never served")


def serve_one(workload: Workload, listener: wit.Listener, under_way: list[wit.ServerHandshake]) -> Iterator[bytes]:
    arrival = listener.subscribe()
    while True:
        with contextlib.suppress(types.Error_WouldBlock):
            under_way.append(listener.accept())
            continue
        workload.wait(arrival, *(handshake.subscribe() for handshake in under_way))
        for handshake in list(under_way):
            try:
                connection = handshake.finish()
            except types.Error_WouldBlock:
                continue
            except types.Error:
                under_way.remove(handshake)
                continue
            under_way.remove(handshake)
            said = workload.read_exactly(connection, 16)
            connection.drop()
            yield said


def test_a_workload_that_accepts_nobody_goes_on_connecting(authority: Authority, leaf: Leaf) -> None:
    workload, other = Workload(), Workload()
    listeners = [workload.listen(leaf) for _ in range(4)]
    with ExitStack() as stack:
        for listener in listeners:
            stack.enter_context(strangers(listener, MANY // 2 - 10, first_message()))
        theirs = other.listen(leaf)
        with on_a_thread(lambda: other.accept(theirs)):
            workload.connect(theirs.local_address().port, roots(authority))
    workload.control.end()
    other.control.end()


def test_a_flooded_listener_takes_nothing_from_another_one(
    workload: Workload, authority: Authority, leaf: Leaf
) -> None:
    flooded, other = workload.listen(leaf), workload.listen(leaf)
    with strangers(flooded, MANY // 2 - 10, first_message()):
        taken = [workload.accept(flooded)]
        with contextlib.suppress(types.Error_WouldBlock):
            while True:
                taken.append(flooded.accept())
        client, server = workload.connected(other, roots(authority))
        client.write(b"x")
        assert workload.read(server) == b"x"
        assert 1 <= len(taken) <= bounds.MOST_HANDSHAKES


def test_an_address_has_half_of_the_handshakes_and_the_next_one_its_turn_first(
    workload: Workload, authority: Authority, leaf: Leaf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("elastic_hal.reference_impl.tls.listener.GRACE_SECONDS", 3600.0)
    listener = workload.listen(leaf)
    with strangers(listener, bounds.MOST_HANDSHAKES_OF_ADDRESS + 10, first_message()):
        taken = [workload.accept(listener) for _ in range(bounds.MOST_HANDSHAKES_OF_ADDRESS)]
        time.sleep(0.05)  # nothing that could be accepted comes of it
        with pytest.raises(types.Error_WouldBlock):
            listener.accept()
        assert not listener.subscribe().ready()
        with on_a_thread(lambda: ask(listener, authority, tmp_path)):
            handshake = workload.accept(listener)
            connection = workload.when(handshake.subscribe, handshake.finish)
            assert connection.info().peer_address.host == "127.0.0.200"
            connection.drop()
        for each in taken:
            each.drop()


def test_clients_of_many_addresses_are_cut_in_the_order_in_which_they_came(workload: Workload, leaf: Leaf) -> None:
    listener = workload.listen(leaf)
    with strangers(listener, bounds.MOST_WAITING_CLIENTS + 8, b"", sources=bounds.MOST_WAITING_CLIENTS + 8) as made:
        for raw in made[:8]:
            assert raw.recv(1) == b""
        for raw in made[8:]:
            raw.setblocking(False)
            with pytest.raises(BlockingIOError):
                raw.recv(1)


def test_clients_that_finish_the_handshake_and_say_nothing_make_room(
    authority: Authority, leaf: Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elastic_hal.reference_impl.tls.places.MOST_UNUSED_SECONDS", 0.0)
    workload, context = Workload(), client_side(authority, tmp_path)
    listener = workload.listen(leaf)
    place = ("127.0.0.1", listener.local_address().port)

    def connect(stack: ExitStack, kept: list[ssl.SSLSocket]) -> wit.Connection:
        raw = socket.create_connection(place, timeout=60)
        client = context.wrap_socket(raw, server_hostname="server.test", do_handshake_on_connect=False)
        kept.append(stack.enter_context(client))
        with on_a_thread(client.do_handshake):
            handshake = workload.accept(listener)
            return workload.when(handshake.subscribe, handshake.finish)

    with ExitStack() as stack:
        kept: list[ssl.SSLSocket] = []
        used = connect(stack, kept)
        kept[0].sendall(b"used")
        assert workload.read_exactly(used, 4) == b"used"
        silent = [connect(stack, kept) for _ in range(MANY - 1)]
        late = connect(stack, kept)
        kept[-1].sendall(b"late")
        assert workload.read_exactly(late, 4) == b"late"
        with pytest.raises(types.Error_Peer):
            workload.read(silent[0])
        kept[0].sendall(b"still used")
        assert workload.read_exactly(used, 10) == b"still used"
        with contextlib.suppress(ConnectionResetError):
            assert kept[1].recv(1) == b""
    workload.control.end()


def test_connections_of_clients_leave_room_for_ones_own(authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    workload, context = Workload(), client_side(authority, tmp_path)
    listener = workload.listen(leaf)
    place = ("127.0.0.1", listener.local_address().port)
    with ExitStack() as stack:
        for number in range(MANY):

            def talk(raw: socket.socket) -> None:
                client = context.wrap_socket(raw, server_hostname="server.test")
                stack.callback(client.close)

            with calling(place[1], talk):
                handshake = workload.accept(listener)
                connection = workload.when(handshake.subscribe, handshake.finish)
                connection.write(b"%d" % number)
        stack.enter_context(socket.create_connection(place)).sendall(first_message())
        workload.wait(listener.subscribe())
        with pytest.raises(types.Error_LimitExceeded, match="that clients made"):
            listener.accept()
        other = Workload()
        theirs = other.listen(leaf)
        with on_a_thread(lambda: other.accept(theirs)):
            workload.connect(theirs.local_address().port, roots(authority))
        other.control.end()
    workload.control.end()


def test_places_are_counted_exactly(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """Whatever becomes of strangers, the host's count of them ends where it began."""
    listener = workload.listen(leaf)
    with strangers(listener, 40, first_message()) as made:
        taken = [workload.accept(listener) for _ in range(10)]
        for each in taken[:3]:
            each.drop()
        for raw in made[3:6]:
            raw.close()
        client, server = workload.connected(listener, roots(authority), host="127.0.0.1")
        client.drop()
        server.drop()
        assert workload.watcher.strangers._count == 40 - 3 - 3
        listener.drop()
    for each in taken:
        with contextlib.suppress(types.Error):
            workload.when(each.subscribe, each.finish)
    assert workload.watcher.strangers._count == 0


def test_whom_a_peer_counts_for() -> None:
    assert origin_of(("192.0.2.1", 1)) == "192.0.2.1"
    assert origin_of(("2001:db8:1:2:3:4:5:6", 1)) == origin_of(("2001:db8:1:2::1", 9)) == "2001:db8:1:2::/64"
    assert origin_of(("fe80::1%eth0", 1, 0, 2)) == "fe80::/64"
    assert oldest_of_most(["a1", "b1", "b2", "c1"], lambda each: each[0]) == "b1"
    assert oldest_of_most(["a1", "b1"], lambda each: each[0]) == "a1"
