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

from ..embedded_database import ForeignDatabaseError, connect, make_tables, transaction
from .errors import BrokerStoreError

_APPLICATION: Final = 0x4548_4B42
_VERSION: Final = 1
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")
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
            self._writer = connect(path, *_PRAGMAS)
            try:
                make_tables(self._writer, _TABLES, _APPLICATION, _VERSION)
                self._reader = connect(path, *_PRAGMAS)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended. Raises `BrokerStoreError`."""
        with self._write_lock, _explained(self._path), transaction(self._writer):
            yield self._writer

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


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except ForeignDatabaseError as error:
        raise BrokerStoreError(f"{path}: {error}; move it away") from None
    except sqlite3.Error as error:
        raise BrokerStoreError(f"{path}: the store of the broker fails: {error}") from None
    except OSError as error:
        raise BrokerStoreError(f"{path}: cannot open the store of the broker: {error.strerror}") from None
