"""Protected channels to other workloads of the same host (CHN-1, CHN-2, CHN-3), for `asyncio` and for programs without.

    with channels.Sender("readings", to="analyser") as readings:
        readings.send(b"23.5")            # or: await readings.asend(b"23.5")

    with channels.Receiver("readings", source="collector") as readings:
        for reading in readings: ...      # or: async for reading in readings: ...

Both ends name the workload at the other end, and the host's policy grants the channel to both. The async forms work
under `eventloop.run`.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator

from . import preload as _preload  # noqa: F401
from . import waiting as _waiting
from .bindings.elastic_hal import channels as _channels
from .bindings.elastic_hal import poll as _poll
from .bindings.elastic_hal.channels import Framing, Workload
from .errors import ConnectionClosed, WouldBlock

__all__ = ["Framing", "Receiver", "Sender", "Workload"]

CHUNK_BYTES = 1024 * 1024
"""The most that one call moves."""
DEFAULT_CAPACITY = 256 * 1024
"""Bytes of the buffer of a channel, where the sender does not say."""
_WAITS_FIRST = 100

ByteData = bytes | bytearray | memoryview


class _End:
    """What both ends share: the host's object, and one pollable for it."""

    _end: _channels.Sender | _channels.Receiver

    def __init__(self) -> None:
        self._pollable: _poll.Pollable | None = None

    @property
    def pollable(self) -> _poll.Pollable:
        """Ready while a call would not have to wait; for programs that poll themselves. It belongs to this end."""
        if self._pollable is None:
            self._pollable = self._end.subscribe()
        return self._pollable

    def peer(self) -> Workload | None:
        """Who is at the other end, in the host's words; None where nobody has opened it yet."""
        try:
            return self._end.peer()
        except WouldBlock:
            return None

    def close(self) -> None:
        """Closes the channel. Calling it again does nothing."""
        if self._pollable is not None:
            self._pollable.close()
        self._end.close()


class Sender(_End):
    """The end that sends. `with` closes it; what was sent before can still be received."""

    def __init__(
        self,
        name: str,
        to: str,
        *,
        digest: bytes | None = None,
        framing: Framing = Framing.MESSAGES,
        capacity: int = DEFAULT_CAPACITY,
    ) -> None:
        super().__init__()
        self._framing = framing
        self._end: _channels.Sender = _channels.Sender.open(name, Workload(to, digest), framing, capacity)

    def try_send(self, data: ByteData) -> int:
        """Sends what there is room for, a message as a whole, and gives its length. Raises WouldBlock where there is no
        room.
        """
        return self._end.push(bytes(data))

    def send(self, data: ByteData, timeout: float | None = None) -> None:
        """Sends everything, and waits for room as long as need be.

        Raises TimedOut where `timeout` seconds have passed (of a stream, the beginning may be sent then), and
        ConnectionClosed where the receiver is gone.
        """
        until = _waiting.moment(timeout)
        for piece in self._pieces(data):
            left = piece
            while left or not piece:
                try:
                    taken = self._end.push(left)
                except WouldBlock:
                    _waiting.block(self.pollable, until)
                else:
                    left = left[taken:]
                    if not left:
                        break

    async def asend(self, data: ByteData) -> None:
        """Sends everything, while other tasks go on. Raises ConnectionClosed where the receiver is gone."""
        for piece in self._pieces(data):
            left = piece
            while left or not piece:
                left = left[await _waiting.acall(functools.partial(self._end.push, left), lambda: self.pollable) :]
                if not left:
                    break

    def finish(self) -> None:
        """Tells the receiver that nothing more will come, and keeps the end open."""
        self._end.finish()

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _pieces(self, data: ByteData) -> list[bytes]:
        whole = bytes(data)
        if self._framing is Framing.MESSAGES or len(whole) <= CHUNK_BYTES:
            return [whole]
        return [whole[at : at + CHUNK_BYTES] for at in range(0, len(whole), CHUNK_BYTES)]


class Receiver(_End):
    """The end that receives, whole messages or pieces of a stream. It can be iterated over, also with `async for`."""

    def __init__(
        self, name: str, source: str, *, digest: bytes | None = None, framing: Framing = Framing.MESSAGES
    ) -> None:
        super().__init__()
        self._slow_sender = 0
        self._end: _channels.Receiver = _channels.Receiver.open(name, Workload(source, digest), framing)

    def try_receive(self, most: int = CHUNK_BYTES) -> bytes:
        """The next message, or up to `most` bytes.

        Raises WouldBlock where nothing has come yet, ConnectionClosed at the end.
        """
        return self._end.read(most)

    def receive(self, most: int = CHUNK_BYTES, timeout: float | None = None) -> bytes:
        """As `try_receive`, but waits. Raises TimedOut after `timeout` seconds, ConnectionClosed at the end."""
        until = _waiting.moment(timeout)
        if self._slow_sender:
            # Waiting first is one cheap call; a read that is in vain costs an exception.
            self._slow_sender -= 1
            _waiting.block(self.pollable, until)
        while True:
            try:
                return self._end.read(most)
            except WouldBlock:
                self._slow_sender = _WAITS_FIRST
                _waiting.block(self.pollable, until)

    async def areceive(self, most: int = CHUNK_BYTES) -> bytes:
        """As `receive`, while other tasks go on."""
        return await _waiting.acall(lambda: self._end.read(most), lambda: self.pollable)

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

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
