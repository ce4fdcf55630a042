"""How things end: what is dropped, what is stopped, what is full, and that nothing is left behind."""

import contextlib
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from tls_certificates import Authority, Leaf
from tls_hosts import Workload, roots
from tls_peers import on_a_thread, server_side, serving

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls import Watcher
from elastic_hal.reference_impl.tls.bounds import MOST_CONNECTIONS, MOST_LISTENERS, MOST_WAITING_CLIENTS
from elastic_hal.runtime.abi.resources import ResourceTable

PATIENCE_SECONDS = 600


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


def descriptors() -> set[str]:
    """What this process has open, the folder that is read for it left out."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return {each for each in found if each.startswith(("socket:", "anon_inode:"))}


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("tls ")]


def until(condition: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_is_left_when_a_workload_ends(authority: Authority, leaf: Leaf, stopped: bool) -> None:
    until(lambda: not own_threads())
    before = descriptors()
    workload = Workload()
    listener = workload.listen(leaf)
    pairs = [workload.connected(listener, roots(authority)) for _ in range(10)]
    port = listener.local_address().port
    half_open = [workload.start(port, roots(authority)) for _ in range(5)]
    accepted = [workload.accept(listener) for _ in range(3)]
    workload.start(443, roots(authority), host="nowhere.invalid")
    pairs[0][0].drop()
    assert half_open
    assert accepted
    assert descriptors() - before
    assert own_threads()
    if stopped:
        workload.control.stop()
    workload.control.end()
    until(lambda: not own_threads())
    assert not descriptors() - before
    for client, server in pairs:
        assert client.subscribe_read().ready()
        assert server.subscribe_write().ready()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets connections linger for longer than any machine is too busy to empty them."""
    for module in ("transport", "places"):
        monkeypatch.setattr(f"elastic_hal.reference_impl.tls.{module}.LINGERING_SECONDS", 10.0 * PATIENCE_SECONDS)


@pytest.mark.usefixtures("patience")
def test_what_was_written_arrives_though_the_workload_ends(authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    """More than the buffers of the system hold: the rest goes out while the workload is already at its end."""
    context, found = server_side(leaf, tmp_path), bytearray()

    def read_slowly(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_side=True) as connection:
            time.sleep(0.2)
            while data := connection.recv(1 << 16):
                found.extend(data)

    workload = Workload()
    with serving(read_slowly) as port:
        client = workload.connect(port, roots(authority))
        taken = workload.fill(client)
        workload.control.end()
    assert len(found) == taken


@pytest.mark.usefixtures("patience")
def test_a_dropped_connection_sends_the_rest(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    taken = workload.fill(client)
    client.drop()
    client.drop()
    assert len(workload.read_all(server)) == taken


def test_a_peer_that_takes_nothing_is_left_after_5_seconds(
    workload: Workload, authority: Authority, leaf: Leaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elastic_hal.reference_impl.tls.transport.LINGERING_SECONDS", 0.2)
    listener = workload.listen(leaf)
    client, server = workload.connected(listener, roots(authority))
    assert workload.fill_for_good(client, server)
    client.drop()
    until(lambda: not workload.tls._places._all_lingering())
    with pytest.raises(types.Error_Peer):
        workload.read_all(server)


def test_the_end_of_a_workload_ends_its_waits(authority: Authority, leaf: Leaf) -> None:
    workload = Workload()
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    waiting = workload.start(_silent_port(workload), roots(authority))
    pollables = [client.subscribe_read(), server.subscribe_read(), waiting.subscribe()]
    threading.Timer(0.05, workload.control.stop).start()
    assert workload.poll.poll(pollables) == []
    workload.control.end()


def _silent_port(workload: Workload) -> int:
    return workload.listen(Authority().issue()).local_address().port


def test_as_many_connections_as_a_workload_may_have(authority: Authority, leaf: Leaf) -> None:
    here, there = Workload(), Workload()
    listener = here.listen(leaf)
    port = listener.local_address().port
    clients, servers = [], []
    for _ in range(MOST_CONNECTIONS):
        handshake = there.start(port, roots(authority))
        accepted = here.accept(listener)
        for end in handshake, accepted:
            assert not isinstance(end, types.Error)
        clients.append(handshake)
        servers.append(here.when(accepted.subscribe, accepted.finish))
    with pytest.raises(types.Error_LimitExceeded, match="256 connections"):
        there.start(port, roots(authority))
    clients.pop().drop()
    clients.append(there.start(port, roots(authority)))
    here.wait(listener.subscribe())
    for _ in range(2):
        with pytest.raises(types.Error_LimitExceeded, match="256 connections"):
            listener.accept()
        assert listener.subscribe().ready()
    servers.pop().drop()
    assert isinstance(listener.accept(), wit.ServerHandshake)
    here.control.end()
    there.control.end()


def test_connections_that_only_linger_make_room(authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    """Other ends that never close do not keep a workload from its next connection."""
    workload, context = Workload(), server_side(leaf, tmp_path)
    kept: list[ssl.SSLSocket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=MOST_CONNECTIONS) as server:

        def accept_and_keep() -> None:
            for _ in range(MOST_CONNECTIONS + 20):
                connection, _ = server.accept()
                kept.append(context.wrap_socket(connection, server_side=True))

        with on_a_thread(accept_and_keep):
            for _ in range(MOST_CONNECTIONS + 20):
                client = workload.connect(server.getsockname()[1], roots(authority))
                client.write(b"x")
                client.drop()
    assert len(workload.tls._places._all_lingering()) <= MOST_CONNECTIONS
    assert kept[-1].recv(1) == b"x"
    for connection in kept:
        connection.close()
    workload.control.end()


def test_as_many_listeners_as_a_workload_may_have(workload: Workload, leaf: Leaf) -> None:
    listeners = [workload.listen(leaf) for _ in range(MOST_LISTENERS)]
    assert len({listener.local_address().port for listener in listeners}) == MOST_LISTENERS
    with pytest.raises(types.Error_LimitExceeded, match="16 listeners"):
        workload.listen(leaf)
    listeners[3].drop()
    listeners[3].drop()
    workload.listen(leaf)
    with pytest.raises(types.Error_LimitExceeded, match="16 listeners"):
        workload.listen(leaf)


def test_clients_wait_until_they_are_accepted(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    listener = workload.listen(leaf)
    with pytest.raises(types.Error_WouldBlock):
        listener.accept()
    assert not listener.subscribe().ready()
    handshakes = [workload.start(listener.local_address().port, roots(authority)) for _ in range(MOST_WAITING_CLIENTS)]
    accepted = [workload.accept(listener) for _ in range(MOST_WAITING_CLIENTS)]
    assert all(
        isinstance(end, wit.Connection)
        for pair in zip(handshakes, accepted, strict=True)
        for end in workload.meet(*pair)
    )
    assert not listener.subscribe().ready()


def test_connections_stay_when_their_listener_goes(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    listener = workload.listen(leaf)
    client, server = workload.connected(listener, roots(authority))
    pollable = listener.subscribe()
    listener.drop()
    assert pollable.ready()
    client.write(b"still here")
    assert workload.read_exactly(server, 10) == b"still here"
    with pytest.raises(types.Error_ConnectionClosed):
        workload.connect(listener.local_address().port, roots(authority))


def test_what_a_full_handle_table_refuses_waits_on(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """As the runtime does where the guest cannot be given an object: it is refused instead of dropped."""
    listener, table = workload.listen(leaf), ResourceTable(0)
    handshake = workload.start(listener.local_address().port, roots(authority))
    for _ in range(3):
        table.discard(workload.accept(listener))
        assert listener.subscribe().ready()
    accepted = workload.accept(listener)
    client, server = workload.meet(handshake, accepted)
    assert isinstance(server, wit.Connection)
    assert isinstance(client, wit.Connection)
    table.discard(server)
    assert accepted.subscribe().ready()
    assert accepted.finish() is server
    client.write(b"x")
    assert workload.read(server) == b"x"


def test_a_handshake_that_is_dropped_is_given_up(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """The other end, which says nothing at all, sees the connection end."""
    listener = workload.listen(leaf)
    with socket.create_connection(("127.0.0.1", listener.local_address().port), timeout=60) as silent:
        silent.sendall(b"\x16\x03\x01\x00\x05\x01\x00\x00\xff\x03")  # the beginning of a first message
        workload.accept(listener).drop()
        assert silent.recv(1) == b""
    with socket.create_server(("127.0.0.1", 0)) as server:
        handshake = workload.start(server.getsockname()[1], roots(authority))
        silent, _ = server.accept()
        with silent:
            silent.settimeout(60)
            workload.poll.poll([handshake.subscribe(), workload.poll.subscribe_duration(1_000_000)])
            handshake.drop()
            with contextlib.suppress(ConnectionResetError):
                while silent.recv(1 << 16):
                    pass


def test_one_watcher_for_many_workloads(authority: Authority, leaf: Leaf) -> None:
    """Each of three workloads echoes for clients of another one, all at once."""
    watcher, rounds = Watcher(), 12
    servers, clients = ([Workload(watcher) for _ in range(3)] for _ in range(2))
    listeners = [workload.listen(leaf) for workload in servers]

    def serve(number: int) -> None:
        workload = servers[number]
        for _ in range(rounds):
            handshake = workload.accept(listeners[number])
            server = workload.when(handshake.subscribe, handshake.finish)
            workload.write_all(server, workload.read_all(server))
            server.drop()
        workload.control.end()

    def ask(number: int) -> None:
        workload = clients[number]
        for turn in range(rounds):
            text = f"client {number}, turn {turn}".encode() * 5000
            client = workload.connect(listeners[number].local_address().port, roots(authority))
            workload.write_all(client, text)
            client.close_output()
            assert workload.read_all(client) == text
            client.drop()
        workload.control.end()

    with contextlib.ExitStack() as all_of_them:
        for number in range(3):
            all_of_them.enter_context(on_a_thread(lambda number=number: serve(number)))  # type: ignore[misc]
            all_of_them.enter_context(on_a_thread(lambda number=number: ask(number)))  # type: ignore[misc]
    until(lambda: not own_threads())
