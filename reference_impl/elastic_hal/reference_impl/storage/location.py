"""Where the embedded storage keeps its files: a directory that is its owner's alone."""

from pathlib import Path

from elastic_hal.common.folders import FolderError, make_private

from ..bindings.elastic_hal import types
from ..platforms.simulated.state import default_directory
from .errors import FULL, StorageLocationError


def default_state() -> Path:
    """Give the directory for state: `$ELASTIC_HAL_STATE`, else the user's state directory. Raises `StateError`."""
    return default_directory().parent


def prepare(directory: Path) -> None:
    """Create the directory with mode 0700, or check that the one that is there is ours alone, and so the way to it."""
    try:
        make_private(directory)
    except FolderError as error:
        if error.errno in FULL:
            raise types.Error_LimitExceeded("the storage is full") from None
        raise StorageLocationError(str(error)) from None
