"""Against ends that are not ours: Python's own TLS and the openssl program, in both roles and both versions."""

import re
import shutil
import socket
import ssl
import struct
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tls_certificates import Authority, Leaf
from tls_hosts import TLS12, TLS13, Workload, roots
from tls_peers import calling, client_side, openssl, server_side, serving

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls.suites import TLS12_SUITES, TLS13_SUITES

NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
VERSIONS = {TLS12: ssl.TLSVersion.TLSv1_2, TLS13: ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("mutual", [False, True])
def test_a_server_of_python(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion, mutual: bool
) -> None:
    context = server_side(leaf, tmp_path, authority if mutual else None)
    context.maximum_version = VERSIONS[version]
    context.set_alpn_protocols(["echo"])
    seen: dict[str, object] = {}

    def echo(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_side=True) as connection:
            seen.update(protocol=connection.selected_alpn_protocol(), peer=connection.getpeercert(True))
            while data := connection.recv(100):
                connection.sendall(data)
            connection.unwrap()

    own = authority.issue("client.test")
    with serving(echo) as port:
        client = workload.connect(port, roots(authority), leaf=own, protocols=("echo",))
        workload.write_all(client, b"x" * 1000)
        assert workload.read_exactly(client, 1000) == b"x" * 1000
        client.close_output()
        assert workload.read_all(client) == b""
    info = client.info()
    assert (info.version, info.protocol) == (version, "echo")
    assert info.cipher_suite in (TLS13_SUITES if version is TLS13 else TLS12_SUITES.values())
    assert info.peer_certificates[0] == leaf.der
    assert seen == {"protocol": "echo", "peer": own.der if mutual else None}


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("mutual", [False, True])
def test_a_client_of_python(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion, mutual: bool
) -> None:
    own = authority.issue("client.test")
    context = client_side(authority, tmp_path, own)
    context.maximum_version = VERSIONS[version]
    listener = workload.listen(leaf, roots(authority) if mutual else None)

    def ask(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_hostname="server.test") as connection:
            connection.sendall(b"question")
            assert connection.recv(100) == b"answer"
            connection.unwrap()

    with calling(listener.local_address().port, ask):
        handshake = workload.accept(listener)
        server = workload.when(handshake.subscribe, handshake.finish)
        assert workload.read_exactly(server, 8) == b"question"
        workload.write_all(server, b"answer")
        assert workload.read_all(server) == b""
        server.close_output()
    info = server.info()
    assert (info.version, info.server_name) == (version, "server.test")
    assert info.peer_certificates == ([own.der, *workload.keys(own).certificates()[1:]] if mutual else [])


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_no_session_is_taken_up_again(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion
) -> None:
    context = client_side(authority, tmp_path)
    context.maximum_version = VERSIONS[version]
    listener = workload.listen(leaf)
    sessions: list[ssl.SSLSession | None] = [None]

    def ask(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_hostname="server.test", session=sessions[-1]) as connection:
            connection.recv(1)
            assert not connection.session_reused
            sessions.append(connection.session)

    for _ in range(3):
        with calling(listener.local_address().port, ask):
            handshake = workload.accept(listener)
            server = workload.when(handshake.subscribe, handshake.finish)
            workload.write_all(server, b"x")
            server.drop()
    assert len(sessions) == 4


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_connection_that_is_cut_off_is_no_end(
    workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, version: wit.TlsVersion
) -> None:
    context = server_side(leaf, tmp_path)
    context.maximum_version = VERSIONS[version]

    def cut(raw: socket.socket) -> None:
        connection = context.wrap_socket(raw, server_side=True)
        connection.sendall(b"the first half")
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    with serving(cut) as port:
        client = workload.connect(port, roots(authority))
        assert workload.read_exactly(client, 14) == b"the first half"
        for _ in range(2):
            with pytest.raises(types.Error_Peer):
                workload.read(client)
        assert client.subscribe_read().ready()


def test_a_connection_that_is_reset(workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    context = server_side(leaf, tmp_path)

    def reset(raw: socket.socket) -> None:
        connection = context.wrap_socket(raw, server_side=True)
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with serving(reset) as port:
        client = workload.connect(port, roots(authority))
        client.write(b"x")
        with pytest.raises(types.Error_Peer):
            workload.read(client)
        with pytest.raises(types.Error_Peer):
            workload.write_all(client, bytes(4 << 20))
        assert client.subscribe_write().ready()


@pytest.mark.parametrize("ciphers", ["AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384"])
def test_suites_that_are_never_spoken(workload: Workload, authority: Authority, tmp_path: Path, ciphers: str) -> None:
    """Keys that last, encryption without authentication in it, and Diffie-Hellman over other groups than curves."""
    context = client_side(authority, tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    listener = workload.listen(authority.issue(key=rsa.generate_private_key(65537, 2048)))
    _refused(workload, listener, context)


def test_versions_that_are_never_spoken(workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    context = client_side(authority, tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    _refused(workload, workload.listen(leaf), context)
    context = client_side(authority, tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _refused(workload, workload.listen(leaf, oldest=TLS13), context)


def _refused(workload: Workload, listener: wit.Listener, context: ssl.SSLContext) -> None:
    def ask(raw: socket.socket) -> None:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(raw, server_hostname="server.test")

    with calling(listener.local_address().port, ask):
        handshake = workload.accept(listener)
        with pytest.raises(types.Error_Peer):
            workload.when(handshake.subscribe, handshake.finish)


@NEEDS_OPENSSL
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_openssl_as_client_exports_the_same(
    workload: Workload, authority: Authority, leaf: Leaf, version: wit.TlsVersion
) -> None:
    listener = workload.listen(leaf)
    port = listener.local_address().port
    wanted = "-tls1_3" if version is TLS13 else "-tls1_2"
    client = openssl(
        "s_client", "-connect", f"127.0.0.1:{port}", wanted, "-keymatexport", "EXPORTER-test", "-keymatexportlen", 32
    )
    try:
        handshake = workload.accept(listener)
        server = workload.when(handshake.subscribe, handshake.finish)
        assert client.stdin is not None
        client.stdin.write(b"hello\n")
        client.stdin.flush()
        assert workload.read_exactly(server, 6) == b"hello\n"
        if version is TLS12:
            with pytest.raises(types.Error_InvalidState):
                server.export_keying_material("EXPORTER-test", b"", 32)
        else:
            exported = server.export_keying_material("EXPORTER-test", b"", 32)
        server.drop()
        output, _ = client.communicate(timeout=600)
    finally:
        client.kill()
        client.wait()
    if version is TLS13:
        found = re.search(rb"Keying material: ([0-9A-F]+)", output)
        assert found is not None
        assert bytes.fromhex(found[1].decode()) == exported


@NEEDS_OPENSSL
def test_openssl_changes_keys_while_data_flows(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    """`k` and `K` have s_client change its keys, the second ours too: nothing of that is data."""
    listener = workload.listen(leaf)
    client = openssl("s_client", "-connect", f"127.0.0.1:{listener.local_address().port}", "-tls1_3")
    try:
        handshake = workload.accept(listener)
        server = workload.when(handshake.subscribe, handshake.finish)
        assert client.stdin is not None
        pollable = server.subscribe_read()
        for number in range(5):
            client.stdin.write(b"K\n")
            client.stdin.flush()
            time.sleep(0.05)
            assert not pollable.ready()
            client.stdin.write(b"line %d\n" % number)
            client.stdin.flush()
            assert workload.read_exactly(server, 7) == b"line %d\n" % number
            workload.write_all(server, b"answer")
        server.drop()
        output, _ = client.communicate(timeout=600)
        assert output.count(b"answer") == 5
    finally:
        client.kill()
        client.wait()


@NEEDS_OPENSSL
@pytest.mark.parametrize("wanted", ["-tls1_2", "-tls1_3"])
def test_openssl_as_server(workload: Workload, authority: Authority, leaf: Leaf, tmp_path: Path, wanted: str) -> None:
    certificates, key = leaf.files(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = openssl(
        "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificates, "-cert_chain", certificates, "-key", key,
        wanted, "-rev", "-naccept", 1,
    )  # fmt: skip
    try:
        client = None
        until = time.monotonic() + 60
        while client is None and time.monotonic() < until:
            try:
                client = workload.connect(port, roots(authority))
            except types.Error_ConnectionClosed:
                time.sleep(0.02)
        assert client is not None
        workload.write_all(client, b"olleh\n")
        assert workload.read_exactly(client, 6) == b"hello\n"
        client.drop()
        assert server.wait(600) == 0
    finally:
        server.kill()
        server.communicate()
