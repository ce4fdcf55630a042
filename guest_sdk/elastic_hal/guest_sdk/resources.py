"""The memory and CPU time that the program has, and asking for more (RES-1, RES-2, RES-3).

A refusal is LimitExceeded; the program goes on with what it has.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import preload as _preload  # noqa: F401
from .bindings.elastic_hal import resource_allocation as _resources

__all__ = ["Allocation", "allocation", "request_cpu", "request_memory"]

_WHOLE_CORE = 1000


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the program has, and the most that it can ask for: bytes of memory, and shares of one CPU core (0 to 1)."""

    memory_bytes: int
    most_memory_bytes: int
    cpu: float
    most_cpu: float


def allocation() -> Allocation:
    """What the program has now."""
    found = _resources.get_allocation()
    return Allocation(
        found.memory_bytes,
        found.most_memory_bytes,
        found.cpu_thousandths / _WHOLE_CORE,
        found.most_cpu_thousandths / _WHOLE_CORE,
    )


def request_memory(size: int) -> int:
    """Asks for `size` bytes in all and gives what was granted, which is a little more where it had to be rounded up."""
    return _resources.request_memory(size)


def request_cpu(share: float) -> float:
    """Asks for that share of one CPU core in all, 0.001 to 1, and gives what was granted."""
    return _resources.request_cpu(round(share * _WHOLE_CORE)) / _WHOLE_CORE
