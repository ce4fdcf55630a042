"""Other ends that mean harm: garbage, silence, slowness and too much of everything. The host stays as it was."""

import contextlib
import os
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tls_certificates import Authority, Leaf
from tls_hosts import TLS12, TLS13, Workload, roots
from tls_peers import calling, client_side, on_a_thread, server_side, serving

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


def answer(workload: Workload, handshake: wit.ServerHandshake | wit.ClientHandshake) -> types.Error:
    with pytest.raises(types.Error) as caught:
        workload.when(handshake.subscribe, handshake.finish)
    return caught.value


@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=2000).map(lambda data: b"\x16\x03\x01" + data)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_for_a_server(workload: Workload, leaf: Leaf, garbage: bytes) -> None:
    listener = workload.listen(leaf)
    with socket.create_connection(("127.0.0.1", listener.local_address().port)) as raw:
        raw.sendall(garbage)
        raw.shutdown(socket.SHUT_WR)
        handshake = workload.accept(listener)
        assert isinstance(answer(workload, handshake), types.Error_Peer | types.Error_ConnectionClosed)
    listener.drop()


@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=2000).map(lambda data: b"\x16\x03\x03" + data)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_for_a_client(workload: Workload, authority: Authority, garbage: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        handshake = workload.start(server.getsockname()[1], roots(authority))
        raw, _ = server.accept()
        with raw:
            raw.sendall(garbage)
            raw.shutdown(socket.SHUT_WR)
            assert isinstance(answer(workload, handshake), types.Error_Peer | types.Error_ConnectionClosed)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_handshake_that_somebody_changes(
    workload: Workload,
    authority: Authority,
    leaf: Leaf,
    tmp_path_factory: pytest.TempPathFactory,
    version: ssl.TLSVersion,
    data: st.DataObject,
) -> None:
    """One byte of what the client sends is changed on the way: nobody comes to believe that all is well."""
    folder = tmp_path_factory.mktemp("client")
    context = client_side(authority, folder, authority.issue("client.test"))
    context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="server.test")
    listener = workload.listen(leaf, roots(authority))
    place, bit, flight = data.draw(st.integers(0, 3000)), data.draw(st.integers(0, 7)), data.draw(st.integers(0, 1))
    with (
        socket.create_connection(("127.0.0.1", listener.local_address().port), timeout=60) as raw,
        on_a_thread(lambda: _notices(workload, workload.accept(listener))),
    ):
        for turn in range(flight + 1):
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            sent = bytearray(outgoing.read())
            if turn == flight:
                sent[place % len(sent)] ^= 1 << bit
            raw.sendall(sent)
            while turn < flight and not outgoing.pending:
                incoming.write(raw.recv(1 << 16))
                with contextlib.suppress(ssl.SSLWantReadError):
                    client.do_handshake()
        raw.shutdown(socket.SHUT_WR)
    listener.drop()


def _notices(workload: Workload, handshake: wit.ServerHandshake) -> None:
    """See to it that something is wrong: with the handshake, or else with what is read. A change of what means nothing,
    such as the version in the head of a record, leaves a connection that breaks off.
    """
    with pytest.raises((types.Error_Peer, types.Error_VerificationFailed, types.Error_ConnectionClosed)) as caught:
        _read_once(workload, handshake)
    assert caught.value


def _read_once(workload: Workload, handshake: wit.ServerHandshake) -> None:
    connection = workload.when(handshake.subscribe, handshake.finish)
    try:
        workload.read(connection)
    except types.Error_ConnectionClosed:
        pytest.fail("a connection that was changed ended as if all were well")
    finally:
        connection.drop()


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_data_that_somebody_changes(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion
) -> None:
    context = client_side(authority, tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2 if version is TLS12 else ssl.TLSVersion.TLSv1_3
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="server.test")
    listener = workload.listen(leaf)
    with socket.create_connection(("127.0.0.1", listener.local_address().port), timeout=60) as raw:

        def shake_hands() -> None:
            while True:
                try:
                    client.do_handshake()
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    incoming.write(raw.recv(1 << 16))
                else:
                    raw.sendall(outgoing.read())
                    return

        with on_a_thread(shake_hands):
            handshake = workload.accept(listener)
            server = workload.when(handshake.subscribe, handshake.finish)
        client.write(b"as it was")
        raw.sendall(outgoing.read())
        assert workload.read_exactly(server, 9) == b"as it was"
        client.write(b"something")
        record = bytearray(outgoing.read())
        record[-1] ^= 1
        raw.sendall(record)
        for _ in range(2):
            with pytest.raises(types.Error_VerificationFailed):
                workload.read(server)
        assert server.subscribe_read().ready()
        with pytest.raises(types.Error_Peer):
            server.write(b"x")
        server.close_output()


def test_silence_ends_after_its_time(
    workload: Workload, authority: Authority, leaf: Leaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that says nothing is cut off without the workload's help, and one that goes silent in the middle, and
    a server that says nothing, keep a place for their time and no longer.
    """
    monkeypatch.setattr("elastic_hal.reference_impl.tls.handshakes.MOST_HANDSHAKE_SECONDS", 0.3)
    monkeypatch.setattr("elastic_hal.reference_impl.tls.handshakes.MOST_SERVER_HANDSHAKE_SECONDS", 0.3)
    monkeypatch.setattr("elastic_hal.reference_impl.tls.arrivals.MOST_SILENT_SECONDS", 0.3)
    listener = workload.listen(leaf)
    place = ("127.0.0.1", listener.local_address().port)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        handshake = workload.start(silent.getsockname()[1], roots(authority))
        assert isinstance(answer(workload, handshake), types.Error_TimedOut)
    for said in (b"", b"\x16", FIRST_MESSAGE[:-1]):
        with socket.create_connection(place, timeout=60) as raw:
            raw.sendall(said)
            assert ended(raw)
    with socket.create_connection(place, timeout=60) as raw:
        raw.sendall(FIRST_MESSAGE)
        assert isinstance(answer(workload, workload.accept(listener)), types.Error_TimedOut)
        assert ended(raw)
    assert not workload.watcher.strangers._count


def ended(raw: socket.socket) -> bool:
    """Wait until the other end has closed."""
    with contextlib.suppress(ConnectionResetError):
        while raw.recv(1 << 16):
            pass
    return True


def first_message() -> bytes:
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="server.test").do_handshake()
    return outgoing.read()


FIRST_MESSAGE = first_message()


def test_one_byte_at_a_time(workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    """Slow is not wrong: a handshake and data in pieces of one byte arrive, while another client is served."""
    context = client_side(authority, tmp_path)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="server.test")
    listener = workload.listen(leaf)

    def talk(raw: socket.socket) -> None:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                slowly(raw)
                incoming.write(raw.recv(1 << 16))
        client.write(b"slow")
        slowly(raw)
        raw.recv(1 << 16)

    def slowly(raw: socket.socket) -> None:
        for byte in outgoing.read():
            raw.sendall(bytes([byte]))

    with calling(listener.local_address().port, talk):
        slow = workload.accept(listener)
        fast_client, fast_server = workload.connected(listener, roots(authority))
        fast_client.write(b"fast")
        assert workload.read_exactly(fast_server, 4) == b"fast"
        server = workload.when(slow.subscribe, slow.finish)
        assert workload.read_exactly(server, 4) == b"slow"
        server.drop()


def test_an_endless_handshake(workload: Workload, leaf: Leaf) -> None:
    """A client that goes on with messages of a handshake that never ends is refused before it has sent much."""
    listener, sent = workload.listen(leaf), 0
    with socket.create_connection(("127.0.0.1", listener.local_address().port), timeout=60) as raw:
        record = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes((1 << 14) - 4)
        raw.sendall(record)
        handshake = workload.accept(listener)
        pollable = handshake.subscribe()
        raw.setblocking(False)
        while not pollable.ready() and sent < 64 << 20:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                sent += raw.send(record)
        assert isinstance(answer(workload, handshake), types.Error_Peer)
    assert sent < 8 << 20


def test_a_huge_certificate_chain(workload: Workload, authority: Authority, tmp_path: Path) -> None:
    """OpenSSL takes 100 KiB of certificates at most; more of them is a refusal, not memory of the host."""
    own = authority.issue("client.test")
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(60_000))
    big = _with_extension(own.certificate, extension)
    context = server_side(Leaf(own.key, own.certificate, [big] * 8), tmp_path)

    def serve(raw: socket.socket) -> None:
        with contextlib.suppress(OSError):
            context.wrap_socket(raw, server_side=True).recv(1)

    with serving(serve) as port:
        handshake = workload.start(port, wit.Trust_Anyone())
        assert isinstance(answer(workload, handshake), types.Error_Peer)


def _with_extension(certificate: x509.Certificate, extension: x509.ExtensionType) -> x509.Certificate:
    builder = x509.CertificateBuilder(certificate.subject, certificate.subject, certificate.public_key(), 1)
    builder = builder.not_valid_before(certificate.not_valid_before_utc).not_valid_after(
        certificate.not_valid_after_utc
    )
    return builder.add_extension(extension, critical=False).sign(
        ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )


def test_clients_that_come_and_go(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """Clients that are gone before they are accepted leave nothing behind, and the next one is served."""
    listener = workload.listen(leaf)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(40):
        socket.create_connection(("127.0.0.1", listener.local_address().port)).close()
        handshake = workload.accept(listener)
        assert isinstance(answer(workload, handshake), types.Error_ConnectionClosed)
    client, server = workload.connected(listener, roots(authority))
    client.write(b"x")
    assert workload.read(server) == b"x"
    client.drop()
    server.drop()
    deadline = time.monotonic() + 600
    while len(os.listdir("/proc/self/fd")) > before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_name_that_the_client_made_up(workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    """Whatever name a client tells, it is text, or there is none."""
    context = client_side(authority, tmp_path)
    context.check_hostname = False
    listener = workload.listen(leaf)

    def ask(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_hostname="x" * 63 + ".a b;\t'.test") as connection:
            connection.recv(1)

    with calling(listener.local_address().port, ask):
        handshake = workload.accept(listener)
        server = workload.when(handshake.subscribe, handshake.finish)
        assert server.info().server_name == "x" * 63 + ".a b;\t'.test"
        server.drop()
