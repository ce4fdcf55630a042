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
MAX_REMEMBERED_NONCES: Final = 524_288

_COUNTER_BYTES: Final = 4
_COUNTERS: Final = 1 << (8 * _COUNTER_BYTES)


class NoncesExhaustedError(Exception):
    """The key has been used as often as it may be. The text names the bound."""


class NonceReusedError(Exception):
    """The key has been used with this nonce before."""


class NonceAllowance:
    """How many nonces of the caller's the host still remembers for one workload: about 100 bytes of its memory each."""

    def __init__(self, most: int = MAX_REMEMBERED_NONCES) -> None:
        self._most = most
        self._left = most

    def take(self) -> None:
        """Count one, or raise where there is no room for it."""
        if not self._left:
            raise NoncesExhaustedError(
                f"the workload's keys have been used with {self._most} nonces of the caller's in all; drop some keys"
            )
        self._left -= 1

    def give_back(self, count: int) -> None:
        """Take back what is no longer remembered."""
        self._left += count


class NonceLedger:
    """The nonces of one key, for as long as it is there."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._first_counter = secrets.randbelow(_COUNTERS)
        self._drawn = 0
        self._of_caller: set[bytes] = set()
        self._allowance: NonceAllowance | None = None

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

    def claim(self, nonce: bytes, allowance: NonceAllowance) -> None:
        """Count a nonce of the caller's as used, or raise where it is not new or one too many. The allowance is that of
        the workload whose key it is.
        """
        if nonce in self._of_caller or self._was_drawn(nonce):
            raise NonceReusedError
        self._check_encryptions()
        if len(self._of_caller) >= MAX_CALLER_NONCES:
            raise NoncesExhaustedError(f"the key has been used with {MAX_CALLER_NONCES} nonces of the caller's")
        allowance.take()
        self._allowance = allowance
        self._of_caller.add(nonce)

    def forget(self) -> None:
        """Forget the caller's nonces: the key is gone."""
        if self._allowance is not None:
            self._allowance.give_back(len(self._of_caller))
        self._of_caller.clear()

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
