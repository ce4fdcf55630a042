"""A protected connection as a workload has it (SOC-3, SOC-4)."""

from __future__ import annotations

import time
from collections.abc import Callable

from OpenSSL import SSL, crypto

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import poll, types
from ..bindings.elastic_hal import tls as wit
from ..bounds import MAX_DATA_BYTES, check_size
from ..polling import Pollable
from ..strangers import origin_of
from .bounds import MOST_CONTEXT_BYTES, MOST_EXPORTED_BYTES, MOST_LABEL_BYTES
from .certificates import public_key_info
from .places import Places
from .session import Session
from .suites import TLS12_SUITES


class Connection(wit.Connection):
    """One end of a connection. It holds a place among the workload's connections until it is dropped."""

    def __init__(self, session: Session, info: wit.ConnectionInfo, places: Places, control: Control) -> None:
        self._session = session
        self._info = info
        self._places = places
        self._control = control
        self._is_dropped = False
        self._began = time.monotonic()
        self.take_back: Callable[[Connection], None] | None = None

    @property
    def log_name(self) -> str:
        """What it is called in the host's log."""
        address = self._info.peer_address
        return f"connection with {address.host} at port {address.port}"

    @property
    def origin(self) -> str:
        """Whom it counts for."""
        return origin_of((self._info.peer_address.host,))

    @property
    def unused_since(self) -> float | None:
        """Since when it is there, where nobody has sent anything over it."""
        return None if self._session.is_used else self._began

    def give_up(self) -> None:
        """Close it, whatever the workload is waiting for."""
        self._session.transport.close()
        self._places.give_back(self)

    def info(self) -> wit.ConnectionInfo:
        """Tell what was agreed upon."""
        return self._info

    def read(self, most: int) -> bytes:
        """Read what has arrived."""
        if not most:
            raise types.Error_InvalidArgument("most: is 0, so that nothing could be read")
        return self._session.read(min(most, MAX_DATA_BYTES))

    def write(self, data: bytes) -> int:
        """Write."""
        check_size("data", data)
        return self._session.write(data)

    def close_output(self) -> None:
        """Say that nothing more comes."""
        self._session.close_output()

    def export_keying_material(self, label: str, context: bytes, length: int) -> bytes:
        """Derive bytes that only both ends have."""
        if not label.isascii() or not 1 <= len(label) <= MOST_LABEL_BYTES:
            raise types.Error_InvalidArgument(f"label: must have 1 to {MOST_LABEL_BYTES} bytes of ASCII")
        if len(context) > MOST_CONTEXT_BYTES:
            raise types.Error_InvalidArgument(f"context: has {len(context)} bytes, more than {MOST_CONTEXT_BYTES}")
        if not 1 <= length <= MOST_EXPORTED_BYTES:
            raise types.Error_InvalidArgument(f"length: is {length}, not 1 to {MOST_EXPORTED_BYTES}")
        if self._info.version is not wit.TlsVersion.TLS13:
            raise types.Error_InvalidState("the exporter of TLS 1.2 does not always bind the connection")
        with self._session.transport.lock:
            return self._session.tls.export_keying_material(label.encode(), length, context)

    def subscribe_read(self) -> poll.Pollable:
        """Make a pollable for what arrives."""
        return Pollable(
            self._control, lambda: self._is_dropped or self._session.can_read(), self._session.transport.changes
        )

    def subscribe_write(self) -> poll.Pollable:
        """Make a pollable for room."""
        return Pollable(
            self._control, lambda: self._is_dropped or self._session.can_write(), self._session.transport.changes
        )

    def _refuse(self) -> None:
        if self.take_back is None:
            self.drop()
        else:
            self.take_back(self)

    def drop(self) -> None:
        """Close it; what was written is sent in the background."""
        if not self._is_dropped:
            self._is_dropped = True
            self._session.close_output()
            self._places.linger(self, self._session.transport)


def establish(session: Session, places: Places, control: Control) -> Connection:
    """Make the connection of a handshake that is over."""
    tls = session.tls
    is_newest = tls.get_protocol_version() == SSL.TLS1_3_VERSION
    suite = tls.get_cipher_name() or ""
    name, protocol = tls.get_servername(), tls.get_alpn_proto_negotiated()
    leaf, chain = tls.get_peer_certificate(), tls.get_peer_cert_chain() or []
    certificates = [crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in (leaf, *chain) if each is not None]
    if len(certificates) > 1 and certificates[0] == certificates[1]:
        del certificates[0]  # the chain that OpenSSL gives begins with it at a client, and does not at a server
    info = wit.ConnectionInfo(
        version=wit.TlsVersion.TLS13 if is_newest else wit.TlsVersion.TLS12,
        cipher_suite=TLS12_SUITES.get(suite, suite),
        protocol=protocol.decode() if protocol else None,
        server_name=name.decode() if name and name.isascii() else None,
        peer_certificates=certificates,
        peer_public_key=public_key_info(certificates[0]) if certificates else None,
        peer_address=session.transport.peer_address,
    )
    return Connection(session, info, places, control)
