"""Reading files that a user or a peer names: regular files only, never more than fits, never for too long.

A device such as `/dev/zero` has no end, a pipe may never have a beginning, and a file on a network may stall. Whatever
takes a file by name reads it here.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from .errors import ENVIRONMENT, USAGE, ElasticHalError
from .quantities import format_size
from .text import shown

MAX_SECONDS: Final = 30.0
_STEP: Final = 1 << 20
_PATH_SHOWN: Final = 500


class FileError(ElasticHalError):
    """A file cannot be used: it is missing, not a regular file, too large, not text, or could not be read in time."""

    exit_status = USAGE

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{shown(path, _PATH_SHOWN)}: {reason}", hint)
        self.path = path
        self.reason = reason


class FileTooLargeError(FileError):
    """A file has more bytes than it may have."""


class FileTroubleError(FileError):
    """The machine could not read a file that is there."""

    exit_status = ENVIRONMENT


_USAGE_ERRORS: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, without waiting for anything.

    Raises:
        FileError: There is none, it may not be read, or it is something else (a directory, pipe, socket or device).
    """
    try:
        # Without waiting: opening a pipe waits for a writer, and some files of the kernel wait for events.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:
        raise FileError(path, "cannot be read: a path holds no NUL") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        hint = "" if stat.S_ISDIR(mode) else "write the content to a file first"
        raise FileError(path, f"is {_kind(mode)}, not a regular file", hint)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file


def read_file(path: Path, max_bytes: int, *, seconds: float = MAX_SECONDS) -> bytes:
    """Read a regular file of at most `max_bytes` bytes.

    Raises:
        FileError: It is not one, it is larger, or it cannot be read within `seconds`.
    """
    until = time.monotonic() + seconds
    content = bytearray()
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise _too_large(path, max_bytes)
        # Files of the kernel have no size, and others may grow.
        while True:
            try:
                part = file.read(min(_STEP, max_bytes + 1 - len(content)))
            except OSError as error:
                raise _unreadable(path, error) from None
            if part is None:
                raise FileError(path, "cannot be read without waiting", "write the content to a file first")
            if not part:
                return bytes(content)
            content += part
            if len(content) > max_bytes:
                raise _too_large(path, max_bytes)
            if time.monotonic() > until:
                raise FileTroubleError(path, f"could not be read within {seconds:g} seconds")


def read_text(path: Path, max_bytes: int, *, seconds: float = MAX_SECONDS) -> str:
    """Read a regular file of at most `max_bytes` bytes as UTF-8.

    Raises:
        FileError: As `read_file`, or it is not UTF-8.
    """
    content = read_file(path, max_bytes, seconds=seconds)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(path, f"is not UTF-8 (byte {error.start})") from None


def _too_large(path: Path, max_bytes: int) -> FileTooLargeError:
    return FileTooLargeError(path, f"has more than {format_size(max_bytes)}")


def _unreadable(path: Path, error: OSError) -> FileError:
    kind = FileError if isinstance(error, _USAGE_ERRORS) or error.filename is not None else FileTroubleError
    return kind(path, f"cannot be read: {error.strerror or error}")


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something else"
