"""TLS and attested TLS in a real guest, which talks to itself and to a server of Python's own TLS."""

import ast
import base64
import contextlib
import datetime
import hashlib
import json
import socket
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PublicFormat,
    pkcs12,
)
from OpenSSL import SSL

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.evidence import root_certificate
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.network_grants import Destination, TlsGrant, parse_host
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

CHECKS = Path(__file__).parent / "tls_checks"
NAMES = [
    node.name.removeprefix("check_")
    for node in ast.parse((CHECKS / "src" / "app.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
]
HERE = parse_host("127.0.0.1")
PROTOCOLS = (b"echo/1", b"export/1", b"who/1", b"breaks/1", b"dial/1")


def certificate(name, key, issuer=None, issuer_key=None):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer_key or key, hashes.SHA256())
    )


class Server:
    """A server in threads: sends back what it gets, or does what the protocol says that both agree upon."""

    def __init__(self):
        root_key, key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = certificate("root.test", root_key)
        server = certificate("echo.test", key, root, root_key)
        client = certificate("guest", client_key, root, root_key)
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_privatekey(key)
        self._context.use_certificate(server)
        self._context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self._context.set_alpn_select_callback(self._choose)
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        echo, silent = (each.getsockname()[1] for each in self._sockets)
        threading.Thread(target=self._accept, daemon=True).start()
        self.has = {
            "echo": echo,
            "silent": silent,
            "root": root.public_bytes(Encoding.PEM).decode(),
            "key": hashlib.sha256(spki).hexdigest(),
            "pkcs12": base64.b64encode(
                pkcs12.serialize_key_and_certificates(
                    b"guest", client_key, client, [root], BestAvailableEncryption(b"secret")
                )
            ).decode(),
        }

    def close(self):
        for each in self._sockets:
            each.close()

    @staticmethod
    def _choose(_connection, offered):
        return next((name for name in offered if name in PROTOCOLS), SSL.NO_OVERLAPPING_PROTOCOLS)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._sockets[0].accept()
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted):
        connection = SSL.Connection(self._context, accepted)
        connection.set_accept_state()
        with accepted, contextlib.suppress(SSL.Error, OSError):
            connection.do_handshake()
            protocol = connection.get_alpn_proto_negotiated()
            if protocol == b"export/1":
                connection.sendall(connection.export_keying_material(b"EXPORTER-test", 48, b"context"))
            elif protocol == b"who/1":
                shown = connection.get_peer_certificate(as_cryptography=True)
                connection.sendall(shown.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value.encode())
            elif protocol == b"breaks/1":
                connection.sendall(b"some")
                accepted.shutdown(socket.SHUT_RDWR)  # without a word that this is the end
                return
            elif protocol == b"dial/1":
                _dial(int.from_bytes(connection.recv(2), "big"))
            else:
                with contextlib.suppress(SSL.ZeroReturnError):
                    while True:
                        connection.sendall(connection.recv(65536))
            connection.shutdown()
            with contextlib.suppress(SSL.ZeroReturnError):
                connection.recv(1)


def _dial(port):
    """Three clients, while one that speaks no TLS has been there and one that says nothing stays."""
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        for number in range(3):
            with socket.create_connection(("127.0.0.1", port)) as accepted:
                client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), accepted)
                client.set_connect_state()
                client.sendall(f"number {number}".encode())
                client.recv(8)
                client.shutdown()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def check(tmp_path_factory, server):
    folder = tmp_path_factory.mktemp("tls-checks")
    engine = Engine(folder / "cache")
    component = engine.load(build(CHECKS, folder / "tls-checks.wasm"))
    platform = platforms.load("simulated", state_directory=folder / "state")
    (folder / "root.pem").write_bytes(root_certificate(platform).public_bytes(Encoding.PEM))
    identity = Identity("tls-checks", component.digest)
    granted = {"ourselves": identity.digest_bytes.hex(), "strangers": "00" * 32}
    for name, digest in granted.items():
        (folder / f"{name}.toml").write_text(
            f'version = 1\nallow_simulated = true\n[measurements.workload]\n{name} = "sha-256:{digest}"\n'
        )
    grant = Grant(
        limits=Limits(deadline_seconds=600),
        attestation=frozenset({"workload"}),
        appraisal={name: AppraisalGrant(folder / f"{name}.toml", (folder / "root.pem",)) for name in granted},
        tls=TlsGrant(connect=(Destination(HERE, None),), listen=(Destination(HERE, 0),)),
    )

    def run(name):
        output, error = bytearray(), bytearray()
        outcome = Workload(
            engine,
            component,
            identity,
            grant,
            link=ReferenceHost(platform).link,
            arguments=(name, json.dumps(server.has)),
            output=output.extend,
            error=error.extend,
        ).run()
        assert outcome.succeeded, (outcome, error.decode())
        return json.loads(output)

    return run


@pytest.mark.parametrize("name", NAMES)
def test_inside(check, name):
    found = check(name)
    assert found == {"check": name, "problem": None}, found["problem"]
