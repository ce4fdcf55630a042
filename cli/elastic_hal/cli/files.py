"""Files that commands read and write themselves: never more than is sensible, and whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from elastic_hal.codegen.replacing import replacing


def read_at_most(path: Path, limit: int) -> bytes:
    """The content of a file; of one that is longer, `limit` bytes and one more, so that the reader sees that it is."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that appears whole or not at all. What is there already and is no ordinary file, such as a pipe, is
    written to.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    target = path.resolve()
    try:
        with replacing(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror or os.strerror(error.errno or 0), str(path)) from error
