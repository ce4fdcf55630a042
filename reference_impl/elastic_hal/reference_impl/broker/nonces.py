"""Nonces that are made without being remembered, and remembered once they were used.

A nonce is 16 random bytes, 8 bytes that say when it ends, and HMAC-SHA-256 over both and the secret's name, with a key
that lives as long as the process. So strangers who ask for many nonces cost no memory and drive out nobody else's, and
a broker that was started again knows none from before. Ends are by a clock that nobody sets.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

NONCE_BYTES: Final = 56
DEFAULT_LIFETIME: Final = 120.0

_RANDOM_BYTES: Final = 16
_END_BYTES: Final = 8
_DOMAIN: Final = b"elastic-hal broker nonce 1\0"


class NonceError(Exception):
    """The nonce is not good. The text is the reason, for the audit log."""


class Nonces:
    """Makes nonces and takes each back once. Safe to use from several threads."""

    def __init__(self, lifetime: float = DEFAULT_LIFETIME, clock: Callable[[], float] = time.monotonic) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._used: set[bytes] = set()
        self._order: deque[tuple[float, bytes]] = deque()

    def issue(self, name: str) -> bytes:
        """Make a nonce for one secret."""
        end = int((self._clock() + self.lifetime) * 1000)
        stem = secrets.token_bytes(_RANDOM_BYTES) + end.to_bytes(_END_BYTES, "big")
        return stem + self._mac(stem, name)

    def use(self, nonce: bytes, name: str) -> None:
        """Take a nonce back, or raise `NonceError`. It is used up whatever becomes of the request."""
        stem = nonce[: _RANDOM_BYTES + _END_BYTES]
        if len(nonce) != NONCE_BYTES or not hmac.compare_digest(nonce[len(stem) :], self._mac(stem, name)):
            raise NonceError("the nonce was not issued by this broker for this secret since it was started")
        now = self._clock()
        if int.from_bytes(stem[_RANDOM_BYTES:], "big") <= now * 1000:
            raise NonceError("the nonce has expired")
        with self._lock:
            # What was used longer ago than a nonce lives has expired by now.
            while self._order and self._order[0][0] <= now - self.lifetime:
                self._used.discard(self._order.popleft()[1])
            if stem in self._used:
                raise NonceError("the nonce was used before")
            self._used.add(stem)
            self._order.append((now, stem))

    def _mac(self, stem: bytes, name: str) -> bytes:
        return hmac.digest(self._key, _DOMAIN + stem + name.encode(), hashlib.sha256)
