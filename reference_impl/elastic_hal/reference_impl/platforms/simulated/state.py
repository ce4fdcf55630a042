"""Where the simulated platform keeps its root key, and how files there are made and read safely.

A file appears whole or not at all, under the name once and for all: of several processes that create it at the same
moment one wins and the others read what it wrote. Private files that others could read are refused instead of repaired,
since whoever read them may still have the key.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from elastic_hal.common.folders import FolderError, check_path, make_private

from ..errors import PlatformUnavailableError

STATE_VARIABLE: Final = "ELASTIC_HAL_STATE"
_MAX_FILE_BYTES: Final = 65_536
_NOTHING_CAN_BE_MADE: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOSPC, errno.EDQUOT}
)


class StateError(PlatformUnavailableError):
    """The state on disk cannot be used. The text names the file and what to do."""


class NoStateError(StateError):
    """State can be kept nowhere: there is no place for it, or nothing can be written there."""


def default_directory() -> Path:
    """Give the directory of the simulated platform: under `$ELASTIC_HAL_STATE`, else the user's state directory."""
    chosen = os.environ.get(STATE_VARIABLE)
    if chosen:
        return Path(chosen) / "simulated"
    base = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "elastic-hal" / "simulated"
    try:
        return Path.home() / ".local" / "state" / "elastic-hal" / "simulated"
    except RuntimeError:
        raise NoStateError(f"there is no home directory; set {STATE_VARIABLE} to a directory for state") from None


def prepare_directory(directory: Path) -> None:
    """Create the directory with mode 0700, or check that the one that is there is ours alone, and so the way to it."""
    try:
        make_private(directory)
    except FolderError as error:
        raise _unusable(error) from None


def check_directory(directory: Path) -> None:
    """Check the directory, where there is one, and the way to it, and create nothing. Others may look into it."""
    try:
        check_path(directory)
    except FolderError as error:
        raise _unusable(error) from None


def create_once(path: Path, content: bytes, mode: int) -> None:
    """Write a new file durably; do nothing where there already is one of that name."""
    # A link fails where the name is taken, which a rename would silently replace.
    with _draft(path, content, mode) as draft, contextlib.suppress(FileExistsError):
        os.link(draft, path)


def write_anew(path: Path, content: bytes, mode: int) -> None:
    """Write a file durably in the place of the one that may be there; at no moment is there none, or half of one."""
    with _draft(path, content, mode) as draft:
        draft.replace(path)


def read_file(path: Path, *, private: bool) -> bytes | None:
    """Read a small regular file, or give None where there is none. A `private` one must be the owner's alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"{path}: cannot open the file: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE_BYTES:
                raise StateError(f"{path}: is not a small regular file; move it away")
            if private:
                _check_private(status, path, "600")
            return file.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise StateError(f"{path}: cannot read the file: {error.strerror}") from None


@contextlib.contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Write a file beside `path`, for the block to put it there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield draft
        finally:
            draft.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except OSError as error:
        raise NoStateError(f"{path}: cannot create the file: {error.strerror}") from None


def _unusable(error: FolderError) -> StateError:
    kind = NoStateError if error.errno in _NOTHING_CAN_BE_MADE else StateError
    return kind(f"{error} ({STATE_VARIABLE} names another directory for state)")


def _check_private(status: os.stat_result, path: Path, wanted: str) -> None:
    if status.st_uid != os.geteuid():
        raise StateError(f"{path}: belongs to another user; set {STATE_VARIABLE} to a directory of your own")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise StateError(
            f"{path}: has mode {mode:04o}, which lets others at it; remove it if they may have read the root key, "
            f"else run: chmod {wanted} '{path}'"
        )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
