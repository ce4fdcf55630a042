"""The SQLite database of the embedded storage: its connections, transactions, tables, and what its errors mean.

It is in WAL mode. A transaction that has to last is committed with synchronous=FULL; one that only prepares is not
flushed by itself, but before anything that refers to it.
"""

import logging
import sqlite3
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from ..bindings.elastic_hal import types
from ..embedded_database import BUSY_SECONDS, ForeignDatabaseError, connect, make_tables, require_tables, transaction
from .errors import StorageFailure
from .location import prepare
from .read_only import connect_for_reading, may_only_be_read
from .reserve import Reserve

FILE_NAME: Final = "objects.db"
CHUNK_NUMBER_BITS: Final = 20
"""A chunk's row is the number of its version, shifted by this, and its own number."""

_APPLICATION: Final = 0x45484F53
_SCHEMA_VERSION: Final = 1
_PAGE_BYTES: Final = 8192
_WAL_PAGES: Final = 512
_PAGES_GIVEN_BACK: Final = 1024
_PRAGMAS: Final = ("cell_size_check = ON", f"wal_autocheckpoint = {_WAL_PAGES}")
_log = logging.getLogger(__name__)

_SCHEMA: Final = """
CREATE TABLE containers (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, created_ns INTEGER NOT NULL,
    protection INTEGER NOT NULL DEFAULT 0, salt BLOB, sequence INTEGER NOT NULL DEFAULT 0, root BLOB,
    objects INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL REFERENCES containers(id),
    name BLOB, version TEXT NOT NULL UNIQUE, size INTEGER NOT NULL DEFAULT 0, created_ns INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL, stored INTEGER NOT NULL DEFAULT 0, owner TEXT);
CREATE UNIQUE INDEX current ON versions (container, name) WHERE state = 1;
CREATE INDEX passing ON versions (state) WHERE state <> 1;
CREATE TABLE chunks (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE pins (version INTEGER NOT NULL, owner TEXT NOT NULL);
CREATE INDEX pinned ON pins (version);
"""


Change = Callable[[sqlite3.Connection], object]


class Database:
    """The connections: one that writes, one that reads. Each is used by one thread at a time."""

    def __init__(self, directory: Path) -> None:
        prepare(directory)
        self.path = directory / FILE_NAME
        self.is_read_only = may_only_be_read(self.path)
        self._writing, self._reading = threading.RLock(), threading.Lock()
        self._postponed: deque[Change] = deque()
        self._readers: Counter[int] = Counter()
        self._reserve = Reserve(directory)
        if self.is_read_only:
            with _explained(self.path):
                self._reader = self._writer = connect_for_reading(self.path, _PRAGMAS[0])
                self._finalizer = weakref.finalize(self, _close, [self._reader])
                require_tables(self._reader, _APPLICATION, _SCHEMA_VERSION)
            return
        with _explained(self.path):
            self._writer = connect(self.path, *_PRAGMAS)
            self._finalizer = weakref.finalize(self, _close, [self._writer])
            _set_up(self._writer)
            self._reader = connect(self.path, *_PRAGMAS)
            self._finalizer.detach()
            self._finalizer = weakref.finalize(self, _close, [self._reader, self._writer])
        self._reserve.make()

    @contextmanager
    def change(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """A transaction that changes things: all of it takes place, or, where anything is raised, nothing."""
        if self.is_read_only:
            raise types.Error_AccessDenied("the storage can only be read")
        with self._writing:
            self._catch_up()
            with self._changed(durable=durable) as tx:
                yield tx

    def eventually(self, change: Change) -> None:
        """Make a change that is to take place, but need not now: on a full disk it is made before a later one that goes
        well. What cannot be made at all, or is left undone when the process ends, the next start of the storage does.
        """
        if self.is_read_only:
            return
        with self._writing:
            self._postponed.append(change)
            self._catch_up()

    def hold(self, version: int) -> None:
        """Count a reader of this process. Within a change, so that nobody removes the version meanwhile."""
        with self._writing:
            self._readers[version] += 1

    def release(self, version: int) -> None:
        """Count a reader less."""
        with self._writing:
            self._readers[version] -= 1
            if not self._readers[version]:
                del self._readers[version]

    def is_held(self, version: int) -> bool:
        """Tell whether a reader of this process has the version. Within a change."""
        return version in self._readers

    def _catch_up(self) -> None:
        """Make the changes that were postponed, as far as the disk has room."""
        while self._postponed:
            try:
                with self._changed(durable=False) as tx:
                    self._postponed[0](tx)
            except types.Error_LimitExceeded:
                return
            except Exception:  # whatever it is, it must not keep others from their changes
                _log.warning("%s: something could not be removed yet", self.path, exc_info=True)
            self._postponed.popleft()

    @contextmanager
    def _changed(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        with _explained(self.path):
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with transaction(self._writer):
                yield self._writer

    @contextmanager
    def view(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads one state of the database."""
        with self._reading, _explained(self.path):
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                with suppress(sqlite3.Error):
                    self._reader.execute("ROLLBACK")

    def free(self, deletion: Callable[[bool], Iterable[Change]]) -> None:
        """Delete, at the cost of the reserve where the disk is full, and let the database shrink.

        A `deletion` that is told to be sparing writes as little as it can, and gives changes that can be made later.
        """
        try:
            deletion(False)
        except types.Error_LimitExceeded:
            if not self._reserve.use():
                raise
            self._write_back()
            for change in deletion(True):
                self.eventually(change)
                self.give_back()
                self._write_back()
        self.give_back()
        if not self._reserve.is_whole:
            self._write_back()
            self._reserve.make()

    def _write_back(self) -> None:
        """Move what the log of the database holds to where it belongs, and give the log's room back."""
        with self._writing, suppress(sqlite3.Error):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def give_back(self) -> None:
        """Return some unused pages to the file system. It may fail; nothing depends on it."""
        with self._writing, suppress(sqlite3.Error), closing(self._writer.cursor()) as cursor:
            cursor.execute(f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK})").fetchall()

    def close(self) -> None:
        """Close the connections."""
        with self._writing, self._reading:
            self._finalizer()


def _set_up(connection: sqlite3.Connection) -> None:
    """Make the tables where the file is new; refuse one that is not ours."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise StorageFailure("the file system of the storage cannot do what SQLite needs for WAL mode")
    connection.execute(f"PRAGMA journal_size_limit = {_PAGE_BYTES * _WAL_PAGES}")
    connection.execute("PRAGMA synchronous = FULL")
    make_tables(connection, list(filter(str.strip, _SCHEMA.split(";"))), _APPLICATION, _SCHEMA_VERSION)


def _close(connections: list[sqlite3.Connection]) -> None:
    for connection in connections:
        with suppress(sqlite3.Error):
            connection.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours. What SQLite says may go to the log: it holds no content."""
    try:
        yield
    except ForeignDatabaseError as error:
        raise StorageFailure(f"{path}: {error}") from None
    except sqlite3.Error as error:
        extended = getattr(error, "sqlite_errorcode", 0)
        code = extended & 0xFF
        if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_SHMSIZE:
            _log.warning("%s: the storage is full", path)
            raise types.Error_LimitExceeded("the storage is full") from None
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StorageFailure(f"{path}: another process kept it locked for {BUSY_SECONDS:.0f} seconds") from error
        raise StorageFailure(f"{path}: {error}") from error
