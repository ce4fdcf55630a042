"""A storage that can only be read: on a file system that is mounted so, or in a directory that is not to be changed."""

import os
import sqlite3
from pathlib import Path

from ..embedded_database import connect
from .errors import StorageFailure


def may_only_be_read(path: Path) -> bool:
    """Tell whether a database that is there, or its directory, which has its log, cannot be written to by this user."""
    return path.exists() and not all(os.access(place, os.W_OK, effective_ids=True) for place in (path, path.parent))


def connect_for_reading(path: Path, *pragmas: str) -> sqlite3.Connection:
    """Open the database without changing anything. Raises `sqlite3.Error` and `StorageFailure`.

    Where somebody else writes to it, the log and its index are there and say what to read. Otherwise nothing may be in
    the log, which cannot be read without an index.
    """
    connection = connect(path, *pragmas, mode="ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            reason = "its log was not written back; open the storage once where it can be written"
            raise StorageFailure(f"{path}: can only be read, and {reason}") from None
        return connect(path, *pragmas, mode="ro&immutable=1")
    return connection
