"""Two ends of the provider on loopback: what is agreed upon, what arrives, and what pollables say."""

import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tls_certificates import Authority, Leaf
from tls_hosts import TLS12, TLS13, Workload, roots

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls.suites import TLS12_SUITES, TLS13_SUITES


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue("server.test")


def test_what_both_ends_agree_upon(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    own = authority.issue("client.test")
    listener = workload.listen(leaf, roots(authority), ("h2", "other"))
    client, server = workload.connected(
        listener, roots(authority), name="server.test", leaf=own, protocols=("none", "other", "h2")
    )
    for info in client.info(), server.info():
        assert info.version is TLS13
        assert info.cipher_suite in TLS13_SUITES
        assert info.protocol == "h2"
        assert info.server_name == "server.test"
    assert client.info().peer_certificates == workload.keys(leaf).certificates()
    assert server.info().peer_certificates == workload.keys(own).certificates()
    assert client.info().peer_certificates[0] == leaf.der
    assert len(client.info().peer_certificates) == 2
    assert client.info().peer_address == listener.local_address()
    assert server.info().peer_address.host == "127.0.0.1"


def test_an_address_is_told_to_no_server(workload: Workload, authority: Authority) -> None:
    listener = workload.listen(authority.issue("127.0.0.1"))
    client, server = workload.connected(listener, roots(authority), name=None)
    assert client.info().server_name is None
    assert server.info().server_name is None
    assert server.info().peer_certificates == []
    assert client.info().protocol is None


def test_version_12_is_spoken_where_both_accept_it(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    for oldest, expected in ((TLS12, TLS13), (TLS13, TLS13)):
        client, _ = workload.connected(workload.listen(leaf, oldest=oldest), roots(authority), oldest=TLS12)
        assert client.info().version is expected


def test_bytes_arrive_in_both_directions(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    assert client.write(b"hello, ") == 7
    assert client.write(b"server") == 6
    assert workload.read_exactly(server, 13) == b"hello, server"
    assert server.write(b"hello") == 5
    assert workload.read(client, 2) == b"he"
    assert client.read(100) == b"llo"
    assert client.write(b"") == 0
    with pytest.raises(types.Error_WouldBlock):
        client.read(1)


def test_a_pollable_is_ready_for_data_and_for_nothing_else(
    workload: Workload, authority: Authority, leaf: Leaf
) -> None:
    """A server sends session tickets after the handshake: its socket is readable then, and there is nothing to read."""
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    pollable = client.subscribe_read()
    assert not pollable.ready()
    assert workload.poll.poll([pollable, workload.poll.subscribe_duration(30_000_000)]) == [1]
    server.write(b"x")
    assert workload.wait(pollable) == [0]
    assert pollable.ready()
    assert client.read(10) == b"x"
    assert not pollable.ready()
    assert client.subscribe_write().ready()


def test_the_end_of_one_direction(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    client.write(b"question")
    client.close_output()
    client.close_output()
    with pytest.raises(types.Error_InvalidState):
        client.write(b"more")
    assert client.subscribe_write().ready()
    assert workload.read_all(server) == b"question"
    for _ in range(2):
        with pytest.raises(types.Error_ConnectionClosed):
            server.read(1)
    assert server.subscribe_read().ready()
    server.write(b"answer")
    server.close_output()
    assert workload.read_all(client) == b"answer"


def test_a_dropped_end_says_its_end(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    client.write(b"last words")
    client.drop()
    assert workload.read_all(server) == b"last words"


def test_exported_bytes_are_the_same_at_both_ends_only(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    listener = workload.listen(leaf)
    client, server = workload.connected(listener, roots(authority))
    again, _ = workload.connected(listener, roots(authority))
    material = client.export_keying_material("EXPORTER-test", b"context", 64)
    assert len(material) == 64
    assert server.export_keying_material("EXPORTER-test", b"context", 64) == material
    assert again.export_keying_material("EXPORTER-test", b"context", 64) != material
    assert client.export_keying_material("EXPORTER-test", b"", 64) != material
    assert client.export_keying_material("EXPORTER-other", b"context", 64) != material
    assert len(client.export_keying_material("x" * 128, bytes(1024), 1024)) == 1024


def test_bounds_of_calls(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    client, server = workload.connected(workload.listen(leaf), roots(authority))
    with pytest.raises(types.Error_InvalidArgument):
        client.read(0)
    with pytest.raises(types.Error_LimitExceeded):
        client.write(bytes((1 << 20) + 1))
    for label, context, length in (
        ("", b"", 1),
        ("x" * 129, b"", 1),
        ("é", b"", 1),
        ("x", bytes(1025), 1),
        ("x", b"", 0),
        ("x", b"", 1025),
    ):
        with pytest.raises(types.Error_InvalidArgument):
            client.export_keying_material(label, context, length)
    server.write(bytes(100))
    assert len(workload.read(client, 2**32 - 1)) == 100


def test_protocols_that_differ(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    listener = workload.listen(leaf, protocols=("h2",))
    client, server = workload.pair(listener, roots(authority), protocols=("other",))
    assert isinstance(client, types.Error_Peer)
    assert isinstance(server, types.Error_Peer)
    client, server = workload.connected(listener, roots(authority))
    assert client.info().protocol is None
    client, _ = workload.connected(workload.listen(leaf), roots(authority), protocols=("h2",))
    assert client.info().protocol is None


@pytest.mark.parametrize("protocols", [("",), ("x" * 256,), ("é" * 128,), ("x",) * 17])
def test_protocols_out_of_bounds(
    workload: Workload, authority: Authority, leaf: Leaf, protocols: tuple[str, ...]
) -> None:
    with pytest.raises(types.Error_InvalidArgument, match="protocols"):
        workload.listen(leaf, protocols=protocols)
    with pytest.raises(types.Error_InvalidArgument, match="protocols"):
        workload.start(1, roots(authority), protocols=protocols)


def test_a_guest_may_look_at_one_end_alone(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """Whoever has both ends and waits for one of them does not wait for himself."""
    for first in range(2):
        listener = workload.listen(leaf, roots(authority))
        client = workload.start(listener.local_address().port, roots(authority), leaf=leaf, host="localhost")
        server = workload.accept(listener)
        ends = (client, server) if first else (server, client)
        assert all(isinstance(workload.when(end.subscribe, end.finish), wit.Connection) for end in ends)


def test_an_answer_is_given_once(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    listener = workload.listen(leaf)
    for trust, expected in ((roots(authority), None), (roots(Authority()), types.Error_VerificationFailed)):
        client = workload.start(listener.local_address().port, trust)
        server = workload.accept(listener)
        answer, _ = workload.meet(client, server)
        assert expected is None or isinstance(answer, expected)
        if isinstance(answer, types.Error_VerificationFailed):
            assert "certificate verify failed" in answer.__notes__[0]
        assert client.log_name == f"server 127.0.0.1 at port {listener.local_address().port}"
        for end in client, server:
            assert end.subscribe().ready()
            with pytest.raises(types.Error_InvalidState):
                end.finish()


@pytest.mark.parametrize(
    "host",
    ["", "x" * 254, "a b", "127.0.0.1 ", "127.1", "0x7f000001", "[::1]", "bücher.test", "\N{KELVIN SIGN}.test", "a..b"],
)
def test_hosts_that_are_none(workload: Workload, authority: Authority, host: str) -> None:
    with pytest.raises(types.Error_InvalidArgument, match="server:"):
        workload.start(443, roots(authority), host=host)
    with pytest.raises(types.Error_InvalidArgument, match="server-name:"):
        workload.start(443, roots(authority), name=host)


def test_what_the_policy_does_not_grant(authority: Authority, leaf: Leaf) -> None:
    denied = Workload(connect=())
    with pytest.raises(types.Error_AccessDenied):
        denied.start(443, roots(authority))
    with pytest.raises(types.Error_AccessDenied):
        denied.start(443, roots(authority), host="localhost")
    options = wit.ServerOptions(denied.keys(leaf), None, [], TLS13)
    for host in ("0.0.0.0", "127.0.0.2", "::1"):
        with pytest.raises(types.Error_AccessDenied):
            denied.tls.Listener_listen(wit.Address(host, 0), options)
    with pytest.raises(types.Error_InvalidArgument):
        denied.tls.Listener_listen(wit.Address("localhost", 0), options)
    with pytest.raises(types.Error_InvalidArgument):
        denied.start(0, roots(authority))
    denied.control.end()


def test_places_where_nobody_is(workload: Workload, authority: Authority) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(types.Error_ConnectionClosed):
            workload.connect(taken.getsockname()[1], roots(authority))
    # Where no server of names answers, the system may ask for longer than the handshake may take.
    with pytest.raises((types.Error_NotFound, types.Error_TimedOut)):
        workload.connect(443, roots(authority), host="nowhere.invalid")


def test_a_name_is_looked_up(workload: Workload, authority: Authority) -> None:
    listener = workload.listen(authority.issue("localhost"))
    handshake = workload.start(listener.local_address().port, roots(authority), name=None, host="LocalHost")
    client, server = workload.meet(handshake, workload.accept(listener))
    assert isinstance(client, wit.Connection)
    assert isinstance(server, wit.Connection)
    assert server.info().server_name == "localhost"


def test_a_port_that_is_taken(workload: Workload, leaf: Leaf) -> None:
    first = workload.listen(leaf)
    options = wit.ServerOptions(workload.keys(leaf), None, [], TLS13)
    with pytest.raises(types.Error_AlreadyExists):
        workload.tls.Listener_listen(first.local_address(), options)
    first.drop()
    assert workload.tls.Listener_listen(first.local_address(), options).local_address() == first.local_address()


@given(st.lists(st.binary(max_size=40_000), max_size=8), st.integers(1, 50_000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_however_it_is_cut(
    workload: Workload, authority: Authority, leaf: Leaf, pieces: list[bytes], most: int
) -> None:
    listener = workload.listen(leaf)
    client, server = workload.connected(listener, roots(authority))
    for piece in pieces:
        workload.write_all(client, piece)
    client.drop()
    expected, found = b"".join(pieces), bytearray()
    while len(found) < len(expected):
        data = workload.read(server, most)
        assert 1 <= len(data) <= most
        found += data
    assert bytes(found) == expected
    with pytest.raises(types.Error_ConnectionClosed):
        workload.read(server)
    server.drop()
    listener.drop()


def test_suites_are_named_as_the_registry_does() -> None:
    assert all("_WITH_" in name and name.startswith("TLS_ECDHE_") for name in TLS12_SUITES.values())
