"""Versions on their way into the database, and versions that are being read."""

import sqlite3
from collections.abc import Sequence

from ..bindings.elastic_hal import types
from . import tables
from .database import Database
from .errors import StorageFailure
from .records import MAX_CHUNKS, Bounds, Stored, new_version


class SqliteUpload:
    """A version that is being written. It is in the database from its first chunk on, where nobody looks for it."""

    most_waiting = 0

    def __init__(self, database: Database, owner: str, container: int) -> None:
        self.version = new_version()
        self._database = database
        self._owner = owner
        self._container = container
        self._id: int | None = None
        self._chunks = 0

    def add(self, chunks: Sequence[bytes], bounds: Bounds) -> None:
        """Store the next chunks."""
        if self._chunks + len(chunks) > MAX_CHUNKS:
            raise types.Error_LimitExceeded(f"an object has at most {MAX_CHUNKS} chunks")
        with self._database.change(durable=False) as tx:
            version = self._id
            if version is None:
                version = tables.stage(tx, self._container, self.version, self._owner)
            bounds.check_size(tables.add_chunks(tx, self._container, version, self._chunks, chunks))
        self._id = version
        self._chunks += len(chunks)

    def claim(self, tx: sqlite3.Connection) -> int:
        """Give the number of the version, which is about to be published in this transaction."""
        if self._id is None:
            raise StorageFailure("a version without chunks cannot be published")
        return self._id

    def published(self) -> None:
        """From now on the chunks belong to the object."""
        self._id = None

    def abandon(self) -> None:
        """Remove what was stored. Where that fails, the next start of the storage does it."""
        version, self._id = self._id, None
        if version is not None:
            self._database.eventually(lambda tx: tables.remove_unpinned(tx, version))


class SqliteDownload:
    """A version that is being read. A pin keeps its chunks while others replace or delete the object."""

    def __init__(self, database: Database, owner: str, version: int, stored: Stored, *, pinned: bool) -> None:
        self.stored = stored
        self._database = database
        self._owner = owner
        self._version: int | None = version
        self._pinned = pinned

    @classmethod
    def open(cls, database: Database, owner: str, version: int, stored: Stored) -> "SqliteDownload | None":
        """Pin a version, or give None where it has been replaced meanwhile."""
        held = False
        if database.is_read_only:
            database.hold(version)
            return cls(database, owner, version, stored, pinned=False)
        try:
            with database.change(durable=False) as tx:
                if not tables.is_there(tx, version, stored.version):
                    return None
                database.hold(version)
                held = True
                tables.pin(tx, version, owner)
        except types.Error_LimitExceeded:
            # The disk is full, and reading goes on. Where this process replaces the version, there is room again for
            # the pin too; only, nothing keeps another process from removing it meanwhile.
            if not held:
                database.hold(version)
            return cls(database, owner, version, stored, pinned=False)
        except BaseException:
            if held:
                database.release(version)
            raise
        return cls(database, owner, version, stored, pinned=True)

    def chunk(self, number: int) -> object:
        """Give a chunk as it is stored."""
        if self._version is None:
            raise types.Error_InvalidState("the reader is closed")
        with self._database.view() as tx:
            found = tables.read_chunk(tx, self._version, number)
        if found is None and not self._pinned:
            raise StorageFailure("an object was replaced while it was read, and nothing could be written to keep it")
        return found

    def close(self) -> None:
        """Let the version go."""
        version, self._version = self._version, None
        if version is not None:
            self._database.release(version)
            self._database.eventually(lambda tx: self._unpin(tx, version))

    def _unpin(self, tx: sqlite3.Connection, version: int) -> None:
        if not self._database.is_held(version):
            tables.unpin(tx, version, self._owner)
