"""The SQLite database of a broker: its tables, and the two connections that a process has to it.

Write-ahead log, and every commit on the disk before it counts. Errors of SQLite become ours here; what SQLite says
holds no secret.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from .errors import BrokerStoreError

_APPLICATION: Final = 0x4548_4B42
_VERSION: Final = 1
_BUSY_SECONDS: Final = 10.0
_TABLES: Final = (
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, salt BLOB NOT NULL, ciphertext BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE revocations (value TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE log (number INTEGER PRIMARY KEY, content BLOB NOT NULL, digest BLOB NOT NULL) STRICT",
)


class Database:
    """One connection that writes and one that reads, each for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises `BrokerStoreError`."""
        self._path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        with _explained(path):
            # Made by us, so that it is never there with other rights than the owner's.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            self._writer = _connect(path)
            try:
                _prepare(self._writer, path)
                self._reader = _connect(path)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended. Raises `BrokerStoreError`."""
        with self._write_lock, _explained(self._path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading. Raises `BrokerStoreError`."""
        with self._read_lock, _explained(self._path):
            yield self._reader

    def close(self) -> None:
        """Close both connections."""
        with self._write_lock, self._read_lock, suppress(sqlite3.Error):
            self._reader.close()
            self._writer.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new database; refuse another program's."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if (application, version, tables) == (0, 0, 0):
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        else:
            _check_ours(application, version, path)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _check_ours(application: int, version: int, path: Path) -> None:
    if (application, version) != (_APPLICATION, _VERSION):
        raise BrokerStoreError(f"{path}: is a database of another program or version; move it away")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BrokerStoreError(f"{path}: the store of the broker fails: {error}") from None
    except OSError as error:
        raise BrokerStoreError(f"{path}: cannot open the store of the broker: {error.strerror}") from None
