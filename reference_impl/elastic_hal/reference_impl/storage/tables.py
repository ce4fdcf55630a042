"""What is done to the tables of the database, inside a transaction of the caller's."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from elastic_hal.common.clock import END_NS

from .database import CHUNK_NUMBER_BITS
from .owners import Owner
from .records import Stored, moment_now, stored_of

STAGED: Final = 0
CURRENT: Final = 1
RETIRED: Final = 2


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """A row of `containers`. Nothing in it is trusted before it was verified."""

    id: int
    created_ns: int
    protection: int
    salt: bytes | None
    sequence: int
    root: bytes | None
    objects: int
    size: int


def ensure_container(tx: sqlite3.Connection, identity: str) -> None:
    """Make the container where there is none."""
    tx.execute(
        "INSERT INTO containers (identity, created_ns) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (identity, _as_signed(moment_now())),
    )


def container_row(tx: sqlite3.Connection, identity: str) -> ContainerRow | None:
    """Give the row of a container."""
    found = tx.execute(
        "SELECT id, created_ns, protection, salt, sequence, root, objects, size FROM containers WHERE identity = ?",
        (identity,),
    ).fetchone()
    return None if found is None else ContainerRow(found[0], as_moment(found[1]), *found[2:])


def set_protection(tx: sqlite3.Connection, container: int, protection: int, salt: bytes) -> None:
    """Protect a container from now on."""
    tx.execute("UPDATE containers SET protection = ?, salt = ? WHERE id = ?", (protection, salt, container))


def set_root(tx: sqlite3.Connection, container: int, sequence: int, root: bytes) -> None:
    """Set the authenticated state of a container."""
    tx.execute("UPDATE containers SET sequence = ?, root = ? WHERE id = ?", (sequence, root, container))


def current_rows(tx: sqlite3.Connection, container: int) -> Iterable[tuple[object, object, object, object]]:
    """Give name, version, size and time of all objects."""
    return tx.execute(
        "SELECT name, version, size, created_ns FROM versions WHERE container = ? AND state = ?", (container, CURRENT)
    )


def find(tx: sqlite3.Connection, container: int, name: bytes) -> Stored | None:
    """Give the current version under a name as it is stored."""
    found = tx.execute(
        "SELECT version, size, created_ns FROM versions WHERE container = ? AND name = ? AND state = ?",
        (container, name, CURRENT),
    ).fetchone()
    return None if found is None else stored_of(name, found[0], found[1], as_moment(found[2]))


def names_between(tx: sqlite3.Connection, container: int, least: bytes, after: bytes, most: int) -> list[bytes]:
    """List names from `least` on that come after `after`, in order."""
    rows = tx.execute(
        "SELECT name FROM versions WHERE container = ? AND state = ? AND name >= ? AND name > ? ORDER BY name LIMIT ?",
        (container, CURRENT, least, after, most),
    )
    return [name for (name,) in rows]


def version_id(tx: sqlite3.Connection, container: int, version: str) -> int | None:
    """Give the number of the current version of that name."""
    found = tx.execute(
        "SELECT id FROM versions WHERE version = ? AND container = ? AND state = ?", (version, container, CURRENT)
    ).fetchone()
    return None if found is None else int(found[0])


def is_there(tx: sqlite3.Connection, version: int, name: str) -> bool:
    """Tell whether the version of that number is the one of that name, current or not."""
    row = tx.execute("SELECT 1 FROM versions WHERE id = ? AND version = ?", (version, name)).fetchone()
    return row is not None


def stage(tx: sqlite3.Connection, container: int, version: str, owner: str) -> int:
    """Begin a version that nobody sees, and give its number."""
    cursor = tx.execute(
        "INSERT INTO versions (container, version, state, owner) VALUES (?, ?, ?, ?)",
        (container, version, STAGED, owner),
    )
    return int(cursor.lastrowid or 0)


def add_chunks(tx: sqlite3.Connection, container: int, version: int, first: int, chunks: Sequence[bytes]) -> int:
    """Add chunks to a version, and give the size of the container with them."""
    rows = ((chunk_id(version, first + index), chunk) for index, chunk in enumerate(chunks))
    tx.executemany("INSERT INTO chunks (id, data) VALUES (?, ?)", rows)
    size = sum(map(len, chunks))
    tx.execute("UPDATE versions SET stored = stored + ? WHERE id = ?", (size, version))
    (whole,) = tx.execute(
        "UPDATE containers SET size = size + ? WHERE id = ? RETURNING size", (size, container)
    ).fetchone()
    return int(whole)


def read_chunk(tx: sqlite3.Connection, version: int, number: int) -> object:
    """Give what is stored of a chunk."""
    found = tx.execute("SELECT data FROM chunks WHERE id = ?", (chunk_id(version, number),)).fetchone()
    return None if found is None else found[0]


def make_current(tx: sqlite3.Connection, container: int, version: int, stored: Stored) -> None:
    """Make a staged version current. The name must be free."""
    tx.execute(
        "UPDATE versions SET name = ?, size = ?, created_ns = ?, state = ?, owner = NULL WHERE id = ?",
        (stored.name, stored.size, _as_signed(stored.created_ns), CURRENT, version),
    )
    tx.execute("UPDATE containers SET objects = objects + 1 WHERE id = ?", (container,))


def retire(tx: sqlite3.Connection, container: int, version: int) -> None:
    """Take a version away from its name. What is in it is removed by `remove_unpinned`."""
    tx.execute("UPDATE versions SET state = ? WHERE id = ?", (RETIRED, version))
    tx.execute("UPDATE containers SET objects = objects - 1 WHERE id = ?", (container,))


def pin(tx: sqlite3.Connection, version: int, owner: str) -> None:
    """Keep a version while a process reads it."""
    tx.execute(
        "INSERT INTO pins (version, owner) SELECT ?1, ?2"
        " WHERE NOT EXISTS (SELECT 1 FROM pins WHERE version = ?1 AND owner = ?2)",
        (version, owner),
    )


def unpin(tx: sqlite3.Connection, version: int, owner: str) -> None:
    """Let a version go that a process does not read any more."""
    tx.execute("DELETE FROM pins WHERE version = ? AND owner = ?", (version, owner))
    found = tx.execute("SELECT state FROM versions WHERE id = ?", (version,)).fetchone()
    if found == (RETIRED,):
        remove_unpinned(tx, version)


def remove_unpinned(tx: sqlite3.Connection, version: int) -> None:
    """Remove a version with its chunks, unless it is pinned."""
    if tx.execute("SELECT 1 FROM pins WHERE version = ? LIMIT 1", (version,)).fetchone():
        return
    found = tx.execute("DELETE FROM versions WHERE id = ? RETURNING container, stored", (version,)).fetchone()
    tx.execute("DELETE FROM chunks WHERE id BETWEEN ? AND ?", (chunk_id(version, 0), chunk_id(version + 1, 0) - 1))
    if found is not None:
        tx.execute("UPDATE containers SET size = size - ? WHERE id = ?", (found[1], found[0]))


def remove_leftovers(tx: sqlite3.Connection, owner: Owner) -> int:
    """Remove what dead processes were writing or reading, and give how many versions that were."""
    tokens = tx.execute("SELECT owner FROM versions WHERE state = ? UNION SELECT owner FROM pins", (STAGED,)).fetchall()
    for (token,) in tokens:
        if not owner.is_alive(str(token)):
            tx.execute("DELETE FROM pins WHERE owner = ?", (token,))
            tx.execute("UPDATE versions SET state = ? WHERE state = ? AND owner = ?", (RETIRED, STAGED, token))
    retired = tx.execute("SELECT id FROM versions WHERE state = ?", (RETIRED,)).fetchall()
    for (version,) in retired:
        remove_unpinned(tx, version)
    return len(retired)


def as_moment(stored: Any) -> Any:
    """Read a moment as the database has it, whose numbers have a sign; what is no number is left to whoever checks."""
    return stored + END_NS if type(stored) is int and stored < 0 else stored


def _as_signed(moment: int) -> int:
    return moment - END_NS if moment >= END_NS // 2 else moment


def chunk_id(version: int, number: int) -> int:
    """Give the row of a chunk."""
    return (version << CHUNK_NUMBER_BITS) | number
