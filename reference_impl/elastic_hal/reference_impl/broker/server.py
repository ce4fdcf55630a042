"""The broker on the network: https, TLS 1.3 only, two resources, everything bounded.

The TLS handshake happens in the connection's own thread, so that a client that dawdles holds up nobody else. Each
request, from the handshake or the answer before it on, has a deadline, after which its connection is cut whatever it
was doing; there are at most `MAX_CONNECTIONS`, and who comes on top is turned away at once.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final

from .errors import BrokerSettingsError
from .handler import RequestHandler
from .service import Broker

MAX_CONNECTIONS: Final = 256
REQUEST_SECONDS: Final = 20.0
_SWEEP_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make the TLS settings from PEM files: the chain, and the private key. Raises `BrokerSettingsError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
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
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._deadlines: dict[socket.socket, float] = {}
        self._deadlines_lock = threading.Lock()
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
        """Give a connection its time for one request."""
        with self._deadlines_lock:
            self._deadlines[connection] = time.monotonic() + self._request_seconds

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
        if not self._places.acquire(blocking=False):
            _log.warning("more than %d connections: one was turned away", MAX_CONNECTIONS)
            connection.close()
            return
        try:
            self.begin_request(connection)
            super().process_request(connection, client_address)
        except BaseException:
            self._forget(connection)
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve a connection to its end."""
        connection = _as_socket(request)
        try:
            super().process_request_thread(connection, client_address)
        finally:
            self._forget(connection)

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

    def _forget(self, connection: socket.socket) -> None:
        with self._deadlines_lock:
            self._deadlines.pop(connection, None)
        self._places.release()

    def _cut_late_ones(self) -> None:
        while not self._is_closed.wait(min(_SWEEP_SECONDS, self._request_seconds / 4)):
            now = time.monotonic()
            with self._deadlines_lock:
                for connection in [late for late, deadline in self._deadlines.items() if deadline <= now]:
                    del self._deadlines[connection]
                    # Below TLS: its own way of ending may not be used from a second thread.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _as_socket(request: object) -> socket.socket:
    if not isinstance(request, socket.socket):
        raise TypeError("connections are sockets")
    return request
