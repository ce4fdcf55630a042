"""Hashes and MACs of data of any size (CRY-6, CRY-9, CRY-10); `crypto` offers them to guests."""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import HashAlgorithm
from .keys import MacKey
from .parts import CHUNK_BYTES, ByteData, Calculation, Readable


def hash(data: ByteData, algorithm: HashAlgorithm = HashAlgorithm.SHA_256) -> bytes:
    """Hashes data of any size."""
    if len(memoryview(data).cast("B")) <= CHUNK_BYTES:
        return _crypto.hash(algorithm, bytes(data))
    with Hasher(algorithm) as hasher:
        hasher.update(data)
        return hasher.finish()


def hash_file(file: Readable, algorithm: HashAlgorithm = HashAlgorithm.SHA_256) -> bytes:
    """Hashes what is left to read in a binary file."""
    with Hasher(algorithm) as hasher:
        return hasher.read_from(file).finish()


class Hasher(Calculation[_crypto.Hasher]):
    """A hash calculation in several parts of any size. It can be written to like a file."""

    def __init__(self, algorithm: HashAlgorithm = HashAlgorithm.SHA_256) -> None:
        self._context = _crypto.Hasher.start(algorithm)

    def finish(self) -> bytes:
        """Ends the calculation and gives the digest. Raises InvalidState the second time."""
        return self._context.finish()


class Mac(Calculation[_crypto.MacContext]):
    """A MAC calculation or verification in parts of any size, written to like a file. It outlives its key."""

    def __init__(self, key: MacKey) -> None:
        self._context = _crypto.MacContext.start(key.handle)

    def finish(self) -> bytes:
        """Ends the calculation and gives the tag. Raises AccessDenied where the key may not sign."""
        return self._context.finish()

    def verify(self, tag: bytes) -> None:
        """Ends the calculation; raises VerificationFailed where `tag` is not the whole tag."""
        self._context.verify(tag)


def mac(key: MacKey, data: ByteData) -> bytes:
    """The MAC of data of any size. Raises AccessDenied where the key may not sign."""
    with Mac(key) as calculation:
        calculation.update(data)
        return calculation.finish()


def verify_mac(key: MacKey, data: ByteData, tag: bytes) -> None:
    """Verifies the whole MAC of data of any size; raises VerificationFailed where it is not right."""
    with Mac(key) as calculation:
        calculation.update(data)
        calculation.verify(tag)
