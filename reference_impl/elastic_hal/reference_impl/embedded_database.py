"""What the databases of this package have in common: connections to SQLite, transactions, and whose a file is.

Which errors come of it, and how connections are shared between threads, is for each of them to say.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

BUSY_SECONDS: Final = 10.0
"""How long one process waits for another one's transaction."""


class ForeignDatabaseError(Exception):
    """The file is a database of another program, or of another version of this one."""


def connect(path: Path, *pragmas: str, mode: str = "rwc") -> sqlite3.Connection:
    """Open a connection that begins no transactions by itself and trusts no schema. Raises `sqlite3.Error`."""
    place = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("trusted_schema = OFF", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Make one transaction of the block: all of it takes place, or, where anything is raised, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def make_tables(
    connection: sqlite3.Connection, schema: Sequence[str], application: int, version: int, *, create: bool = True
) -> None:
    """Make the tables where the file is new and may be. Raises `ForeignDatabaseError` for a file that is not ours."""
    with transaction(connection):
        found = identity_of(connection)
        if create and found == (0, 0) and not _number(connection, "SELECT count(*) FROM sqlite_schema"):
            for statement in schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {application}")
            connection.execute(f"PRAGMA user_version = {version}")
        else:
            require_tables(connection, application, version)


def require_tables(connection: sqlite3.Connection, application: int, version: int) -> None:
    """Raise `ForeignDatabaseError` for a file that is not of this program and version."""
    found = identity_of(connection)
    if found != (application, version):
        raise ForeignDatabaseError(f"it is of another program or version ({found[0]:#x}, {found[1]})")


def identity_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give the program that the file is of, and the version of its tables; zeros where nobody said."""
    return _number(connection, "PRAGMA application_id"), _number(connection, "PRAGMA user_version")


def _number(connection: sqlite3.Connection, question: str) -> int:
    (value,) = connection.execute(question).fetchone()
    return int(value)
