"""TLS 1.3 on loopback: handshakes and 64 MiB through the provider, and through pyOpenSSL with nothing around it.

Both ends of a measurement are of the same kind and in one process. The ratios say how much of pyOpenSSL's speed is
left; handshakes are of both ends with a certificate of ECDSA on P-256, the server's proven by a root.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from benchmarks.measure import side_by_side
from elastic_hal.reference_impl.bindings.elastic_hal import poll, types
from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.tls import TlsProvider, Watcher
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.network_grants import Destination, TlsGrant
from elastic_hal.runtime.policy import Grant

MEBIBYTES = 64
HANDSHAKES = 50
PIECE = bytes(1 << 20)
NAME = "server.test"

T = TypeVar("T")


def run() -> dict[str, float]:
    """Measures both, in turns, and gives seconds and the ratios between them."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    provider, alone = _Provider(key, certificate), _Alone(key, certificate)
    try:
        provider_handshake, alone_handshake = side_by_side(
            (provider.shake_hands, HANDSHAKES), (alone.shake_hands, HANDSHAKES)
        )
        provider_data, alone_data = side_by_side((provider.transfer, 1), (alone.transfer, 1))
    finally:
        provider.close()
        alone.close()
    return {
        "tls.provider_handshake_s": provider_handshake,
        "tls.alone_handshake_s": alone_handshake,
        "tls.handshakes_per_second": 1 / provider_handshake,
        "tls.handshake_ratio": alone_handshake / provider_handshake,
        "tls.provider_64_mib_s": provider_data,
        "tls.alone_64_mib_s": alone_data,
        "tls.64mib.ratio_vs_library": alone_data / provider_data,
    }


class _Provider:
    """Two workloads of the provider, each on its thread."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        loopback, watcher = ipaddress.ip_address("127.0.0.1"), Watcher()
        grant = Grant(tls=TlsGrant((Destination(loopback, None),), (Destination(loopback, 0),)))
        self._controls = Control(), Control()
        self._server, self._client = (
            TlsProvider(watcher, Identity("bench", ""), grant, control) for control in self._controls
        )
        file = pkcs12.serialize_key_and_certificates(None, key, certificate, None, NoEncryption())
        keys = self._server.KeyContext_load_pkcs12(file, "")
        self._trust = wit.Trust_Roots([certificate.public_bytes(Encoding.DER)])
        self._listener = self._server.Listener_listen(
            wit.Address("127.0.0.1", 0), wit.ServerOptions(keys, None, [], wit.TlsVersion.TLS13)
        )

    def shake_hands(self) -> None:
        def accept() -> None:
            for _ in range(HANDSHAKES):
                self._accept().drop()

        _beside(accept, lambda: [self._connect().drop() for _ in range(HANDSHAKES)])

    def transfer(self) -> None:
        def send() -> None:
            connection = self._connect()
            for _ in range(MEBIBYTES):
                left = PIECE
                while left:
                    left = left[_when(connection.subscribe_write, lambda data=left: connection.write(data)) :]
            connection.drop()

        _beside(send, self._read_all)

    def _read_all(self) -> None:
        connection, size = self._accept(), 0
        try:
            while True:
                size += len(_when(connection.subscribe_read, lambda: connection.read(len(PIECE))))
        except types.Error_ConnectionClosed:
            connection.drop()
        if size != MEBIBYTES * len(PIECE):
            raise RuntimeError(f"{size} bytes arrived")

    def _connect(self) -> wit.Connection:
        options = wit.ClientOptions(self._trust, NAME, None, [], wit.TlsVersion.TLS13)
        handshake = self._client.ClientHandshake_start(self._listener.local_address(), options)
        return _when(handshake.subscribe, handshake.finish)

    def _accept(self) -> wit.Connection:
        handshake = _when(self._listener.subscribe, self._listener.accept)
        return _when(handshake.subscribe, handshake.finish)

    def close(self) -> None:
        for control in self._controls:
            control.end()


class _Alone:
    """pyOpenSSL on sockets that wait, two threads, and a name that nobody checks."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._server, self._certificate = SSL.Context(SSL.TLS_SERVER_METHOD), certificate
        self._server.use_certificate(certificate)
        self._server.use_privatekey(key)
        self._listener = socket.create_server(("127.0.0.1", 0))

    def shake_hands(self) -> None:
        def accept() -> None:
            for _ in range(HANDSHAKES):
                _end(self._accept())

        _beside(accept, lambda: [_end(self._connect()) for _ in range(HANDSHAKES)])

    def transfer(self) -> None:
        def send() -> None:
            connection = self._connect()
            for _ in range(MEBIBYTES):
                connection.sendall(PIECE)
            _end(connection)

        _beside(send, self._read_all)

    def _read_all(self) -> None:
        connection, size = self._accept(), 0
        try:
            while True:
                size += len(connection.recv(1 << 16))
        except SSL.ZeroReturnError:
            _end(connection)
        if size != MEBIBYTES * len(PIECE):
            raise RuntimeError(f"{size} bytes arrived")

    def _connect(self) -> SSL.Connection:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        store = context.get_cert_store()
        if store is None:
            raise RuntimeError("OpenSSL has no store of certificates")
        store.add_cert(_as_library(self._certificate))
        context.set_verify(SSL.VERIFY_PEER)
        connection = SSL.Connection(context, socket.create_connection(self._listener.getsockname()))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.set_connect_state()
        connection.do_handshake()
        return connection

    def _accept(self) -> SSL.Connection:
        raw, _ = self._listener.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = SSL.Connection(self._server, raw)
        connection.set_accept_state()
        connection.do_handshake()
        return connection

    def close(self) -> None:
        self._listener.close()


def _end(connection: SSL.Connection) -> None:
    """Close as the provider does: not before the other end has closed too, or what is on its way would be lost."""
    with contextlib.suppress(SSL.Error, OSError):
        connection.shutdown()
        connection.sock_shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass
    connection.close()


def _when(subscribe: Callable[[], poll.Pollable], call: Callable[[], T]) -> T:
    while True:
        try:
            return call()
        except types.Error_WouldBlock:
            subscribe().block()


def _beside(one: Callable[[], object], other: Callable[[], object]) -> None:
    thread = threading.Thread(target=one)
    thread.start()
    other()
    thread.join()


def _as_library(certificate: x509.Certificate) -> crypto.X509:
    return crypto.X509.from_cryptography(certificate)


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate that signs itself: root and server in one."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
