"""An https connection with a time by which all is done, however slowly the other side sends its bytes.

The time-outs of sockets bound each reading and writing by itself: whoever sends one byte at a time would keep us for
hours. Only the lookup of the name has no other bound than the system's own.
"""

import http.client
import math
import ssl
import time
from typing import Any


class BoundedSocket(ssl.SSLSocket):
    """A socket whose every reading and writing ends at one time. A context makes such by `sslsocket_class`."""

    ends = math.inf

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        """Read, or raise `TimeoutError`."""
        self.settimeout(seconds_until(self.ends))
        return super().read(len, buffer)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive. A socket that fails is closed: nobody else does it where the peer is gone before the handshake."""
        try:
            return super().recv(buflen, flags)
        except OSError:
            self.close()
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        """Send, or raise `TimeoutError`."""
        self.settimeout(seconds_until(self.ends))
        return super().send(data, flags)


class BoundedConnection(http.client.HTTPConnection):
    """A connection to one host that raises `TimeoutError` where it is not done after some seconds from now."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, host: str, port: int, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(host, port)
        self._context = context
        self._ends = time.monotonic() + seconds

    def connect(self) -> None:
        """Connect and agree on keys."""
        self.timeout = seconds_until(self._ends)
        super().connect()
        self.sock.settimeout(seconds_until(self._ends))
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
        if isinstance(self.sock, BoundedSocket):
            self.sock.ends = self._ends


def seconds_until(ends: float) -> float | None:
    """Give the seconds that are left, None where that is no matter. Raises `TimeoutError` where none are."""
    if math.isinf(ends):
        return None
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
