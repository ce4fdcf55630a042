"""Ends of attested TLS in Python, which keep to the protocol or do not, and the evidence that they show."""

from __future__ import annotations

import contextlib
import datetime
import queue
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from attested_world import SECONDS, World
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

from elastic_hal.guest_sdk import evidence_frames as frames
from elastic_hal.guest_sdk.evidence_frames import Kind

PROTOCOL = b"elastic-hal-attested-tls/1"
LABEL = b"EXPERIMENTAL-elastic-hal-attested-tls-1"
CLIENT, SERVER = b"client", b"server"


class End:
    """One end of a TLS connection, with a fresh key that evidence can name."""

    def __init__(
        self,
        connected: socket.socket,
        *,
        is_server: bool,
        protocols: tuple[bytes, ...] = (PROTOCOL,),
        shows_certificate: bool = True,
        newest: int = SSL.TLS1_3_VERSION,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_max_proto_version(newest)
        if shows_certificate:
            context.use_privatekey(key)
            context.use_certificate(_certificate(key))
        if is_server:
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
            context.set_alpn_select_callback(lambda _, offered: next(name for name in offered if name in protocols))
        elif protocols:
            context.set_alpn_protos(list(protocols))
        # A peer that never answers fails the test; it does not hang it.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SECONDS, 0))
        self._socket = connected
        self.tls = SSL.Connection(context, connected)
        (self.tls.set_accept_state if is_server else self.tls.set_connect_state)()
        try:
            self.tls.do_handshake()
        except SSL.Error:
            connected.close()
            raise

    @classmethod
    def dial(cls, port: int, **options: Any) -> End:
        return cls(socket.create_connection(("127.0.0.1", port)), is_server=False, **options)

    def nonce(self, role: bytes) -> bytes:
        return self.tls.export_keying_material(LABEL, 64, role)

    def peer_key(self) -> bytes:
        certificate = self.tls.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def send(self, data: bytes) -> None:
        self.tls.sendall(data)

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.tls.recv(count - len(data))
        return data

    def receive_frame(self) -> tuple[Kind, bytes]:
        kind, length = frames.read_header(self.receive(frames.HEADER_BYTES))
        return kind, self.receive(length)

    def is_closed(self) -> bool:
        """Waits for the other end to go, and tells that it has said nothing more."""
        try:
            return self.tls.recv(1) == b""
        except (SSL.ZeroReturnError, SSL.SysCallError):
            return True
        except SSL.WantReadError:
            return False
        except SSL.Error:
            return True  # an alert: it does not accept the handshake

    def close(self) -> None:
        with contextlib.suppress(SSL.Error):
            self.tls.shutdown()
        self._socket.close()


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attested")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


@contextlib.contextmanager
def serving(script: Callable[[End], object]) -> Iterator[int]:
    """A server that plays a ledger for one client; what the script raises, the block raises at its end."""
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def serve() -> None:
        try:
            accepted, _ = listener.accept()
            end = End(accepted, is_server=True)
            try:
                script(end)
            finally:
                end.close()
        except BaseException as error:
            outcome.put(error)
        else:
            outcome.put(None)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
    error = outcome.get()
    if error is not None:
        raise error


@dataclass(frozen=True)
class Made:
    """Somebody's evidence for one end of a connection. `lenient` is where the operator demands no digest."""

    body: Callable[[World, End, str, bytes], bytes]
    lenient: bool = False


def other_role(role: bytes) -> bytes:
    return SERVER if role == CLIENT else CLIENT


def changed(body: bytes) -> bytes:
    """The signature is at the end of the evidence."""
    evidence, certificates = frames.read_evidence(body)
    return frames.write_evidence(evidence[:-1] + bytes([evidence[-1] ^ 1]), certificates)


GOOD = Made(lambda world, end, name, role: world.evidence(name, end.nonce(role), end.key))
BAD = {
    "for another connection": Made(lambda world, end, name, _: world.evidence(name, secrets.token_bytes(64), end.key)),
    "for the other end": Made(
        lambda world, end, name, role: world.evidence(name, end.nonce(other_role(role)), end.key)
    ),
    "for the key of the other end": Made(
        lambda world, end, name, role: world.evidence(name, end.nonce(role), end.peer_key())
    ),
    "for another key": Made(
        lambda world, end, name, role: world.evidence(name, end.nonce(role), changed_key()), lenient=True
    ),
    "for no key": Made(lambda world, end, name, role: world.evidence(name, end.nonce(role), None), lenient=True),
    "of another component": Made(
        lambda world, end, name, role: world.evidence(name, end.nonce(role), end.key, digest="sha256:" + 64 * "0")
    ),
    "of the platform alone": Made(
        lambda world, end, _, role: world.evidence_of_platform(end.nonce(role), end.key), lenient=True
    ),
    "changed": Made(lambda world, end, name, role: changed(world.evidence(name, end.nonce(role), end.key))),
    "none": Made(lambda *_: frames.write_evidence(b"", [])),
}


def changed_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


ACCEPTED = frames.frame(Kind.ACCEPTED)
OUT_OF_ORDER = {
    "accepted at once": ACCEPTED,
    "refused at once": frames.frame(Kind.REFUSED),
    "an unknown kind": bytes([9, 0, 0, 0, 0]),
    "a long frame": bytes([Kind.EVIDENCE, 0xFF, 0xFF, 0xFF, 0xFF]),
    "a body where none is": bytes([Kind.ACCEPTED, 0, 0, 0, 1, 0]),
    "an empty body": frames.frame(Kind.EVIDENCE),
    "another format": frames.frame(Kind.EVIDENCE, bytes([2, 0, 0, 0, 0])),
    "data": b"7 Wh\n",
}
