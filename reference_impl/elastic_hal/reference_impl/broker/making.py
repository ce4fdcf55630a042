"""How a broker's store is made: a directory of its owner's alone, a key, a mark, and an empty sealed database."""

from pathlib import Path
from typing import Final

from elastic_hal.common.folders import FolderError, check_path, check_private, make_private

from .database import Database
from .errors import BrokerStoreError
from .mark import Mark
from .seal import Seal, newest
from .secret_box import SecretBox

DATABASE_FILE: Final = "broker.sqlite"
KEY_FILE: Final = "broker.key"
_NO_STORE: Final = "{}: holds no store of a broker; `broker add-secret` makes one"


def check_folders(directory: Path, key_path: Path, *, create: bool) -> None:
    """Make sure that nobody else can exchange the store or its key. Raises `BrokerStoreError`."""
    try:
        if not check_private(directory):
            if not create:
                raise BrokerStoreError(_NO_STORE.format(directory))
            make_private(directory)
        check_path(key_path.parent)
    except FolderError as error:
        raise BrokerStoreError(str(error)) from None


def create_store(directory: Path, key_path: Path, *, allowed: bool) -> None:
    """Make a store of nothing, where it is allowed to. The database is there last, and whole.

    Raises `BrokerStoreError`, also where the key is that of a store whose database is gone.
    """
    if key_path.exists():
        raise BrokerStoreError(
            f"{directory / DATABASE_FILE}: is not there, but the key of a store is; "
            f"bring back the database, or, if there never was one, remove {key_path.name}"
        )
    if not allowed:
        raise BrokerStoreError(_NO_STORE.format(directory))
    box = SecretBox.create(key_path)
    seal = Seal(box.seal_key())
    draft = directory / f".{DATABASE_FILE}.new"
    draft.unlink(missing_ok=True)
    database = Database(draft, create=True)
    try:
        with database.writing() as connection:
            seal.put(connection, newest(connection))
    finally:
        database.close()
    Mark(key_path, seal).begin()
    draft.replace(directory / DATABASE_FILE)
