"""TLS over TCP, with sockets and keys that the host holds (SOC-3, SOC-4, SOC-7, SOC-8).

    with tls.connect("api.example.org", 443, protocols=["http/1.1"]) as connection:
        connection.send(request)                       # or: await connection.asend(request)
        for piece in connection: ...                   # or: async for piece in connection: ...

    with tls.listen("127.0.0.1", 8443, keys=tls.load_pkcs12(data, password)) as listener:
        with listener.accept() as connection: ...      # or: async for connection in listener: ...

The host's policy says which addresses may be connected to and listened at. The async forms work under
`eventloop.run`. Failures are the exceptions of `errors`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence

from . import waiting as _waiting
from .bindings.elastic_hal import tls as _tls
from .bindings.elastic_hal.tls import Address, ConnectionInfo, KeyContext, TlsVersion, Trust
from .bindings.elastic_hal.tls import Trust_Anyone as Anyone
from .bindings.elastic_hal.tls import Trust_PublicKeys as PublicKeys
from .bindings.elastic_hal.tls import Trust_Roots as Roots
from .bindings.elastic_hal.tls import Trust_System as System
from .errors import HalError
from .keys import SigningKey
from .tls_connection import CHUNK_BYTES, Connection
from .tls_listener import MOST_AT_ONCE, Listener

__all__ = [
    "CHUNK_BYTES",
    "Address",
    "Anyone",
    "Connection",
    "ConnectionInfo",
    "KeyContext",
    "Listener",
    "PublicKeys",
    "Roots",
    "System",
    "TlsVersion",
    "Trust",
    "aconnect",
    "certificates_from_pem",
    "connect",
    "finish",
    "listen",
    "load_pkcs12",
    "self_signed",
]

LONGEST_VALIDITY_SECONDS = 31_622_400
"""How long a self-signed certificate can be valid: 366 days."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def connect(
    host: str,
    port: int,
    *,
    trust: Trust | None = None,
    server_name: str | None = None,
    keys: KeyContext | None = None,
    protocols: Sequence[str] = (),
    oldest: TlsVersion = TlsVersion.TLS12,
    timeout: float | None = None,
) -> Connection:
    """Connects to a server and waits until keys are agreed upon.

    The server proves who it is as `trust` says; by default to the roots of the host's operating system. Raises
    VerificationFailed where it does not, AccessDenied where the policy does not grant the address, TimedOut after
    `timeout` seconds, at the latest after 30.
    """
    until = _waiting.moment(timeout)
    handshake = _start(host, port, trust, server_name, keys, protocols, oldest)
    with handshake, handshake.subscribe() as pollable:
        return Connection(_waiting.call(handshake.finish, lambda: pollable, until))


async def aconnect(
    host: str,
    port: int,
    *,
    trust: Trust | None = None,
    server_name: str | None = None,
    keys: KeyContext | None = None,
    protocols: Sequence[str] = (),
    oldest: TlsVersion = TlsVersion.TLS12,
) -> Connection:
    """As `connect`, while other tasks go on."""
    return await finish(_start(host, port, trust, server_name, keys, protocols, oldest))


def listen(
    host: str,
    port: int,
    *,
    keys: KeyContext,
    client_trust: Trust | None = None,
    protocols: Sequence[str] = (),
    oldest: TlsVersion = TlsVersion.TLS12,
    on_failure: Callable[[HalError], None] | None = None,
    most_at_once: int = MOST_AT_ONCE,
) -> Listener[Connection]:
    """Listens at an IP address of the host; port 0 lets the host choose one, which `address` of the listener tells.

    With `client_trust`, clients have to prove who they are. Raises AccessDenied where the policy does not grant the
    address, AlreadyExists where the port is taken.
    """
    options = _tls.ServerOptions(keys, client_trust, list(protocols), oldest)
    handle = _tls.Listener.listen(Address(host, port), options)
    return Listener(handle, finish, most_at_once=most_at_once, on_failure=on_failure)


async def finish(handshake: _tls.ClientHandshake | _tls.ServerHandshake) -> Connection:
    """Waits until keys are agreed upon, and gives the connection."""
    with handshake, handshake.subscribe() as pollable:
        return Connection(await _waiting.acall(handshake.finish, lambda: pollable))


def load_pkcs12(data: bytes, password: str = "") -> KeyContext:
    """The key and certificates of a PKCS#12 file. Raises VerificationFailed for the wrong password."""
    return KeyContext.load_pkcs12(data, password)


def self_signed(key: SigningKey, name: str, seconds: int = LONGEST_VALIDITY_SECONDS) -> KeyContext:
    """A certificate that the key signs itself, for whoever trusts the key: ECDSA on P-256 or P-384, or Ed25519."""
    return KeyContext.self_signed(key.handle, name, seconds)


def certificates_from_pem(text: bytes | str) -> list[bytes]:
    """The certificates in a PEM file in DER, such as `Roots` takes. Raises ValueError where there is none."""
    data = text.encode() if isinstance(text, str) else text
    found = [base64.b64decode(b"".join(body.split()), validate=True) for body in _PEM.findall(data)]
    if not found:
        raise ValueError("no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----")
    return found


def _start(
    host: str,
    port: int,
    trust: Trust | None,
    server_name: str | None,
    keys: KeyContext | None,
    protocols: Sequence[str],
    oldest: TlsVersion,
) -> _tls.ClientHandshake:
    options = _tls.ClientOptions(System() if trust is None else trust, server_name, keys, list(protocols), oldest)
    return _tls.ClientHandshake.start(Address(host, port), options)
