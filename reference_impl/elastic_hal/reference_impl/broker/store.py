"""What a broker keeps: secrets, values that are revoked, and the audit log, in one SQLite database.

Several processes may use it at once: an operator revokes a value while the service runs. Entries of the log that
threads want to add at the same time go to the disk in one commit, which makes their number independent of how long a
disk takes.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from elastic_hal.common.folders import FolderError, check_path, check_private, make_private

from .audit_log import START, LogEntry, LogHead, encode_entry, next_digest
from .database import Database
from .errors import BrokerError, BrokerSettingsError, BrokerStoreError, UnknownSecretError
from .messages import MAX_NAME_CHARACTERS, MAX_SECRET_BYTES, is_name
from .secret_box import SecretBox

DATABASE_FILE: Final = "broker.sqlite"
KEY_FILE: Final = "broker.key"
_REVOCABLE: Final = re.compile(r"(?:sha-(?:256|384|512):)?((?:[0-9a-f]{2}){16,64})")
_PAGE: Final = 1000


@dataclass(slots=True)
class _Pending:
    """An entry that waits for its commit, and what became of it."""

    content: bytes
    is_done: bool = False
    failure: BrokerError | None = field(default=None)


class Store:
    """Safe to use from several threads."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._pending: list[_Pending] = []
        self._pending_lock = threading.Lock()
        self._turn = threading.Lock()

    @classmethod
    def open(cls, directory: Path, *, create: bool = False, key_file: Path | None = None) -> "Store":
        """Open the store in a directory. A new one is made only where `create` says so. Raises `BrokerStoreError`."""
        path = directory / DATABASE_FILE
        try:
            is_there = check_private(directory)
            if not is_there and create:
                make_private(directory)
            if key_file is not None:
                check_path(key_file.parent)
        except FolderError as error:
            raise BrokerStoreError(str(error)) from None
        is_new = not path.exists()
        if is_new and not create:
            raise BrokerStoreError(f"{directory}: holds no store of a broker; `broker add-secret` makes one")
        box = SecretBox.open(key_file or directory / KEY_FILE, create=is_new)
        return cls(Database(path), box)

    def add_secret(self, name: str, secret: bytes, entry: dict[str, object], *, replace: bool = False) -> None:
        """Keep a secret, and log that. Raises `BrokerError`."""
        if not is_name(name):
            raise BrokerSettingsError(
                f"{name[:MAX_NAME_CHARACTERS]!r} is no name of a secret: letters, digits and ._/- after the first, "
                f"at most {MAX_NAME_CHARACTERS}"
            )
        if not 1 <= len(secret) <= MAX_SECRET_BYTES:
            raise BrokerSettingsError(f"the secret has {len(secret)} bytes; it must have 1 to {MAX_SECRET_BYTES}")
        salt, ciphertext = self._box.close(name, secret)
        with self._database.writing() as connection:
            is_there = connection.execute("SELECT 1 FROM secrets WHERE name = ?", (name,)).fetchone() is not None
            if is_there and not replace:
                raise UnknownSecretError(f"there already is a secret {name!r}; replace it with --replace")
            connection.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)", (name, salt, ciphertext))
            _append(connection, [encode_entry({**entry, "secret": name, "replaced": is_there})])

    def remove_secret(self, name: str, entry: dict[str, object]) -> None:
        """Forget a secret, and log that. Raises `BrokerError`."""
        with self._database.writing() as connection:
            if connection.execute("DELETE FROM secrets WHERE name = ?", (name,)).rowcount == 0:
                raise UnknownSecretError(f"there is no secret {name[:MAX_NAME_CHARACTERS]!r}")
            _append(connection, [encode_entry({**entry, "secret": name})])

    def secret(self, name: str) -> bytes | None:
        """Give a secret, or None where there is none of that name. Raises `BrokerStoreError`."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT salt, ciphertext FROM secrets WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._box.reveal(name, row[0], row[1])

    def revoke(self, value: str, entry: dict[str, object]) -> None:
        """Trust a value no more, for good, and log that. Raises `BrokerError`."""
        matched = _REVOCABLE.fullmatch(value.lower())
        if matched is None:
            raise BrokerSettingsError(f"{value!r} is no value to revoke: 32 to 128 hexadecimal digits")
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO revocations VALUES (?)", (matched[1],))
            _append(connection, [encode_entry({**entry, "value": matched[1]})])

    def revoked(self) -> frozenset[str]:
        """Give every revoked value, as hexadecimal digits. Raises `BrokerStoreError`."""
        with self._database.reading() as connection:
            return frozenset(value for (value,) in connection.execute("SELECT value FROM revocations"))

    def log(self, entry: dict[str, object]) -> None:
        """Add to the audit log; it is on the disk when this returns. Raises `BrokerStoreError`."""
        waiting = _Pending(encode_entry(entry))
        with self._pending_lock:
            self._pending.append(waiting)
        with self._turn:
            if not waiting.is_done:
                self._commit_pending()
        if waiting.failure is not None:
            raise waiting.failure

    def entries(self) -> Iterator[LogEntry]:
        """Give the audit log from its beginning. Raises `BrokerStoreError`."""
        last = 0
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(
                    "SELECT number, content, digest FROM log WHERE number > ? ORDER BY number LIMIT ?", (last, _PAGE)
                ).fetchall()
            if not rows:
                return
            for number, content, digest in rows:
                yield LogEntry(number, bytes(content), bytes(digest))
            last = rows[-1][0]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _commit_pending(self) -> None:
        """Write everything that waits; whoever waits behind finds its entry done."""
        with self._pending_lock:
            batch, self._pending = self._pending, []
        failure: BrokerError | None = None
        try:
            with self._database.writing() as connection:
                _append(connection, [waiting.content for waiting in batch])
        except BrokerStoreError as error:
            failure = error
        for waiting in batch:
            waiting.is_done, waiting.failure = True, failure


def _append(connection: Connection, contents: list[bytes]) -> None:
    """Continue the chain. The transaction holds the lock for writing, so that nobody else continues it."""
    row = connection.execute("SELECT number, digest FROM log ORDER BY number DESC LIMIT 1").fetchone()
    head = LogHead(0, START) if row is None else LogHead(row[0], bytes(row[1]))
    for content in contents:
        number = head.number + 1
        head = LogHead(number, next_digest(head.digest, number, content))
        connection.execute("INSERT INTO log VALUES (?, ?, ?)", (number, content, head.digest))
