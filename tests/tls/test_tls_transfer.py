"""Much data: what arrives is what was sent, and the host keeps little of it however slow either end is."""

import hashlib
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tls_certificates import Authority, Leaf
from tls_hosts import TLS12, TLS13, Workload, roots
from tls_peers import on_a_thread, server_side, serving

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls.transport import MOST_WAITING_OUTPUT

MEBIBYTES = 64
PIECE = bytes(range(256)) * 4096
MOST_KEPT = 8 << 20


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


@pytest.fixture
def memory() -> Iterator[None]:
    """The bytes that Python holds at most while the test runs, which are few."""
    tracemalloc.start()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_KEPT


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_64_mib_in_both_directions_at_once(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion
) -> None:
    """The other end sends back what it gets; both directions are full all the time."""
    context = server_side(leaf, tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2 if version is TLS12 else ssl.TLSVersion.TLSv1_3

    def echo(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_side=True) as connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)
            connection.unwrap()

    sent, received, left, count = hashlib.sha256(), hashlib.sha256(), b"", 0
    with serving(echo) as port:
        client = workload.connect(port, roots(authority))
        readable, writable = client.subscribe_read(), client.subscribe_write()
        ended = False
        while not ended:
            everything_is_sent = count == MEBIBYTES and not left
            ready = workload.wait(readable) if everything_is_sent else workload.wait(readable, writable)
            if 1 in ready:
                if not left:
                    left, count = PIECE, count + 1
                    sent.update(left)
                left = left[client.write(left) :]
                if not left and count == MEBIBYTES:
                    client.close_output()
            if 0 in ready:
                try:
                    received.update(client.read(1 << 20))
                except types.Error_ConnectionClosed:
                    ended = True
    assert received.digest() == sent.digest()


@pytest.mark.usefixtures("memory")
def test_64_mib_between_two_workloads(authority: Authority, leaf: Leaf) -> None:
    here, there = Workload(), Workload()
    listener = here.listen(leaf)
    port = listener.local_address().port

    def send() -> None:
        client = there.connect(port, roots(authority))
        for _ in range(MEBIBYTES):
            there.write_all(client, PIECE)
        client.drop()
        there.control.end()

    with on_a_thread(send):
        handshake = here.accept(listener)
        server = here.when(handshake.subscribe, handshake.finish)
        size, digest, expected = 0, hashlib.sha256(), hashlib.sha256()
        while True:
            try:
                data = here.read(server)
            except types.Error_ConnectionClosed:
                break
            size += len(data)
            digest.update(data)
    assert size == MEBIBYTES << 20
    for _ in range(MEBIBYTES):
        expected.update(PIECE)
    assert digest.digest() == expected.digest()
    here.control.end()


@pytest.mark.usefixtures("memory")
def test_who_writes_to_nobody_has_to_wait(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    taken = workload.fill_for_good(client, server)
    with pytest.raises(types.Error_WouldBlock):
        client.write(b"x")
    pollable = client.subscribe_write()
    assert not pollable.ready()
    assert client._session.transport.waiting_output < MOST_WAITING_OUTPUT + (1 << 17)  # type: ignore[attr-defined]
    assert client.write(b"") == 0
    assert workload.poll.poll([pollable, workload.poll.subscribe_duration(20_000_000)]) == [1]
    client.close_output()
    found = 0
    while True:
        try:
            found += len(workload.read(server))
        except types.Error_ConnectionClosed:
            break
    assert found == taken


@pytest.mark.usefixtures("memory")
def test_who_sends_to_a_reader_that_sleeps_has_to_wait(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path
) -> None:
    """The host takes nothing from a socket that nobody reads, however often the guest looks."""
    context, stopped = server_side(leaf, tmp_path), threading.Event()

    def flood(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_side=True) as connection:
            connection.setblocking(False)
            while not stopped.is_set():
                try:
                    connection.send(PIECE[: 1 << 14])
                except ssl.SSLWantWriteError:
                    stopped.wait(0.001)
                except OSError:
                    break
            assert stopped.is_set(), "the host read on"

    with serving(flood) as port:
        client = workload.connect(port, roots(authority))
        pollable = client.subscribe_read()
        for _ in range(200):
            assert workload.wait(pollable) == [0]
        stopped.set()
    client.drop()
