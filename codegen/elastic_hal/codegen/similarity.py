"""Which name a person probably meant: the nearest one by edit distance."""

from __future__ import annotations

from collections.abc import Iterable

MAX_CANDIDATES = 200
"""Names among which a similar one is looked for; more would take too long."""

MAX_LENGTH = 40
"""Characters of a name that is worth comparing."""

MAX_DISTANCE = 4
"""Mistakes in one name; with more it is another name."""


def closest(wanted: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the fewest typing mistakes lead to `wanted` from; None where none is near."""
    allowed = min(MAX_DISTANCE, max(1, len(wanted) // 3))
    if len(wanted) > MAX_LENGTH:
        return None
    near = sorted(name for name in set(candidates) if abs(len(name) - len(wanted)) <= allowed)
    best: tuple[int, str] | None = None
    for name in near[:MAX_CANDIDATES]:
        distance = edit_distance(wanted.lower(), name.lower(), allowed)
        if distance <= allowed and distance < len(name) and (best is None or (distance, name) < best):
            best = distance, name
    return None if best is None else best[1]


def edit_distance(one: str, other: str, most: int) -> int:
    """How many letters must be added, left out, replaced or exchanged with their neighbour to make one of the other.

    Where that is more than `most`, any number above it.
    """
    one, other = _without_common_ends(one, other)
    before: list[int] = []
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, previous, row = previous, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _without_common_ends(one: str, other: str) -> tuple[str, str]:
    """Both without the beginning and the end that they share, which most names that are alike consist of."""
    start = _common(one, other)
    one, other = one[start:], other[start:]
    end = _common(one[::-1], other[::-1])
    return one[: len(one) - end], other[: len(other) - end]


def _common(one: str, other: str) -> int:
    """How many letters both begin with."""
    most = min(len(one), len(other))
    return next((place for place in range(most) if one[place] != other[place]), most)
