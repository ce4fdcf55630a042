"""What a broker keeps: secrets, values that are revoked, and the audit log, in one SQLite database, under one seal.

Several processes may use it at once: an operator revokes a value while the service runs. Entries of the log that
threads want to add at the same time go to the disk in one commit, which makes their number independent of how long a
disk takes.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from .audit_log import LogEntry, LogHead, encode_entry, next_digest, verify_log
from .database import Database
from .errors import AuditLogError, BrokerError, BrokerSettingsError, BrokerStoreError, UnknownSecretError
from .making import DATABASE_FILE, KEY_FILE, check_folders, create_store
from .mark import Mark, locked, mark_path
from .messages import MAX_NAME_CHARACTERS, MAX_SECRET_BYTES, is_name
from .revocation import parse_revoked
from .seal import BrokenSealError, Seal, newest
from .secret_box import SecretBox

_PAGE: Final = 1000


@dataclass(slots=True)
class _Pending:
    """An entry that waits for its commit, and what became of it."""

    content: bytes
    is_done: bool = False
    failure: BrokerError | None = field(default=None)


class Store:
    """Safe to use from several threads."""

    def __init__(self, database: Database, box: SecretBox, seal: Seal, mark: Mark) -> None:
        self._database = database
        self._box = box
        self._seal = seal
        self._mark = mark
        self._pending: list[_Pending] = []
        self._pending_lock = threading.Lock()
        self._turn = threading.Lock()

    @classmethod
    def open(
        cls, directory: Path, *, create: bool = False, key_file: Path | None = None, damaged: bool = False
    ) -> "Store":
        """Open the store in a directory. A new one is made only where `create` says so.

        Raises `BrokerStoreError`, also where anything in the store is not as it was written; with `damaged`, it is
        opened all the same to look at its log, and everything else of it refuses.
        """
        key_path = key_file or directory / KEY_FILE
        check_folders(directory, key_path, create=create)
        try:
            with locked(directory):
                if not (directory / DATABASE_FILE).exists():
                    create_store(directory, key_path, allowed=create)
                store = cls._opened(directory, key_path)
        except OSError as error:
            raise BrokerStoreError(f"{directory}: cannot use the directory: {error.strerror}") from None
        try:
            if not damaged:
                store.check()
                store._keep_mark()
        except BaseException:
            store._database.close()
            raise
        return store

    @classmethod
    def adopt(cls, directory: Path, entry: dict[str, object]) -> None:
        """Put the seal on a store of the version before, as it is, and log that. Raises `BrokerStoreError`."""
        key_path = directory / KEY_FILE
        check_folders(directory, key_path, create=False)
        if mark_path(key_path).exists():
            raise BrokerStoreError(f"{directory}: the store had a seal before; bring back a copy of it")
        store = cls._opened(directory, key_path, adopt=True)
        try:
            with store._database.writing() as connection:
                if connection.execute("SELECT 1 FROM seal").fetchone() is not None:
                    raise BrokerStoreError(f"{directory}: the store has its seal already")
                store._append(connection, newest(connection), [encode_entry(entry)])
            store._keep_mark()
        finally:
            store._database.close()
        cls.open(directory).close()

    @classmethod
    def _opened(cls, directory: Path, key_path: Path, *, adopt: bool = False) -> "Store":
        box = SecretBox.open(key_path)
        seal = Seal(box.seal_key())
        return cls(Database(directory / DATABASE_FILE, adopt=adopt), box, seal, Mark(key_path, seal))

    def check(self) -> None:
        """Check seal, log and mark. Raises `BrokerStoreError`."""
        mark = self._mark.read()
        with self._checked():
            pass
        try:
            verify_log(self.entries(), mark)
        except AuditLogError as error:
            raise BrokerStoreError(f"{self._database.path}: {error}; bring back a copy of the store") from None

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
        with self._changing() as (connection, head):
            is_there = connection.execute("SELECT 1 FROM secrets WHERE name = ?", (name,)).fetchone() is not None
            if is_there and not replace:
                raise UnknownSecretError(f"there already is a secret {name!r}; replace it with --replace")
            connection.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)", (name, salt, ciphertext))
            self._append(connection, head, [encode_entry({**entry, "secret": name, "replaced": is_there})])
        self._keep_mark()

    def remove_secret(self, name: str, entry: dict[str, object]) -> None:
        """Forget a secret, and log that. Raises `BrokerError`."""
        with self._changing() as (connection, head):
            if connection.execute("DELETE FROM secrets WHERE name = ?", (name,)).rowcount == 0:
                raise UnknownSecretError(f"there is no secret {name[:MAX_NAME_CHARACTERS]!r}")
            self._append(connection, head, [encode_entry({**entry, "secret": name})])
        self._keep_mark()

    def secret(self, name: str) -> bytes | None:
        """Give a secret, or None where there is none of that name. Raises `BrokerStoreError`."""
        with self._checked() as connection:
            row = connection.execute("SELECT salt, ciphertext FROM secrets WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._box.reveal(name, row[0], row[1])

    def revoke(self, value: str, entry: dict[str, object]) -> None:
        """Trust a value no more, for good, and log that. Raises `BrokerError`."""
        digits = parse_revoked(value)
        with self._changing() as (connection, head):
            connection.execute("INSERT OR IGNORE INTO revocations VALUES (?)", (digits,))
            self._append(connection, head, [encode_entry({**entry, "value": digits})])
        self._keep_mark()

    def revoked(self) -> frozenset[str]:
        """Give every revoked value, as hexadecimal digits. Raises `BrokerStoreError`."""
        with self._checked() as connection:
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
        with suppress(BrokerStoreError):  # of a store that is damaged there is nothing to keep in mind
            self._keep_mark()
        self._database.close()

    def _commit_pending(self) -> None:
        """Write everything that waits; whoever waits behind finds its entry done."""
        with self._pending_lock:
            batch, self._pending = self._pending, []
        failure: BrokerError | None = None
        try:
            with self._changing() as (connection, head):
                self._append(connection, head, [waiting.content for waiting in batch])
        except BrokerStoreError as error:
            failure = error
        for waiting in batch:
            waiting.is_done, waiting.failure = True, failure

    @contextmanager
    def _checked(self) -> Iterator[Connection]:
        """One state of everything, which is as it was written."""
        with self._database.reading() as connection, self._unbroken():
            self._seal.check(connection)
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[tuple[Connection, LogHead]]:
        """A transaction that continues what is as it was written: a change never hides another's."""
        with self._database.writing() as connection, self._unbroken():
            yield connection, self._seal.check(connection)

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        try:
            yield
        except BrokenSealError as error:
            raise BrokerStoreError(f"{self._database.path}: {error}; bring back a copy of the store") from None

    def _append(self, connection: Connection, head: LogHead, contents: list[bytes]) -> None:
        """Continue the chain and seal it. The transaction holds the lock for writing: nobody else continues it."""
        for content in contents:
            number = head.number + 1
            head = LogHead(number, next_digest(head.digest, number, content))
            connection.execute("INSERT INTO log VALUES (?, ?, ?)", (number, content, head.digest))
        self._seal.put(connection, head)

    def _keep_mark(self) -> None:
        with self._checked() as connection:
            head = newest(connection)
        self._mark.move(head)
