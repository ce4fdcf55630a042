"""Timing with few assumptions: repeat, take the median, and say how far the repeats were apart."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one call."""

    median: float
    least: float
    most: float


def timed(call: Callable[[], object], *, calls: int = 1, repeats: int = 7) -> Timing:
    """Times `call`, run `calls` times in each of `repeats` repeats, after one run that does not count."""
    call()
    samples = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        samples.append((time.perf_counter() - begin) / calls)
    return Timing(statistics.median(samples), min(samples), max(samples))


def side_by_side(*ways: tuple[Callable[[], object], int], repeats: int = 7) -> tuple[float, ...]:
    """Seconds for one call of each way, given with the number of calls that it makes. The ways take turns, so that a
    machine that is busy for a while is so for all of them.
    """
    for call, _ in ways:
        call()
    samples: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for (call, calls), times in zip(ways, samples, strict=True):
            begin = time.perf_counter()
            call()
            times.append((time.perf_counter() - begin) / calls)
    return tuple(map(statistics.median, samples))


def readable(seconds: float) -> str:
    """A duration with a unit that fits it."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
