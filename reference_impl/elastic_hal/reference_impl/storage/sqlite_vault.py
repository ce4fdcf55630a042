"""The objects of a container in the database: in the open, or under its key."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from ..bindings.elastic_hal import types
from ..unproven import unproven
from . import tables
from .backend import Upload
from .container_keys import ContainerKeys
from .database import Change, Database
from .errors import StorageFailure
from .records import Bounds, Condition, Stored, moment_now
from .sqlite_streams import SqliteDownload, SqliteUpload
from .verified_index import VerifiedIndex

_MOST_LOOKS = 20


@dataclass(frozen=True, slots=True)
class SqliteContext:
    """What everything that belongs to one container needs."""

    database: Database
    owner: str
    identity: str

    def row(self, tx: sqlite3.Connection) -> tables.ContainerRow:
        """Give the row of the container, which is never removed."""
        row = tables.container_row(tx, self.identity)
        if row is None:
            raise StorageFailure(f"{self.database.path}: the container {self.identity!r} is gone")
        return row


class PlainVault:
    """The objects of a container without protection, as the database has them."""

    keys = None

    def __init__(self, context: SqliteContext) -> None:
        self._context = context
        self.identity = context.identity

    def check(self) -> None:
        """Raise `invalid-state` where the container is protected."""
        with self._viewed():
            pass

    def find(self, name: bytes) -> Stored | None:
        """Give the current version of an object."""
        with self._viewed() as (tx, row):
            return tables.find(tx, row.id, name)

    def page(self, prefix: bytes, after: bytes, most: int) -> list[bytes]:
        """List names."""
        with self._viewed() as (tx, row):
            names = tables.names_between(tx, row.id, prefix, after, most)
        return [name for name in names if name.startswith(prefix)]

    def open(self, name: bytes) -> SqliteDownload | None:
        """Open the current version of an object."""
        stored = self.find(name)
        while stored is not None:
            with self._viewed() as (tx, row):
                version = tables.version_id(tx, row.id, stored.version)
            download = version and SqliteDownload.open(self._context.database, self._context.owner, version, stored)
            if download:
                return download
            stored = self.find(name)
        return None

    def begin(self) -> Upload:
        """Begin a new version."""
        with self._viewed() as (_, row):
            return SqliteUpload(self._context.database, self._context.owner, row.id)

    def publish(self, upload: Upload, name: bytes, size: int, condition: Condition, bounds: Bounds) -> Stored:
        """Make the version the current one."""
        staged = _own(upload)
        stored = Stored(name, staged.version, size, moment_now())
        with self._context.database.change(durable=True) as tx:
            row = self._row(tx)
            current = tables.find(tx, row.id, name)
            condition.check(current)
            bounds.check_objects(row.objects + (current is None))
            if current is not None:
                _retire(self._context, tx, row, current)
            tables.make_current(tx, row.id, staged.claim(tx), stored)
        staged.published()
        return stored

    def remove(self, names: Sequence[bytes] | None, condition: Condition) -> None:
        """Remove objects."""
        self._context.database.free(lambda sparing: self._remove(names, condition, sparing=sparing))

    def _remove(self, names: Sequence[bytes] | None, condition: Condition, *, sparing: bool) -> list[Change]:
        later: list[Change] = []
        with self._context.database.change(durable=True) as tx:
            row = self._row(tx)
            if names is None:
                names = tables.names_between(tx, row.id, b"", b"", row.objects)
            for name in dict.fromkeys(names):
                current = tables.find(tx, row.id, name)
                condition.check(current)
                if current is not None:
                    _retire(self._context, tx, row, current, later if sparing else None)
        return later

    def _row(self, tx: sqlite3.Connection) -> tables.ContainerRow:
        row = self._context.row(tx)
        if row.protection:
            raise types.Error_InvalidState("the container is protected: associate its key first")
        return row

    @contextmanager
    def _viewed(self) -> Iterator[tuple[sqlite3.Connection, tables.ContainerRow]]:
        with self._context.database.view() as tx:
            yield tx, self._row(tx)


class ProtectedVault:
    """The objects of a container under its key. What the database says is verified through the index."""

    def __init__(self, context: SqliteContext, keys: ContainerKeys, index: VerifiedIndex) -> None:
        self._context = context
        self._index = index
        self.identity = context.identity
        self.keys = keys

    def check(self) -> None:
        """Raise `verification-failed` where the container is not what it was, or the key is another."""
        with self._viewed():
            pass

    def find(self, name: bytes) -> Stored | None:
        """Give the current version of an object."""
        with self._viewed():
            return self._index.get(name)

    def page(self, prefix: bytes, after: bytes, most: int) -> list[bytes]:
        """List names."""
        with self._viewed():
            return self._index.page(prefix, after, most)

    def open(self, name: bytes) -> SqliteDownload | None:
        """Open the current version of an object."""
        stored = self.find(name)
        while stored is not None:
            with self._viewed() as (tx, row):
                version = tables.version_id(tx, row.id, stored.version)
                if version is None and self._index.get(name) == stored:
                    raise unproven(f"object {name.decode(errors='replace')!r} is listed, and its content is gone")
            download = version and SqliteDownload.open(self._context.database, self._context.owner, version, stored)
            if download:
                return download
            stored = self.find(name)
        return None

    def begin(self) -> Upload:
        """Begin a new version."""
        with self._viewed() as (_, row):
            return SqliteUpload(self._context.database, self._context.owner, row.id)

    def publish(self, upload: Upload, name: bytes, size: int, condition: Condition, bounds: Bounds) -> Stored:
        """Make the version the current one, and the root that of the container with it."""
        staged = _own(upload)
        stored = Stored(name, staged.version, size, moment_now())
        with self._index.lock:
            with self._context.database.change(durable=True) as tx:
                row = self._row(tx)
                current = self._index.get(name)
                condition.check(current)
                bounds.check_objects(row.objects + (current is None))
                change = self._index.changed([] if current is None else [current], [stored])
                if current is not None:
                    _retire(self._context, tx, row, current)
                kept = Stored(self._index.stored_name(name), stored.version, size, stored.created_ns)
                tables.make_current(tx, row.id, staged.claim(tx), kept)
                tables.set_root(tx, row.id, change.sequence, change.root)
                self._index.prepare(change)
            staged.published()
            self._index.apply(change)
        return stored

    def remove(self, names: Sequence[bytes] | None, condition: Condition) -> None:
        """Remove objects."""
        self._context.database.free(lambda sparing: self._remove(names, condition, sparing=sparing))

    def _remove(self, names: Sequence[bytes] | None, condition: Condition, *, sparing: bool) -> list[Change]:
        later: list[Change] = []
        with self._index.lock:
            with self._context.database.change(durable=True) as tx:
                row = self._row(tx)
                gone: list[Stored] = []
                for name in dict.fromkeys(self._index.names() if names is None else names):
                    current = self._index.get(name)
                    condition.check(current)
                    if current is not None:
                        gone.append(current)
                        _retire(self._context, tx, row, current, later if sparing else None)
                if not gone:
                    return later
                change = self._index.changed(gone, [])
                tables.set_root(tx, row.id, change.sequence, change.root)
                self._index.prepare(change)
            self._index.apply(change)
        return later

    def _row(self, tx: sqlite3.Connection) -> tables.ContainerRow:
        row = self._context.row(tx)
        self._index.refresh(tx, row)
        return row

    @contextmanager
    def _viewed(self) -> Iterator[tuple[sqlite3.Connection, tables.ContainerRow]]:
        with self._index.lock, ExitStack() as stack:
            before: object = None
            for _ in range(_MOST_LOOKS):
                tx = stack.enter_context(self._context.database.view())
                row = self._context.row(tx)
                try:
                    self._index.refresh(tx, row)
                    break
                except types.Error_VerificationFailed:
                    # Somebody else may have changed the container since this view began, which the anchors then know
                    # of already: a later view shows that. One that was put back stays as it is.
                    if row.sequence == before:
                        raise
                    before = row.sequence
                    stack.close()
            else:
                raise unproven("the container keeps changing, and was put back or changed by somebody else")
            yield tx, row


def _retire(
    context: SqliteContext,
    tx: sqlite3.Connection,
    row: tables.ContainerRow,
    current: Stored,
    later: list[Change] | None = None,
) -> None:
    """Take a version away from its name. What is in it is removed at once, or, given a list, left for later."""
    version = tables.version_id(tx, row.id, current.version)
    if version is None:
        raise unproven(f"object {current.name.decode(errors='replace')!r} is listed, and its content is gone")
    if context.database.is_held(version):
        tables.pin(tx, version, context.owner)
    tables.retire(tx, row.id, version)
    if later is None:
        tables.remove_unpinned(tx, version)
    else:
        later.append(partial(tables.remove_unpinned, version=version))


def _own(upload: Upload) -> SqliteUpload:
    """Narrow an upload to one of this storage; vaults are given no others."""
    if not isinstance(upload, SqliteUpload):
        raise TypeError("the upload was begun in another storage")
    return upload
