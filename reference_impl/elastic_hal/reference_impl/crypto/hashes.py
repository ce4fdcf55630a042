"""Hashing, at once and in parts (CRY-6)."""

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

from blake3 import blake3

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size


class Calculation(Protocol):
    """A running hash calculation."""

    def update(self, data: bytes, /) -> object:
        """Add a part of the input."""

    def digest(self) -> bytes:
        """Give the digest of all parts."""


HASHES: Final[dict[wit.HashAlgorithm, Callable[[], Calculation]]] = {
    wit.HashAlgorithm.SHA_256: hashlib.sha256,
    wit.HashAlgorithm.SHA_384: hashlib.sha384,
    wit.HashAlgorithm.SHA_512: hashlib.sha512,
    wit.HashAlgorithm.SHA3_256: hashlib.sha3_256,
    wit.HashAlgorithm.SHA3_384: hashlib.sha3_384,
    wit.HashAlgorithm.SHA3_512: hashlib.sha3_512,
    wit.HashAlgorithm.BLAKE2B_512: hashlib.blake2b,
    wit.HashAlgorithm.BLAKE3: blake3,
}


def digest(algorithm: wit.HashAlgorithm, data: bytes) -> bytes:
    """Hash `data` at once."""
    calculation = start(algorithm)
    check_size("data", data)
    calculation.update(data)
    return calculation.digest()


def start(algorithm: wit.HashAlgorithm) -> Calculation:
    """Start a calculation, or raise `unsupported`."""
    if algorithm not in HASHES:
        raise types.Error_Unsupported(f"hash algorithm {algorithm.value}")
    return HASHES[algorithm]()


class Hasher(wit.Hasher):
    """A hash calculation in several parts."""

    def __init__(self, algorithm: wit.HashAlgorithm) -> None:
        self._calculation: Calculation | None = start(algorithm)

    def update(self, data: bytes) -> None:
        """Add a part of the input."""
        check_size("data", data)
        self._running().update(data)

    def finish(self) -> bytes:
        """End the calculation."""
        result = self._running().digest()
        self._calculation = None
        return result

    def drop(self) -> None:
        """Forget the state of the calculation."""
        self._calculation = None

    def _running(self) -> Calculation:
        if self._calculation is None:
            raise types.Error_InvalidState("the hasher has finished")
        return self._calculation
