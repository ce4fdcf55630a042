"""A TLS connection as guests use it, blocking or with `asyncio`; `tls` makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self

from . import waiting as _waiting
from .bindings.elastic_hal import poll as _poll
from .bindings.elastic_hal import tls as _tls
from .errors import ConnectionClosed
from .parts import ByteData

CHUNK_BYTES = 1024 * 1024
"""The most that one call moves."""
_PIECE_BYTES = 256 * 1024
"""What is offered to the host at once: it takes what it has room for, and the rest is offered again."""


class Connection:
    """A protected connection. `with` closes it; what was sent before still goes out.

    It can be iterated over, also with `async for`: pieces as they arrive, until the other end has said that nothing
    more comes. Where it breaks off before that, Peer is raised.
    """

    def __init__(self, handle: _tls.Connection) -> None:
        self.handle = handle
        """The connection as the generated bindings know it."""
        self.info = handle.info()
        """What both ends have agreed upon, and the certificates of the other end."""
        self._arrived = bytearray()
        self._readable: _poll.Pollable | None = None
        self._writable: _poll.Pollable | None = None

    @property
    def readable(self) -> _poll.Pollable:
        """Ready while the host has something to read; for programs that poll themselves. It belongs to this object."""
        if self._readable is None:
            self._readable = self.handle.subscribe_read()
        return self._readable

    @property
    def writable(self) -> _poll.Pollable:
        """Ready while the host has room; for programs that poll themselves. It belongs to this object."""
        if self._writable is None:
            self._writable = self.handle.subscribe_write()
        return self._writable

    def try_send(self, data: ByteData) -> int:
        """Sends what there is room for, and gives its length. Raises WouldBlock where there is no room."""
        return self.handle.write(bytes(data))

    def send(self, data: ByteData, timeout: float | None = None) -> None:
        """Sends everything, and waits for room as long as need be.

        Raises TimedOut where `timeout` seconds have passed (the beginning may be sent then), and Peer where the
        connection broke.
        """
        until = _waiting.moment(timeout)
        left = memoryview(data).cast("B")
        while left:
            left = left[_waiting.call(self._writing(left), lambda: self.writable, until) :]

    async def asend(self, data: ByteData) -> None:
        """Sends everything, while other tasks go on. Raises Peer where the connection broke."""
        left = memoryview(data).cast("B")
        while left:
            left = left[await _waiting.acall(self._writing(left), lambda: self.writable) :]

    def try_receive(self, most: int = CHUNK_BYTES) -> bytes:
        """Up to `most` bytes that have arrived.

        Raises WouldBlock where nothing has, ConnectionClosed at the end.
        """
        if self._arrived and most > 0:
            return self._take(most)
        return self.handle.read(most)

    def receive(self, most: int = CHUNK_BYTES, timeout: float | None = None) -> bytes:
        """As `try_receive`, but waits. Raises TimedOut after `timeout` seconds, ConnectionClosed at the end."""
        return _waiting.call(lambda: self.try_receive(most), lambda: self.readable, _waiting.moment(timeout))

    async def areceive(self, most: int = CHUNK_BYTES) -> bytes:
        """As `receive`, while other tasks go on."""
        return await _waiting.acall(lambda: self.try_receive(most), lambda: self.readable)

    def receive_exactly(self, count: int, timeout: float | None = None) -> bytes:
        """Exactly `count` bytes.

        Raises ConnectionClosed where fewer come, TimedOut after `timeout` seconds; what has come by then is received
        next.
        """
        until = _waiting.moment(timeout)
        while len(self._arrived) < count:
            self._arrived += _waiting.call(self._reading(count), lambda: self.readable, until)
        return self._take(count)

    async def areceive_exactly(self, count: int) -> bytes:
        """As `receive_exactly`, while other tasks go on."""
        while len(self._arrived) < count:
            self._arrived += await _waiting.acall(self._reading(count), lambda: self.readable)
        return self._take(count)

    def export_keying_material(self, label: str, context: bytes = b"", length: int = 32) -> bytes:
        """Bytes that only the two ends of this connection have. Raises InvalidState on a connection of TLS 1.2."""
        return self.handle.export_keying_material(label, context, length)

    def close_output(self) -> None:
        """Tells the other end that nothing more will come. Receiving goes on."""
        self.handle.close_output()

    def detach(self) -> _tls.Connection:
        """Gives the host's object away. This one is of no use afterwards."""
        self._close_pollables()
        return self.handle

    def close(self) -> None:
        """Closes the connection. Calling it again does nothing."""
        self._close_pollables()
        self.handle.close()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                yield self.receive()
            except ConnectionClosed:
                return

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                yield await self.areceive()
            except ConnectionClosed:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _writing(self, left: memoryview) -> Callable[[], int]:
        return lambda: self.handle.write(bytes(left[:_PIECE_BYTES]))

    def _reading(self, count: int) -> Callable[[], bytes]:
        return lambda: self.handle.read(min(count - len(self._arrived), CHUNK_BYTES))

    def _take(self, most: int) -> bytes:
        taken = bytes(self._arrived[:most])
        del self._arrived[:most]
        return taken

    def _close_pollables(self) -> None:
        for pollable in (self._readable, self._writable):
            if pollable is not None:
                pollable.close()
