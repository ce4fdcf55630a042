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

from ..embedded_database import ForeignDatabaseError, connect, identity_of, make_tables, transaction
from .errors import BrokerStoreError

_APPLICATION: Final = 0x4548_4B42
_VERSION: Final = 2
_UNSEALED: Final = 1
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")
_TABLES: Final = (
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, salt BLOB NOT NULL, ciphertext BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE revocations (value TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE log (number INTEGER PRIMARY KEY, content BLOB NOT NULL, digest BLOB NOT NULL) STRICT",
)
_SEAL: Final = "CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), mac BLOB NOT NULL) STRICT"


class Database:
    """One connection that writes and one that reads, each for one thread at a time."""

    def __init__(self, path: Path, *, create: bool = False, adopt: bool = False) -> None:
        """Open, or `create` a new one; `adopt` one that had no seal in its version. Raises `BrokerStoreError`."""
        self.path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        with _explained(path):
            # Made by us, so that it is never there with other rights than the owner's.
            making = os.O_CREAT | os.O_EXCL if create else 0
            os.close(os.open(path, os.O_RDWR | making | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            if not create and not path.stat().st_size:
                raise BrokerStoreError(f"{path}: is empty: what was in it is lost; bring back a copy of the store")
            self._writer = connect(path, *_PRAGMAS)
            try:
                if not create and identity_of(self._writer) == (_APPLICATION, _UNSEALED):
                    _adopt(self._writer, path, allowed=adopt)
                make_tables(self._writer, (*_TABLES, _SEAL), _APPLICATION, _VERSION, create=create)
                self._reader = connect(path, *_PRAGMAS)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended. Raises `BrokerStoreError`."""
        with self._write_lock, _explained(self.path), transaction(self._writer):
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of everything. Raises `BrokerStoreError`."""
        with self._read_lock, _explained(self.path):
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                with suppress(sqlite3.Error):
                    self._reader.execute("ROLLBACK")

    def close(self) -> None:
        """Close both connections."""
        with self._write_lock, self._read_lock, suppress(sqlite3.Error):
            self._reader.close()
            self._writer.close()


def _adopt(connection: sqlite3.Connection, path: Path, *, allowed: bool) -> None:
    """Make room for the seal in a database of the version that had none."""
    if not allowed:
        raise BrokerStoreError(
            f"{path}: is of a version whose stores had no seal; if nobody else could write to it, "
            "run: elastic-hal broker adopt"
        )
    with transaction(connection):
        connection.execute(_SEAL)
        connection.execute(f"PRAGMA user_version = {_VERSION}")


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
