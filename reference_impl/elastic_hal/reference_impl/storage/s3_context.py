"""What all handles of one container in a bucket share: where its keys are, how much there is, and what can be removed.

Before parts come into being, or lose their object, an *intent* names them. So what a killed process left behind is
found again without looking at every object.
"""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from .chunks import OVERHEAD_BYTES
from .errors import StorageFailure
from .records import Stored
from .s3_bucket import Bucket, Listed

POINTERS: Final = "objects"
PARTS: Final = "parts"
INTENTS: Final = "intents"
CHUNKS_IN_PART: Final = 16
LEFTOVER_SECONDS: Final = 24 * 3600.0
"""An intent of that age is taken for a dead process's."""
LONGEST_PAUSE_SECONDS: Final = LEFTOVER_SECONDS / 2
"""An upload that has not moved for so long is given up, since another host may soon take it for a leftover."""

_CLOCK: Final = "clock"
_USAGE_SECONDS: Final = 10.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class S3Context:
    """One container."""

    bucket: Bucket
    folder: str
    identity: str
    _readers: Counter[str] = field(default_factory=Counter)
    _retired: dict[str, Stored] = field(default_factory=dict)
    _usage: tuple[int, int] = (0, 0)
    _counted_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def usage(self, *, fresh: bool = False) -> tuple[int, int]:
        """Give how many objects there are and how many bytes their parts have, as of some seconds ago at most."""
        with self._lock:
            if fresh or self._counted_at is None or time.monotonic() - self._counted_at >= _USAGE_SECONDS:
                objects = sum(1 for found in self.bucket.keys(f"{self.folder}/{POINTERS}") if found.size)
                size = sum(found.size for found in self.bucket.keys(f"{self.folder}/{PARTS}"))
                self._usage, self._counted_at = (objects, size), time.monotonic()
            return self._usage

    def count(self, objects: int, size: int) -> tuple[int, int]:
        """Add to what was counted, and give the sums."""
        self.usage()
        with self._lock:
            self._usage = (self._usage[0] + objects, self._usage[1] + size)
            return self._usage

    def pointer(self, key: str) -> str:
        """Give the key of a pointer."""
        return f"{self.folder}/{POINTERS}/{key}"

    def part(self, version: str, number: int) -> str:
        """Give the key of a part."""
        return f"{self.folder}/{PARTS}/{version}-{number:05}"

    def intend(self, version: str, pointer: str) -> None:
        """Note that the parts of this version are of use only while that pointer points to them."""
        self.bucket.set(self._intent(version), json.dumps({"pointer": pointer}).encode())

    def settle(self, version: str) -> None:
        """Note that the version has its object, so that it is no leftover."""
        self._try(lambda: self.bucket.delete(self._intent(version)))

    def hold(self, version: str) -> None:
        """Keep the parts of a version while they are read by this process."""
        with self._lock:
            self._readers[version] += 1

    def let_go(self, version: str) -> None:
        """Remove the parts of a version that was replaced and that nobody reads any more."""
        with self._lock:
            self._readers[version] -= 1
            retired = None
            if self._readers[version] <= 0:
                del self._readers[version]
                retired = self._retired.pop(version, None)
        if retired is not None:
            self.retire(retired)

    def retire(self, stored: Stored) -> None:
        """Remove the parts of a version that was replaced, now or when nobody reads it any more."""
        with self._lock:
            if self._readers[stored.version]:
                self._retired[stored.version] = stored
                return
            del self._readers[stored.version]
        self.remove(stored.version, -(-stored.chunks // CHUNKS_IN_PART), stored.size + stored.chunks * OVERHEAD_BYTES)

    def remove(self, version: str, parts: int, size: int) -> None:
        """Remove the parts of a version. Where that fails, its intent stays."""

        def remove() -> None:
            self.bucket.delete(*(self.part(version, number) for number in range(parts)))
            self.bucket.delete(self._intent(version))
            self.count(0, -size)

        self._try(remove)

    def remove_leftovers(self) -> None:
        """Remove what processes left behind that have been dead for a day."""

        def remove() -> None:
            for found in self._old_intents():
                self._settle_leftover(found.name)

        self._try(remove)

    def _old_intents(self) -> list[Listed]:
        """Compare times of the service's clock only: a host whose own is wrong must not take the living for dead."""
        intents = list(self.bucket.keys(f"{self.folder}/{INTENTS}"))
        if not intents:
            return []
        now = self.bucket.touched(f"{self.folder}/{_CLOCK}")
        return [found for found in intents if (now - found.modified).total_seconds() > LEFTOVER_SECONDS]

    def _settle_leftover(self, version: str) -> None:
        entry = self.bucket.get(self._intent(version))
        if entry is None:
            return
        try:
            pointer = self.bucket.get(self.pointer(str(json.loads(entry.content)["pointer"])))
            current = None if pointer is None or not pointer.content else json.loads(pointer.content)["version"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if current != version:
            parts = self.bucket.keys(f"{self.folder}/{PARTS}", f"{version}-")
            mine = takewhile(lambda found: found.name.startswith(f"{version}-"), parts)
            self.bucket.delete(*(f"{self.folder}/{PARTS}/{found.name}" for found in mine))
        self.bucket.delete(self._intent(version))

    def _intent(self, version: str) -> str:
        return f"{self.folder}/{INTENTS}/{version}"

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except StorageFailure:
            _log.warning("something in %s could not be removed yet", self.folder, exc_info=True)
