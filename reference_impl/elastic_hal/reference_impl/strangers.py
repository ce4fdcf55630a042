"""Peers that have proven nothing: whom they count for, how many a host has, and which of them has to go first."""

from __future__ import annotations

import resource
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv6Network
from typing import Any, Final, TypeVar

MOST_STRANGERS: Final = 4096
_SHARE: Final = 4
"""What part of a host's descriptors they may have: a fourth."""
_LEAST_OF_EACH: Final = 8
"""What a listener may have of them, however many others have."""

T = TypeVar("T")


class Strangers:
    """How many clients that have proven nothing a host has, of all its listeners: a part of its descriptors."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def take(self, own: int) -> bool:
        """Take a place for one more, for a listener that has `own`; False where there is none."""
        most = min(MOST_STRANGERS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE)
        with self._lock:
            if self._count >= most and own >= _LEAST_OF_EACH:
                return False
            self._count += 1
            return True

    def give_back(self) -> None:
        """Give a place back."""
        with self._lock:
            self._count -= 1


def oldest_of_most(candidates: Iterable[T], origin: Callable[[T], str]) -> T:
    """Give the first of the candidates, which stand in their order, among those of the origin that has the most."""
    listed = list(candidates)
    counted = Counter(map(origin, listed))
    return max(listed, key=lambda each: counted[origin(each)])


def origin_of(address: tuple[Any, ...]) -> str:
    """Tell for whom a peer counts."""
    host = str(address[0]).partition("%")[0]
    return str(IPv6Network((host, 64), strict=False)) if ":" in host else host
