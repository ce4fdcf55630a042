"""The seal over a broker's store: a MAC that binds log, secrets and revocations to each other and to the key.

    MAC = HMAC-SHA-256(key, domain ‖ number, 8 bytes ‖ digest of the newest entry ‖ secrets ‖ revocations)

Number and digest are those of the log's newest entry, which stands for every entry before it; `secrets` is the SHA-256
over the names and salts (a salt stands for its ciphertext, which is authenticated under it), `revocations` that over
the values. It is renewed in the transaction of each change. Whoever changes the database without the key cannot make
another, so that nothing can be taken out, put in or put back by itself.

An older database as a whole has a seal that is right. What it must not be older than stands in the mark beside the key.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from .audit_log import START, LogHead

_DOMAIN: Final = b"elastic-hal broker store 1\0"
_MARK: Final = b"elastic-hal broker mark 1\0"


class BrokenSealError(Exception):
    """The store is not as it was written. The text says what shows it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a seal covers."""

    head: LogHead
    secrets: bytes
    revocations: bytes

    def encoded(self) -> bytes:
        """Give the bytes that the MAC is over."""
        return self.head.number.to_bytes(8, "big") + self.head.digest + self.secrets + self.revocations


class Seal:
    """Makes and checks seals with one key. Its repr shows no key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def put(self, connection: Connection, head: LogHead) -> None:
        """Seal the database as it is in this transaction, with the head that its log has now."""
        mac = self._mac(_DOMAIN, Contents(head, _secrets(connection), _revocations(connection)).encoded())
        connection.execute("INSERT OR REPLACE INTO seal VALUES (1, ?)", (mac,))

    def check(self, connection: Connection) -> LogHead:
        """Check the database in this transaction and give the head of its log. Raises `BrokenSealError`."""
        head = newest(connection)
        contents = Contents(head, _secrets(connection), _revocations(connection))
        row = connection.execute("SELECT mac FROM seal").fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise BrokenSealError("it has no seal")
        if not hmac.compare_digest(row[0], self._mac(_DOMAIN, contents.encoded())):
            raise BrokenSealError(
                "its seal is broken: log, secrets or revocations were changed, or are those of another key file"
            )
        return head

    def mark(self, head: LogHead) -> bytes:
        """Write down a head so that nobody without the key can write down another."""
        text = str(head).encode()
        return text + b" " + self._mac(_MARK, text).hex().encode() + b"\n"

    def read_mark(self, content: bytes) -> LogHead | None:
        """Read a head that was written down; None where it was not with this key."""
        text, _, mac = content.removesuffix(b"\n").rpartition(b" ")
        if not hmac.compare_digest(mac, self._mac(_MARK, text).hex().encode()):
            return None
        return LogHead.parse(text.decode())

    def _mac(self, domain: bytes, content: bytes) -> bytes:
        return hmac.digest(self._key, domain + content, "sha256")


def newest(connection: Connection) -> LogHead:
    """Give number and digest of the newest entry of the log."""
    row = connection.execute("SELECT number, digest FROM log ORDER BY number DESC LIMIT 1").fetchone()
    return LogHead(0, START) if row is None else LogHead(row[0], bytes(row[1]))


def _secrets(connection: Connection) -> bytes:
    rows = connection.execute("SELECT name, salt FROM secrets ORDER BY name")
    return _digest(part for name, salt in rows for part in (name.encode(), bytes(salt)))


def _revocations(connection: Connection) -> bytes:
    return _digest(value.encode() for (value,) in connection.execute("SELECT value FROM revocations ORDER BY value"))


def _digest(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()
