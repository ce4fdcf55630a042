"""Files that commands write: whole or not at all, and never waiting for anybody."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from elastic_hal.codegen.replacing import replacing
from elastic_hal.common.files import FileError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all. What is there already and is no ordinary file, such as a pipe or
    `/dev/stdout`, is written to.

    Raises:
        FileError: It is a pipe that nobody reads, or a folder or socket.
        OSError: It cannot be written.
    """
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        there = None
    except ValueError:
        raise FileError(path, "cannot be written: a path holds no NUL") from None
    if there is not None and not stat.S_ISREG(there.st_mode):
        _write_into(path, content)
        return
    target = path.resolve()
    try:
        with replacing(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror or os.strerror(error.errno or 0), str(path)) from error


def _write_into(path: Path, content: bytes) -> None:
    try:
        # Without waiting: opening a pipe waits for a reader.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise FileError(path, "cannot be written: nobody reads from it") from None
        raise FileError(path, f"cannot be written: {error.strerror}") from None
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
