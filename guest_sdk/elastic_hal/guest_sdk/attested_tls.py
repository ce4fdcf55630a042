"""TLS between workloads that prove to each other what they are, on whichever machine each of them runs.

    with attested_tls.connect("ledger.example", 8443, policy="ledger") as connection:
        connection.send(reading)                       # or: await connection.asend(reading)

    with attested_tls.listen("0.0.0.0", 8443, policy="meters") as listener:
        with listener.accept() as connection:          # or: async for connection in listener: ...
            print(connection.peer_workload.hex(), connection.receive())

`policy` names what the host's policy lets this workload appraise others by. A connection is there only after each end
has appraised the evidence of the other, over this very connection and the key of its certificate. The protocol, and
what it is good against, is in docs/attested-tls.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from . import eventloop as _eventloop
from . import tls as _tls
from .attestation import Appraisal
from .attested_exchange import PROTOCOL, Exchange, Identity
from .bindings.elastic_hal import tls as _host
from .errors import HalError, TimedOut

__all__ = ["Appraisal", "Connection", "Listener", "aconnect", "connect", "listen"]

TIMEOUT_SECONDS = 30.0
"""How long a connection may take, from its first byte to the word that both ends accept each other."""
MOST_AT_ONCE = 16
"""Clients that prove themselves to a listener at one time. Each of them may make it hold 1 MiB."""


class Connection(_tls.Connection):
    """A connection to a workload that has proven what it is, and has accepted this one."""

    def __init__(self, handle: _host.Connection, peer: Appraisal) -> None:
        super().__init__(handle)
        self.peer = peer
        """What the other end has proven: its platform, its measurements, and the key of its certificate."""

    @property
    def peer_workload(self) -> bytes:
        """The SHA-256 digest of the component at the other end."""
        return next(measured.value for measured in self.peer.measurements if measured.name == "workload")


class Listener(_tls.Listener[Connection]):
    """A place where clients connect that prove what they are."""

    def __init__(
        self,
        handle: _host.Listener,
        identity: Identity,
        policy: str,
        timeout: float,
        *,
        most_at_once: int = MOST_AT_ONCE,
        on_failure: Callable[[HalError], None] | None = None,
    ) -> None:
        async def prepare(handshake: _host.ServerHandshake) -> Connection:
            async with _deadline(timeout):
                return await _attested(Exchange(await _tls.finish(handshake), identity, policy), is_client=False)

        super().__init__(handle, prepare, most_at_once=most_at_once, on_failure=on_failure)
        self._identity = identity

    def close(self) -> None:
        """Closes it, and gives up its key. Calling it again does nothing."""
        super().close()
        self._identity.close()


def connect(host: str, port: int, *, policy: str, timeout: float = TIMEOUT_SECONDS) -> Connection:
    """Connects to a workload that the policy accepts, and proves to it what this one is.

    Raises VerificationFailed where the other end did not prove itself, Peer where it does not accept this workload or
    speaks another protocol, AccessDenied where the host's policy does not grant the address, evidence of the workload
    or the verification policy, and TimedOut after `timeout` seconds.
    """
    return _eventloop.run(aconnect(host, port, policy=policy, timeout=timeout))


async def aconnect(host: str, port: int, *, policy: str, timeout: float = TIMEOUT_SECONDS) -> Connection:
    """As `connect`, while other tasks go on."""
    with contextlib.closing(Identity.generate()) as identity:
        async with _deadline(timeout):
            channel = await _tls.aconnect(
                host,
                port,
                trust=_tls.Anyone(),
                keys=identity.keys,
                protocols=[PROTOCOL],
                oldest=_tls.TlsVersion.TLS13,
            )
            return await _attested(Exchange(channel, identity, policy), is_client=True)


def listen(
    host: str,
    port: int,
    *,
    policy: str,
    timeout: float = TIMEOUT_SECONDS,
    most_at_once: int = MOST_AT_ONCE,
    on_failure: Callable[[HalError], None] | None = None,
) -> Listener:
    """Listens for workloads that the policy accepts; each has `timeout` seconds to prove itself.

    Clients that are refused never end the listener; `on_failure` gets the error. What is wrong on this side, such as a
    verification policy that is not granted, is raised where a client is accepted.
    """
    identity = Identity.generate()
    try:
        options = _host.ServerOptions(identity.keys, _tls.Anyone(), [PROTOCOL], _tls.TlsVersion.TLS13)
        handle = _host.Listener.listen(_tls.Address(host, port), options)
    except BaseException:
        identity.close()
        raise
    return Listener(handle, identity, policy, timeout, most_at_once=most_at_once, on_failure=on_failure)


async def _attested(exchange: Exchange, *, is_client: bool) -> Connection:
    """Gives the connection once both ends accept each other; else closes it."""
    try:
        peer = await (exchange.as_client() if is_client else exchange.as_server())
        return Connection(exchange.channel.detach(), peer)
    except BaseException:
        exchange.channel.close()
        raise


@contextlib.asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimedOut from None
