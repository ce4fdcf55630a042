"""Versions on their way into the database, and versions that are being read."""

import logging
import sqlite3
from collections.abc import Sequence

from ..bindings.elastic_hal import types
from . import tables
from .database import Database
from .errors import StorageFailure
from .records import MAX_CHUNKS, Bounds, Stored, new_version

_log = logging.getLogger(__name__)


class SqliteUpload:
    """A version that is being written. It is in the database from its first chunk on, where nobody looks for it."""

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
        if version is None:
            return
        try:
            with self._database.change(durable=False) as tx:
                tables.remove_unpinned(tx, version)
        except (types.Error, StorageFailure):
            _log.warning("an unfinished object could not be removed yet", exc_info=True)


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
        try:
            with database.change(durable=False) as tx:
                if not tables.is_there(tx, version, stored.version):
                    return None
                tables.pin(tx, version, owner)
        except types.Error_LimitExceeded:
            # The disk is full. Reading goes on; only, nothing keeps others from removing the version meanwhile.
            return cls(database, owner, version, stored, pinned=False)
        return cls(database, owner, version, stored, pinned=True)

    def chunk(self, number: int) -> object:
        """Give a chunk as it is stored."""
        if self._version is None:
            raise types.Error_InvalidState("the reader is closed")
        with self._database.view() as tx:
            found = tables.read_chunk(tx, self._version, number)
        if found is None and not self._pinned:
            raise StorageFailure("an object was replaced while it was read, and the full disk had no room for a pin")
        return found

    def close(self) -> None:
        """Take the pin away. Where that fails, the next start of the storage does it."""
        version, self._version = self._version, None
        if version is None or not self._pinned:
            return
        try:
            with self._database.change(durable=False) as tx:
                tables.unpin(tx, version, self._owner)
        except (types.Error, StorageFailure):
            _log.warning("a version that is not read any more could not be let go yet", exc_info=True)
