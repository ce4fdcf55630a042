"""What calculations over data in parts have in common: pieces that one call can move, writing as to a file, closing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, Self, TypeVar

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


class _Closable(Protocol):
    def close(self) -> None: ...


class _Taking(_Closable, Protocol):
    def update(self, data: bytes, /) -> object: ...


ContextT = TypeVar("ContextT", bound=_Closable)
TakingT = TypeVar("TakingT", bound=_Taking)


class Held(Generic[ContextT]):
    """Something that the host keeps until it is closed; `with` closes it."""

    _context: ContextT

    def close(self) -> None:
        """Frees it in the host."""
        self._context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Calculation(Held[TakingT]):
    """A calculation that takes its input in parts of any size and gives nothing before its end. It can be written to
    like a file.
    """

    def update(self, data: ByteData) -> None:
        """Adds to the input. Raises InvalidState where it has ended."""
        for piece in chunks(data):
            self._context.update(piece)

    def write(self, data: ByteData) -> int:
        """Adds to the input, as files do."""
        self.update(data)
        return len(memoryview(data).cast("B"))

    def read_from(self, file: Readable) -> Self:
        """Adds what is left to read in a binary file."""
        while piece := file.read(CHUNK_BYTES):
            self.update(piece)
        return self
