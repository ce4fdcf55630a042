"""Counters that only rise (CTR-1)."""

from __future__ import annotations

from .bindings.elastic_hal import counters as _counters

__all__ = ["next_value"]


def next_value(name: str) -> int:
    """Raises the counter of that name by one and gives its value, 1 the first time."""
    return _counters.next(name)
