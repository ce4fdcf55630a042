"""The bytes that wait between two ends, as a stream or as messages. Ends are on different threads."""

import threading
from collections import deque
from typing import Final

from elastic_hal.common.text import counted
from elastic_hal.runtime.waking import Changes

from ..bindings.elastic_hal import types

MOST_MESSAGES: Final = 4096
_SMALL_BYTES: Final = 1024
_GATHERED_BYTES: Final = 16 * 1024


class Buffer:
    """A queue of pieces with at most `capacity` bytes. The sender waits for `room`, the receiver for `arrived`."""

    def __init__(self, capacity: int, *, messages: bool) -> None:
        self.room = Changes()
        self.arrived = Changes()
        self.sender_closed = False
        self.receiver_closed = False
        self._capacity = capacity
        self._messages = messages
        self._lock = threading.Lock()
        self._pieces: deque[bytes | bytearray] = deque()
        self._size = 0
        self._offset = 0
        self._wanted = 1

    def provide(self, capacity: int) -> None:
        """Give a buffer that was made without room its capacity."""
        with self._lock:
            self._capacity = capacity
        self.room.announce()

    def push(self, data: bytes) -> int:
        """Take what there is room for; of a message all or nothing."""
        if self._messages and len(data) > self._capacity:
            raise types.Error_LimitExceeded(
                f"a message of {counted(len(data), 'byte')} is more than the channel's {self._capacity}"
            )
        with self._lock:
            if self.sender_closed:
                raise types.Error_InvalidState("this end was closed")
            if self.receiver_closed:
                raise types.Error_ConnectionClosed
            taken = self._taken(len(data))
            if taken is None:
                raise types.Error_WouldBlock
            self._wanted = 1
            self._keep(data if taken == len(data) else data[:taken])
        self.arrived.announce()
        return taken

    def read(self, most: int) -> bytes:
        """Give the next message, or up to `most` bytes."""
        with self._lock:
            if not self._pieces:
                raise types.Error_ConnectionClosed if self.sender_closed else types.Error_WouldBlock
            data = self._next_message(most) if self._messages else self._next_bytes(most)
            self._size -= len(data)
        self.room.announce()
        return data

    def can_push(self) -> bool:
        """Tell whether the push that was last refused for lack of room would not be refused now."""
        with self._lock:
            return self.sender_closed or self.receiver_closed or self._taken(self._wanted) is not None

    def can_read(self) -> bool:
        """Tell whether a read would not have to wait."""
        return bool(self._pieces) or self.sender_closed or self.receiver_closed

    def close_sender(self) -> None:
        """Let the receiver read what is there, and then see the end."""
        with self._lock:
            self.sender_closed = True
        self.arrived.announce()
        self.room.announce()

    def close_receiver(self) -> None:
        """Erase what was not read, and let the sender see the end."""
        with self._lock:
            self.receiver_closed = True
            self._pieces.clear()
            self._size = 0
        self.room.announce()
        self.arrived.announce()

    def _taken(self, size: int) -> int | None:
        """Tell how much of a push of that size there is room for; None where it has to wait."""
        left = self._capacity - self._size
        if self._messages:
            if size <= left and len(self._pieces) < MOST_MESSAGES:
                return size
            self._wanted = size
            return None
        return min(size, left) if left or not size else None

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._messages or len(data) >= _SMALL_BYTES:
            self._pieces.append(data)
        elif data:
            # Small pieces are gathered: each object of Python's costs more than the bytes in it.
            last = self._pieces[-1] if self._pieces else None
            if isinstance(last, bytearray) and len(last) < _GATHERED_BYTES:
                last += data
            else:
                self._pieces.append(bytearray(data))

    def _next_message(self, most: int) -> bytes:
        size = len(self._pieces[0])
        if size > most:
            raise types.Error_LimitExceeded(f"most: the next message has {size} bytes, more than {most}")
        return bytes(self._pieces.popleft())

    def _next_bytes(self, most: int) -> bytes:
        parts: list[bytes | memoryview] = []
        while most and self._pieces:
            first = self._pieces[0]
            end = self._offset + most
            if end >= len(first):
                parts.append(memoryview(first)[self._offset :] if self._offset else bytes(first))
                most -= len(first) - self._offset
                self._offset = 0
                self._pieces.popleft()
            else:
                parts.append(bytes(memoryview(first)[self._offset : end]))
                self._offset, most = end, 0
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
