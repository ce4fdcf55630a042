"""TLS over one connection: OpenSSL between the socket's bytes and those of the workload.

Whoever reads or writes does the work, on its own thread, so that the host keeps no more than what one call moves.
OpenSSL's objects are for one thread at a time: every method holds the connection's lock.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

from OpenSSL import SSL

from ..bindings.elastic_hal import types
from .contexts import Context
from .failures import handshake_failure, record_failure
from .transport import MOST_WAITING_OUTPUT, Transport
from .watching import READABLE

# What the protocol itself answers, such as changes of keys, has room beyond what the workload writes.
_MOST_ANSWERS: Final = MOST_WAITING_OUTPUT + 64 * 1024
_MOST_RECEIVED_PER_CALL: Final = 4 * 1024 * 1024
_RECORD_BYTES: Final = 16 * 1024
_ENCRYPTED_AT_ONCE: Final = 4 * _RECORD_BYTES

_log = logging.getLogger(__name__)


class Session:
    """One connection with TLS on it."""

    def __init__(self, transport: Transport, context: Context) -> None:
        self.transport = transport
        self.tls = SSL.Connection(context.library, None)
        self._context = context
        self.is_used = False
        """Whether data has gone over it, either way."""
        self._received = 0
        self._output_closed = False
        self._stalled = False
        # What reads and writes raise from now on: made anew each time, for an exception gathers where it was raised.
        self._read_end: Callable[[], types.Error] | None = None
        self._write_end: Callable[[], types.Error] | None = None

    def shake_hands(self) -> bool:
        """Go on with the handshake, and tell whether it is over. A failure is raised in the words of the contract."""
        with self.transport.lock:
            self._received = 0
            while True:
                try:
                    with self._context.lock:
                        self.tls.do_handshake()
                except SSL.WantReadError:
                    self._send()
                    if not self._receive():
                        if self._read_end is not None:
                            raise types.Error_ConnectionClosed from None
                        self.transport.watch(READABLE)
                        return False
                except (SSL.ZeroReturnError, SSL.SysCallError):
                    raise types.Error_ConnectionClosed from None
                except SSL.Error as error:
                    self._send()
                    raise handshake_failure(error) from None
                else:
                    self._send()
                    return True

    def send_alert(self) -> None:
        """Send what OpenSSL has to say about a handshake that failed outside of it."""
        with self.transport.lock:
            self._send()

    def read(self, most: int) -> bytes:
        """Give what has arrived, at most that many bytes."""
        with self.transport.lock:
            self._received = 0
            pieces: list[bytes] = []
            while most:
                piece = self._decrypt(most)
                if piece is None:
                    break
                pieces.append(piece)
                most -= len(piece)
            if pieces:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            raise types.Error_WouldBlock if self._read_end is None else self._read_end()

    def can_read(self) -> bool:
        """Tell whether a read would not have to wait: bytes of the protocol alone are nothing to read."""
        with self.transport.lock:
            self._received = 0
            if self._decrypt(1, peek=True) is not None or self._read_end is not None:
                return True
            if self.transport.waiting_output < _MOST_ANSWERS:
                self.transport.watch(READABLE)
            return False

    def write(self, data: bytes) -> int:
        """Take what there is room for."""
        with self.transport.lock:
            if self._output_closed:
                raise types.Error_InvalidState("the output was closed")
            self._send()
            taken, view = 0, memoryview(data)
            while taken < len(view) and self._has_room():
                step = self._encrypt(view[taken : taken + _ENCRYPTED_AT_ONCE])
                taken += step
                self._send()
                if not step:
                    break
            if self._write_end is not None and (not data or not taken):
                raise self._write_end()
            if data and not taken:
                raise types.Error_WouldBlock
            self.is_used = self.is_used or bool(taken)
            return taken

    def can_write(self) -> bool:
        """Tell whether a write would not have to wait."""
        with self.transport.lock:
            self._send()
            if self._output_closed or self._write_end is not None:
                return True
            if self._stalled:
                self._received = 0
                self._decrypt(1, peek=True)
                if not self._received and self._read_end is None:
                    self.transport.watch(READABLE)
                    return False
                self._stalled = False
            return self._has_room()

    def close_output(self) -> None:
        """Send `close_notify` after everything that was written."""
        with self.transport.lock:
            if self._output_closed:
                return
            self._output_closed = True
            try:
                with self._context.lock:
                    self.tls.shutdown()
            except SSL.Error as error:
                _log.debug("close_notify cannot be sent: %s", type(error).__name__)
            self._send()

    def _has_room(self) -> bool:
        return self._write_end is None and self.transport.waiting_output < MOST_WAITING_OUTPUT

    def _decrypt(self, most: int, *, peek: bool = False) -> bytes | None:
        """Give bytes of one record, at most `most` of them; None where there are none yet, or where it has ended."""
        while True:
            try:
                with self._context.lock:
                    data = self.tls.recv(min(most, _RECORD_BYTES), socket.MSG_PEEK if peek else None)
            except SSL.WantReadError:
                self._send()
                if not self._receive():
                    return None
            except SSL.ZeroReturnError:
                self._read_end = types.Error_ConnectionClosed
                return None
            except SSL.Error as error:
                if self._read_end is None:
                    self._read_end = partial(_again, record_failure(error))
                self._fail_writes()
                self._send()
                return None
            else:
                self.is_used = True
                return data

    def _receive(self) -> bool:
        """Move bytes from the socket to OpenSSL, and tell whether there were any."""
        if (
            self._read_end is not None
            or self._received >= _MOST_RECEIVED_PER_CALL
            or self.transport.waiting_output >= _MOST_ANSWERS
        ):
            return False
        data = self.transport.receive()
        if data is None:
            return False
        if not data:
            self._read_end = partial(types.Error_Peer, "the connection broke off before the other end said its end")
            return False
        self._received += len(data)
        self.tls.bio_write(data)
        return True

    def _encrypt(self, piece: memoryview) -> int:
        """Let OpenSSL take a piece, and tell how much of it it took; nothing while it has to receive first."""
        taken = 0
        try:
            while taken < len(piece):
                with self._context.lock:
                    taken += self.tls.send(piece[taken:])
        except SSL.WantReadError:
            self._stalled = True
        except SSL.Error:
            self._fail_writes()
        return taken

    def _send(self) -> None:
        """Hand on what OpenSSL has encrypted."""
        while True:
            try:
                encrypted = self.tls.bio_read(_ENCRYPTED_AT_ONCE + _RECORD_BYTES)
            except SSL.Error:
                break
            self.transport.send(encrypted)
        self.transport.send()
        if self.transport.is_broken:
            self._fail_writes()

    def _fail_writes(self) -> None:
        self._write_end = partial(types.Error_Peer, "the connection broke")


def _again(error: types.Error) -> types.Error:
    return type(error)(*error.args) if error.args else type(error)()
