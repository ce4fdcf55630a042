"""How much of objects a workload keeps in the host's memory: the chunks of its open readers and writers.

The limits of a guest bound its own memory. Without a bound here, one with ten thousand writers would have gigabytes of
the host's.
"""

import threading
from typing import Final

from ..bindings.elastic_hal import types

MOST_OPEN_CHUNKS: Final = 256
MOST_CHUNKS_AHEAD: Final = 64


class OpenChunks:
    """The count of one run of a workload. What readers hold ready besides has a count of its own, `ahead`, so that it
    takes no place from others.
    """

    def __init__(self) -> None:
        self._count = _Count(MOST_OPEN_CHUNKS)
        self.ahead = _Count(MOST_CHUNKS_AHEAD)

    def take(self, chunks: int) -> "TakenChunks":
        """Count chunks in, or raise `limit-exceeded` where that are too many."""
        return self._count.take(chunks)


class _Count:
    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._open = 0

    def take(self, chunks: int) -> "TakenChunks":
        """Count chunks in, or raise `limit-exceeded` where that are too many."""
        with self._lock:
            if self._open + chunks > self._most:
                raise types.Error_LimitExceeded("the workload has as many open readers and writers as it may")
            self._open += chunks
        return TakenChunks(self, chunks)

    def give_back(self, chunks: int) -> None:
        """Count chunks out."""
        with self._lock:
            self._open -= chunks


class TakenChunks:
    """What one reader or writer has of it."""

    def __init__(self, count: _Count, chunks: int) -> None:
        self._count = count
        self._chunks = chunks

    def give_back(self) -> None:
        """Give them back; a second time does nothing."""
        chunks, self._chunks = self._chunks, 0
        self._count.give_back(chunks)
