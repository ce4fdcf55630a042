"""Where the embedded storage keeps its files: a directory that is its owner's alone."""

import os
import stat
from pathlib import Path

from ..bindings.elastic_hal import types
from ..platforms.simulated.state import default_directory
from .errors import FULL, StorageLocationError


def default_state() -> Path:
    """Give the directory for state: `$ELASTIC_HAL_STATE`, else the user's state directory. Raises `StateError`."""
    return default_directory().parent


def prepare(directory: Path) -> None:
    """Create the directory with mode 0700, or check that the one that is there is ours alone."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError as error:
        if error.errno in FULL:
            raise types.Error_LimitExceeded("the storage is full") from None
        raise StorageLocationError(f"{directory}: cannot create the directory: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise StorageLocationError(f"{directory}: is not a directory; move it away")
    if status.st_uid != os.geteuid():
        raise StorageLocationError(f"{directory}: belongs to another user; choose a directory of your own")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise StorageLocationError(f"{directory}: lets others at it; if that is all right so far: chmod 700 it")
