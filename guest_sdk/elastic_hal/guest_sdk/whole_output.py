"""Makes standard output and standard error take whatever is written to them, at once and to the last byte.

componentize-py leaves them without buffers, so a write is one call of the host, which takes some of the bytes, says how
many, and nobody asks. There are still no buffers: what a program has written is out even if the guest is stopped.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO


class _WholeWriter(io.FileIO):
    """A file where a write ends when all is written."""

    def write(self, data: object, /) -> int:
        rest = memoryview(data).cast("B")  # type: ignore[arg-type]
        total = len(rest)
        while rest:
            written = super().write(rest)
            if written is None:
                raise BlockingIOError(0, "the output takes nothing at the moment", total - len(rest))
            rest = rest[written:]
        return total


def whole(stream: TextIO) -> TextIO:
    """The stream, without its way of leaving things out; streams that have a buffer are whole already."""
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.FileIO):
        return stream
    writer = _WholeWriter(raw.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        writer,
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        write_through=True,
    )


sys.stdout = whole(sys.stdout)
sys.stderr = whole(sys.stderr)
