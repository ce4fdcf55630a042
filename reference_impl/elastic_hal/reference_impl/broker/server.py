"""The broker on the network: https, TLS 1.3 only, two resources, everything bounded.

The TLS handshake happens in the connection's own thread, so that a client that dawdles holds up nobody else. Handshake,
request and answer each have a deadline, after which the connection is cut whatever it was doing. Which of many
connections may stay is said in `connections`.
"""

import logging
import socket
import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final

from elastic_hal.common.files import FileError, read_file

from .connections import MAX_CONNECTIONS, Connections, Stage
from .errors import BrokerSettingsError
from .handler import RequestHandler
from .service import Broker

HANDSHAKE_SECONDS: Final = 5.0
ARRIVAL_SECONDS: Final = 10.0
"""From the handshake, or the answer before, to the last byte of a request."""
REQUEST_SECONDS: Final = 20.0
"""From the last byte of a request to that of its answer."""
_SWEEP_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


_MAX_PEM_BYTES: Final = 1 << 20


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make the TLS settings from PEM files: the chain, and the private key. Raises `BrokerSettingsError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for path in (certificate, key):
        try:
            read_file(path, _MAX_PEM_BYTES)  # the library would wait for a pipe, and read a device to its end
        except FileError as error:
            raise BrokerSettingsError(str(error)) from None
    try:
        # A key with a passphrase would make the library ask on the terminal.
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError:
        raise BrokerSettingsError(f"{certificate}, {key}: are not a certificate and its private key in PEM") from None
    except OSError as error:
        raise BrokerSettingsError(f"{certificate}, {key}: cannot read the file: {error.strerror}") from None
    return context


def _no_passphrase() -> str:
    raise BrokerSettingsError("the private key of the server must not have a passphrase")


class BrokerServer(ThreadingHTTPServer):
    """Serves one broker until `shutdown`."""

    daemon_threads = True
    # Python waits for threads at the end otherwise; what is decided is in the log before it is said.
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        broker: Broker,
        context: ssl.SSLContext,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """Bind. Raises `BrokerSettingsError`."""
        self.broker = broker
        self._context = context
        self._request_seconds = request_seconds
        self._connections = Connections()
        self._is_closed = threading.Event()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, RequestHandler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BrokerSettingsError(f"cannot listen at {address[0]}:{address[1]}: {reason}") from None
        threading.Thread(target=self._cut_late_ones, name="broker-deadlines", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens, also where the system chose."""
        return int(self.socket.getsockname()[1])

    def begin_request(self, connection: socket.socket) -> None:
        """Give a connection its time to send one request."""
        self._connections.proceed(connection, Stage.WAITING, min(ARRIVAL_SECONDS, self._request_seconds))

    def begin_answer(self, connection: socket.socket) -> None:
        """Give a connection whose request is there as a whole its time until it is answered."""
        self._connections.proceed(connection, Stage.ANSWERING, self._request_seconds)

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept; the handshake is left to the thread of the connection."""
        plain, address = super().get_request()
        try:
            secured = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            plain.close()
            raise OSError(str(error)) from None
        return secured, address

    def process_request(self, request: object, client_address: object) -> None:
        """Start the thread of a connection, where there is a place for it."""
        connection = _as_socket(request)
        seconds = min(HANDSHAKE_SECONDS, self._request_seconds)
        if not self._connections.enter(connection, client_address, seconds):
            _log.warning("%d connections are being answered: one was turned away", MAX_CONNECTIONS)
            connection.close()
            return
        try:
            super().process_request(connection, client_address)
        except BaseException:
            self._connections.leave(connection)
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve a connection to its end."""
        connection = _as_socket(request)
        try:
            super().process_request_thread(connection, client_address)
        finally:
            self._connections.leave(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Report a fault of ours; that a peer goes away or speaks no TLS is its own business."""
        del request
        _log.exception("a request of %s failed", client_address)

    def server_close(self) -> None:
        """Stop listening."""
        self._is_closed.set()
        super().server_close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server_close()

    def _cut_late_ones(self) -> None:
        while not self._is_closed.wait(min(_SWEEP_SECONDS, self._request_seconds / 4)):
            self._connections.cut_late_ones()


def _as_socket(request: object) -> socket.socket:
    if not isinstance(request, socket.socket):
        raise TypeError("connections are sockets")
    return request
