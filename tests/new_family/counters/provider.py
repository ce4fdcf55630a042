"""The `counters` interface for one run of a workload."""

from collections import Counter
from typing import Final

from .bindings.elastic_hal import types

MOST_COUNTERS: Final = 1000
NAME_BYTES: Final = 64


class CountersProvider:
    """The counters of one workload."""

    def __init__(self) -> None:
        self._values: Counter[str] = Counter()

    def next(self, name: str) -> int:
        """Raise a counter."""
        if not 0 < len(name.encode()) <= NAME_BYTES:
            raise types.Error_InvalidArgument(f"name: has {len(name.encode())} bytes, not 1 to {NAME_BYTES}")
        if name not in self._values and len(self._values) == MOST_COUNTERS:
            raise types.Error_LimitExceeded(f"the workload has {MOST_COUNTERS} counters")
        self._values[name] += 1
        return self._values[name]
