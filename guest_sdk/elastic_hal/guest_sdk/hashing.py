"""Hashes and MACs of data of any size (CRY-6, CRY-9, CRY-10); `crypto` offers them to guests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import HashAlgorithm
from .keys import MacKey

CHUNK_BYTES = 1024 * 1024
"""The most that one call moves."""

ByteData = bytes | bytearray | memoryview


class Readable(Protocol):
    """A file, or whatever else has `read`."""

    def read(self, size: int, /) -> bytes:
        """Gives at most `size` bytes, none at the end."""
        ...


def chunks(data: ByteData) -> Iterator[bytes]:
    """Cuts data into pieces that one call can move."""
    view = memoryview(data).cast("B")
    for at in range(0, len(view), CHUNK_BYTES):
        yield bytes(view[at : at + CHUNK_BYTES])


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
        while piece := file.read(CHUNK_BYTES):
            hasher.update(piece)
        return hasher.finish()


class Hasher:
    """A hash calculation in several parts of any size. It can be written to like a file."""

    def __init__(self, algorithm: HashAlgorithm = HashAlgorithm.SHA_256) -> None:
        self._hasher = _crypto.Hasher.start(algorithm)

    def update(self, data: ByteData) -> None:
        """Adds to the input. Raises InvalidState after `finish`."""
        for piece in chunks(data):
            self._hasher.update(piece)

    def write(self, data: ByteData) -> int:
        """Adds to the input, as files do."""
        self.update(data)
        return len(memoryview(data).cast("B"))

    def finish(self) -> bytes:
        """Ends the calculation and gives the digest. Raises InvalidState the second time."""
        return self._hasher.finish()

    def close(self) -> None:
        """Frees the calculation in the host."""
        self._hasher.close()

    def __enter__(self) -> Hasher:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Mac:
    """A MAC calculation or verification in parts of any size, written to like a file. It outlives its key."""

    def __init__(self, key: MacKey) -> None:
        self._context = _crypto.MacContext.start(key.handle)

    def update(self, data: ByteData) -> None:
        """Adds to the message. Raises InvalidState after `finish` or `verify`."""
        for piece in chunks(data):
            self._context.update(piece)

    def write(self, data: ByteData) -> int:
        """Adds to the message, as files do."""
        self.update(data)
        return len(memoryview(data).cast("B"))

    def finish(self) -> bytes:
        """Ends the calculation and gives the tag. Raises AccessDenied where the key may not sign."""
        return self._context.finish()

    def verify(self, tag: bytes) -> None:
        """Ends the calculation; raises VerificationFailed where `tag` is not the whole tag."""
        self._context.verify(tag)

    def close(self) -> None:
        """Frees the calculation in the host."""
        self._context.close()

    def __enter__(self) -> Mac:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


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
