"""Versions on their way into a bucket, and versions that are being read."""

import time
from collections.abc import Sequence

from ..bindings.elastic_hal import types
from .chunks import OVERHEAD_BYTES
from .records import CHUNK_BYTES, MAX_CHUNKS, Bounds, Stored, new_version
from .s3_bucket import Conflict
from .s3_context import CHUNKS_IN_PART, LONGEST_PAUSE_SECONDS, S3Context

_RENEWAL_SECONDS = LONGEST_PAUSE_SECONDS / 12


class S3Upload:
    """A version that is being written: parts that nothing points to."""

    most_waiting = CHUNKS_IN_PART

    def __init__(self, context: S3Context) -> None:
        self.version = new_version()
        self._context = context
        self._waiting: list[bytes] = []
        self._parts = 0
        self._chunks = 0
        self._size = 0
        self._kept = False
        self._intended_at = 0.0

    def add(self, chunks: Sequence[bytes], bounds: Bounds) -> None:
        """Store chunks, as soon as there are enough for a part."""
        self._chunks += len(chunks)
        if self._chunks > MAX_CHUNKS:
            raise types.Error_LimitExceeded(f"an object has at most {MAX_CHUNKS} chunks")
        size = sum(map(len, chunks))
        self._size += size
        bounds.check_size(self._context.count(0, size)[1])
        self._waiting += chunks
        while len(self._waiting) >= CHUNKS_IN_PART:
            self._flush()

    def complete(self, pointer: str) -> None:
        """Store what is left, for the object of that pointer."""
        if self._waiting:
            self._flush()
        self._check_pause()
        self._context.intend(self.version, pointer)

    def keep(self, *, keep: bool) -> None:
        """Tell whether the object may have the parts already, so that they stay."""
        self._kept = keep

    def abandon(self) -> None:
        """Remove the parts, unless the object may have them."""
        if not self._kept:
            self._kept = True
            self._context.remove(self.version, self._parts, self._size)

    def _flush(self) -> None:
        if not self._parts or self._check_pause() > _RENEWAL_SECONDS:
            self._intend()
        part, self._waiting = self._waiting[:CHUNKS_IN_PART], self._waiting[CHUNKS_IN_PART:]
        # The part counts before it is there, so that it is removed even where the answer was lost.
        self._parts += 1
        try:
            self._context.bucket.put(self._context.part(self.version, self._parts - 1), b"".join(part), replaces=None)
        except Conflict:
            # Nobody else writes under this version: an attempt before did it, and only its answer was lost.
            return

    def _intend(self) -> None:
        self._intended_at = _now()
        self._context.intend(self.version, "")

    def _check_pause(self) -> float:
        """Give the age of the intent, or raise `limit-exceeded` where the parts may be gone soon."""
        pause = _now() - self._intended_at
        if pause > LONGEST_PAUSE_SECONDS:
            raise types.Error_LimitExceeded(f"an upload may pause for {LONGEST_PAUSE_SECONDS / 3600:.0f} hours at most")
        return pause


class S3Download:
    """A version that is being read, a chunk at a time."""

    def __init__(self, context: S3Context, stored: Stored) -> None:
        self.stored = stored
        self._context = context
        self._open = True

    def chunk(self, number: int) -> object:
        """Give a chunk as it is stored."""
        part, place = divmod(number, CHUNKS_IN_PART)
        length = min(CHUNK_BYTES, self.stored.size - number * CHUNK_BYTES) + OVERHEAD_BYTES
        key = self._context.part(self.stored.version, part)
        return self._context.bucket.range(key, place * (CHUNK_BYTES + OVERHEAD_BYTES), length)

    def close(self) -> None:
        """Let the version go."""
        if self._open:
            self._open = False
            self._context.let_go(self.stored.version)


def _now() -> float:
    """Give the seconds of a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
