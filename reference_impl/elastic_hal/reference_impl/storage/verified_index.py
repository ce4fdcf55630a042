"""The objects of a protected container, verified once and kept in the memory of this process.

What the database says is believed only where the MAC of the container's root covers it: how often the container has
changed, and a sum over all versions that it has. So an object that was removed, added, exchanged or put back to an
earlier version is noticed, and so is a container that was put back as a whole while this process knows a later state.
After a restart only the anchor, where the policy asks for one, knows that.
"""

import sqlite3
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest

from ..unproven import unproven
from . import tables
from .anchors import Anchor
from .backend import PROTECTIONS
from .container_keys import ContainerKeys, added
from .records import Stored, stored_of

_NAMES_SEALED = len(PROTECTIONS) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is in a transaction: what goes, what comes, and the state after it."""

    removed: tuple[Stored, ...]
    put: tuple[Stored, ...]
    sequence: int
    total: int
    root: bytes


class VerifiedIndex:
    """One container. Whoever uses it holds `lock` from before the transaction begins until it has ended."""

    def __init__(self, keys: ContainerKeys, protection: int, anchors: Sequence[Anchor]) -> None:
        self.lock = threading.RLock()
        self._keys = keys
        self._protection = protection
        self._anchors = tuple(anchors)
        self._objects: dict[bytes, Stored] = {}
        self._order: list[bytes] = []
        self._sequence = -1
        self._total = 0
        self._root = b""

    def first_root(self) -> bytes:
        """Give the root of a container that has never had an object; raises where the anchors know of objects."""
        root = self._keys.root(self._protection, 0, 0, 0)
        for anchor in self._anchors:
            anchor.check(0, root)
        return root

    def is_for(self, keys: ContainerKeys, anchored: bool) -> bool:
        """Tell whether it was made with these keys and as many anchors."""
        return self._keys.same(keys) and anchored == (len(self._anchors) > 1)

    def stored_name(self, name: bytes) -> bytes:
        """Give the name that the database has."""
        return self._keys.seal_name(name) if self._protection == _NAMES_SEALED else name

    def refresh(self, tx: sqlite3.Connection, row: tables.ContainerRow) -> None:
        """Make sure that this is the state of the database; raises `verification-failed` where that cannot be."""
        if row.protection != self._protection or not isinstance(row.sequence, int) or not isinstance(row.root, bytes):
            raise unproven("what the storage has for the container is not what this host wrote")
        if row.sequence == self._sequence and compare_digest(row.root, self._root):
            return
        if row.sequence <= self._sequence:
            raise unproven("the container was put back to an earlier state, or changed by somebody else")
        self._load(tx, row.id, row.sequence, row.root)

    def get(self, name: bytes) -> Stored | None:
        """Give the current version of an object."""
        return self._objects.get(name)

    def names(self) -> list[bytes]:
        """Give all names in order."""
        return list(self._order)

    def page(self, prefix: bytes, after: bytes, most: int) -> list[bytes]:
        """List at most so many names that begin with `prefix` and come after `after`."""
        first = max(bisect_left(self._order, prefix), bisect_right(self._order, after))
        return [name for name in self._order[first : first + most] if name.startswith(prefix)]

    def changed(self, removed: Sequence[Stored], put: Sequence[Stored]) -> Change:
        """Work out the state after a change."""
        total = added(self._total, *map(self._keys.entry, put), *(-self._keys.entry(stored) for stored in removed))
        sequence, count = self._sequence + 1, len(self._objects) - len(removed) + len(put)
        root = self._keys.root(self._protection, sequence, count, total)
        return Change(tuple(removed), tuple(put), sequence, total, root)

    def prepare(self, change: Change) -> None:
        """Make sure, as the last step before a change is committed, that the anchors can follow it."""
        for anchor in self._anchors:
            anchor.prepare(change.sequence, change.root)

    def apply(self, change: Change) -> None:
        """Take over a change that is committed."""
        for stored in change.removed:
            del self._objects[stored.name]
        for stored in change.put:
            self._objects[stored.name] = stored
        gone = {stored.name for stored in change.removed} - {stored.name for stored in change.put}
        if len(gone) == 1:
            del self._order[bisect_left(self._order, next(iter(gone)))]
        elif gone:
            self._order = [name for name in self._order if name not in gone]
        for name in {stored.name for stored in change.put} - {stored.name for stored in change.removed}:
            insort(self._order, name)
        self._sequence, self._total, self._root = change.sequence, change.total, change.root
        for anchor in self._anchors:
            anchor.advance(change.sequence, change.root)

    def _load(self, tx: sqlite3.Connection, container: int, sequence: int, root: bytes) -> None:
        """Read and verify everything."""
        objects: dict[bytes, Stored] = {}
        total = 0
        for row in tables.current_rows(tx, container):
            stored = self._stored(*row)
            objects[stored.name] = stored
            total = added(total, self._keys.entry(stored))
        if not compare_digest(root, self._keys.root(self._protection, sequence, len(objects), total)):
            raise unproven(
                "the container has other objects than its key vouches for: some were added, removed or put back"
            )
        for anchor in self._anchors:
            anchor.check(sequence, root)
            anchor.prepare(sequence, root)
            anchor.advance(sequence, root)
        self._objects, self._order = objects, sorted(objects)
        self._sequence, self._total, self._root = sequence, total, root

    def _stored(self, name: object, version: object, size: object, created_ns: object) -> Stored:
        if not isinstance(name, bytes):
            raise unproven("the name of an object is not what this host wrote")
        known = self._keys.open_name(name) if self._protection == _NAMES_SEALED else name
        return stored_of(known, version, size, tables.as_moment(created_ns))
