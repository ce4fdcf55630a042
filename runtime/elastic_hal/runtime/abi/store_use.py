"""Who is inside a store.

wasmtime leaves it undefined what happens when two threads enter one store, stops a guest that is entered again from
below itself, and after a trap stops every guest that is entered. So one call at a time enters a store, and none after
its end.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable

import wasmtime

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.errors import GuestBusyError, GuestEndedError


class StoreUse:
    """Who is inside a store, whether it can be entered again, and which handles wait to be dropped in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = 0
        self.ended = ""
        self.abandoned: deque[int] = deque()

    def enter(self, label: str) -> None:
        """Takes the store for this thread.

        Raises:
            GuestBusyError: somebody is inside.
            GuestEndedError: it cannot be entered any more.
        """
        self._take(label, "called")
        if self.ended:
            self._lock.release()
            raise GuestEndedError(f"{label}: the guest cannot be called any more: {self.ended}")
        self._thread = threading.get_ident()

    def end(self, label: str, why: str) -> None:
        """Lets nobody in any more; `why` is the reason unless there was one before.

        Raises:
            GuestBusyError: somebody is inside.
        """
        self._take(label, "closed")
        self.ended = self.ended or why
        self._lock.release()

    def _take(self, label: str, what: str) -> None:
        if not self._lock.acquire(blocking=False):
            here = self._thread == threading.get_ident()
            when = "by a host function that it called" if here else "while it is running on another thread"
            raise GuestBusyError(f"{label}: the guest cannot be {what} {when}")

    def leave(self) -> None:
        """Gives the store free."""
        self._thread = 0
        self._lock.release()

    # Bound as a default, because it may run while the interpreter clears modules at exit.
    def __del__(self, delete: Callable[[int], object] = cells.delete_guest_handle) -> None:
        while self.abandoned:
            delete(self.abandoned.popleft())


_uses: weakref.WeakKeyDictionary[wasmtime.Store, StoreUse] = weakref.WeakKeyDictionary()


def use_of(store: wasmtime.Store) -> StoreUse:
    """The one record of a store."""
    return _uses.setdefault(store, StoreUse())
