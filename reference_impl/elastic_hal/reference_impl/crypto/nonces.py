"""Which nonces a key has been used with: the host's own, unique by construction, and the caller's, remembered.

A host nonce is a 4-byte counter that starts at a random value, after 8 bytes that a keyed hash makes of the counter. So
no two are equal in the 2^32 that one key allows, none can be predicted, and whether the host has used a given nonce can
be told without a memory of them all.
"""

import hashlib
import secrets
from typing import Final

NONCE_BYTES: Final = 12
MAX_ENCRYPTIONS: Final = 1 << 32
MAX_CALLER_NONCES: Final = 65_536

_COUNTER_BYTES: Final = 4
_COUNTERS: Final = 1 << (8 * _COUNTER_BYTES)


class NoncesExhaustedError(Exception):
    """The key has been used as often as it may be. The text names the bound."""


class NonceReusedError(Exception):
    """The key has been used with this nonce before."""


class NonceLedger:
    """The nonces of one key."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._first_counter = secrets.randbelow(_COUNTERS)
        self._drawn = 0
        self._of_caller: set[bytes] = set()

    @property
    def encryptions(self) -> int:
        """How often the key has been used to encrypt."""
        return self._drawn + len(self._of_caller)

    def draw(self) -> bytes:
        """Choose a nonce that the key has not been used with, and count it as used."""
        while True:
            self._check_encryptions()
            nonce = self._nonce((self._first_counter + self._drawn) % _COUNTERS)
            self._drawn += 1
            if nonce not in self._of_caller:
                return nonce

    def claim(self, nonce: bytes) -> None:
        """Count a nonce of the caller's as used, or raise where it is not new or one too many."""
        if nonce in self._of_caller or self._was_drawn(nonce):
            raise NonceReusedError
        self._check_encryptions()
        if len(self._of_caller) >= MAX_CALLER_NONCES:
            raise NoncesExhaustedError(f"the key has been used with {MAX_CALLER_NONCES} nonces of the caller's")
        self._of_caller.add(nonce)

    def _check_encryptions(self) -> None:
        if self.encryptions >= MAX_ENCRYPTIONS:
            raise NoncesExhaustedError(f"the key has been used for {MAX_ENCRYPTIONS} encryptions")

    def _was_drawn(self, nonce: bytes) -> bool:
        counter = int.from_bytes(nonce[-_COUNTER_BYTES:], "big")
        return (counter - self._first_counter) % _COUNTERS < self._drawn and nonce == self._nonce(counter)

    def _nonce(self, counter: int) -> bytes:
        suffix = counter.to_bytes(_COUNTER_BYTES, "big")
        prefix_bytes = NONCE_BYTES - _COUNTER_BYTES
        return hashlib.blake2b(suffix, digest_size=prefix_bytes, key=self._secret).digest() + suffix
