"""The audit log as a chain: each entry's digest covers the digest before it, so that nothing in between can be changed.

    digest = SHA-256(domain ‖ digest before ‖ number, 8 bytes ‖ entry)

Before the first entry stand 32 zero bytes. The chain shows every change but one: that the newest entries were cut off,
or all written anew. Against that an operator keeps a head (number and digest of the newest entry) elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .errors import AuditLogError, BrokerSettingsError

START: Final = bytes(32)
_DOMAIN: Final = b"elastic-hal audit log 1\0"
_HEAD: Final = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")
_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry as it is stored."""

    number: int
    content: bytes
    digest: bytes

    def fields(self) -> dict[str, object]:
        """Give what the entry says, with its number and digest."""
        stated = json.loads(self.content)
        return {"number": self.number, **stated, "digest": self.digest.hex()}


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where the log ended: number and digest of the newest entry, 0 and zeros of an empty one."""

    number: int
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "LogHead":
        """Read the form that `str` gives, or raise `BrokerSettingsError`."""
        matched = _HEAD.fullmatch(text)
        if matched is None:
            raise BrokerSettingsError(f"{text!r} is no head of a log: a number, a colon, and 64 hexadecimal digits")
        return cls(int(matched[1]), bytes.fromhex(matched[2]))

    def __str__(self) -> str:
        return f"{self.number}:{self.digest.hex()}"


def encode_entry(fields: dict[str, object]) -> bytes:
    """Write down what an entry says. Texts that come from outside are cut, so that no request fills the log."""
    short = {name: value[:_LONGEST_TEXT] if isinstance(value, str) else value for name, value in fields.items()}
    return json.dumps(short, separators=(",", ":"), sort_keys=True).encode()


def next_digest(before: bytes, number: int, content: bytes) -> bytes:
    """Give the digest of an entry."""
    return hashlib.sha256(_DOMAIN + before + number.to_bytes(8, "big") + content).digest()


def verify_log(entries: Iterable[LogEntry], known: LogHead | None = None) -> LogHead:
    """Walk the chain and give its head, or raise `AuditLogError`. `known` is a head from before, kept elsewhere."""
    head, met = LogHead(0, START), known is None or known == LogHead(0, START)
    for entry in entries:
        number = head.number + 1
        if entry.number != number:
            raise AuditLogError(f"entry {number} of the audit log is missing")
        if entry.digest != next_digest(head.digest, number, entry.content):
            raise AuditLogError(f"entry {number} of the audit log, or one before it, was changed")
        head = LogHead(number, entry.digest)
        if known is not None and number == known.number:
            if entry.digest != known.digest:
                raise AuditLogError(f"entry {number} of the audit log is not the one that was the newest then")
            met = True
    if not met and known is not None:
        raise AuditLogError(f"the audit log ends at entry {head.number}, but had entry {known.number} before")
    return head
