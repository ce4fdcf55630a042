"""The bytes behind those that a guest has read, made ready on another thread while the guest still takes these in.

To read is to fetch and decrypt here, and then to copy into the guest, during which other threads of this process can
run. So whoever reads an object from front to back finds ready what the next call can take.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES
from .open_chunks import OpenChunks, TakenChunks
from .records import CHUNK_BYTES

CHUNKS_AHEAD: Final = MAX_DATA_BYTES // CHUNK_BYTES

_threads = ThreadPoolExecutor(2, "object readers")


class LookingAhead:
    """What one reader has of it. Only `opened` is called by another thread, and never by two at a time."""

    def __init__(self, opened: Callable[[int], bytes], open_chunks: OpenChunks) -> None:
        """`opened` gives the chunk of a number or raises."""
        self._opened = opened
        self._open_chunks = open_chunks
        self._taken: TakenChunks | None = None
        self._coming: Future[bytes] | None = None
        self._ready = b""
        self._position = 0

    def take(self, position: int, most: int) -> bytes:
        """Give what is ready from that place on, at most so much of it. From then on nothing is being opened."""
        coming, self._coming = self._coming, None
        # What the other thread has not begun is left to this one.
        if coming is not None and not coming.cancel():
            self._ready = coming.result()
        if position != self._position:
            self._ready = b""
        given, self._ready = self._ready[:most], self._ready[most:]
        self._position += len(given)
        return given

    def begin(self, position: int, end: int) -> None:
        """Begin with the bytes from the beginning of a chunk on, up to `end` at most; not where some are still ready,
        nor where too many readers of the workload do so already.
        """
        if self._ready or position >= end:
            return
        if self._taken is None:
            try:
                self._taken = self._open_chunks.ahead.take(CHUNKS_AHEAD)
            except types.Error_LimitExceeded:
                return
        self._position = position
        self._coming = _threads.submit(self._open, position // CHUNK_BYTES, min(end - position, MAX_DATA_BYTES))

    def close(self) -> None:
        """Leave it, once nothing is being opened any more."""
        self.take(-1, 0)
        if self._taken is not None:
            self._taken.give_back()

    def _open(self, first: int, size: int) -> bytes:
        chunks: list[bytes] = []
        for number in range(first, first + -(-size // CHUNK_BYTES)):
            try:
                chunks.append(self._opened(number))
            except Exception:
                # Whoever gets as far as this chunk opens it again, and is told then what is wrong.
                break
        return b"".join(chunks)[:size]
