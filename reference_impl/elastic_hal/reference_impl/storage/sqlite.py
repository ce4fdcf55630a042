"""The embedded storage: containers in a SQLite database on this machine."""

import secrets
import threading
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from ..unproven import unproven
from . import tables
from .anchors import Anchor, FileAnchor, ProcessAnchor
from .backend import PROTECTIONS, Association, Description
from .container_keys import SALT_BYTES, ContainerKeys
from .database import Database
from .owners import Owner
from .records import moment_of
from .reserve import Reserve
from .sqlite_vault import PlainVault, ProtectedVault, SqliteContext
from .verified_index import VerifiedIndex

_OWNERS: Final = "owners"
_ANCHORS: Final = "anchors"


class SqliteStorage:
    """The storage in a directory. Several processes may use one at the same time.

    `anchors` is the directory where the platform remembers states; it is beside that of the storage unless given.
    """

    def __init__(self, directory: Path, *, anchors: Path | None = None) -> None:
        try:
            self._database, self._owner = _opened(directory)
        except types.Error_LimitExceeded:
            if not Reserve(directory).use():
                raise
            self._database, self._owner = _opened(directory)
        self._anchors = directory.parent / _ANCHORS if anchors is None else anchors
        self._seen: dict[str, ProcessAnchor] = {}
        self._indexes: WeakValueDictionary[str, VerifiedIndex] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._token = "" if self._owner is None else self._owner.token
        if self._owner is not None:
            self._remove_leftovers(self._owner)
            self._owner.remove_dead()

    def space(self, identity: str, *, anchored: bool) -> "SqliteSpace":
        """Give a container, made where there is none."""
        with self._database.view() as tx:
            known = tables.container_row(tx, identity)
        if known is None:
            with self._database.change(durable=True) as tx:
                tables.ensure_container(tx, identity)
        return SqliteSpace(self, SqliteContext(self._database, self._token, identity), anchored=anchored)

    def index(self, identity: str, keys: ContainerKeys, protection: int, *, anchored: bool) -> VerifiedIndex:
        """Give the index of a container under these keys, shared by all of this process that have opened it."""
        with self._lock:
            known = self._indexes.get(identity)
            if known is not None and known.is_for(keys, anchored):
                return known
            seen = self._seen.setdefault(identity, ProcessAnchor())
            anchors: list[Anchor] = [seen]
            if anchored:
                anchors.append(FileAnchor(self._anchors, identity, is_read_only=self._database.is_read_only))
            return VerifiedIndex(keys, protection, anchors)

    def share(self, identity: str, index: VerifiedIndex) -> None:
        """Let whoever opens the container next have this index."""
        with self._lock:
            self._indexes[identity] = index

    def _remove_leftovers(self, owner: Owner) -> None:
        try:
            with self._database.change(durable=True) as tx:
                leftovers = tables.remove_leftovers(tx, owner)
        except types.Error_LimitExceeded:
            # On a full disk reading goes on.
            self._database.eventually(lambda tx: tables.remove_leftovers(tx, owner))
        else:
            if leftovers:
                self._database.give_back()

    def close(self) -> None:
        """Close the database."""
        self._database.close()
        if self._owner is not None:
            self._owner.close()


def _opened(directory: Path) -> tuple[Database, Owner | None]:
    """Open the database; whoever can only read it owns nothing in it."""
    database = Database(directory)
    if database.is_read_only:
        return database, None
    try:
        return database, Owner(directory / _OWNERS)
    except BaseException:
        database.close()
        raise


class SqliteSpace:
    """A container in the database."""

    def __init__(self, storage: SqliteStorage, context: SqliteContext, *, anchored: bool) -> None:
        self._storage = storage
        self._context = context
        self._anchored = anchored

    def describe(self) -> Description:
        """Tell what the row of the container says."""
        with self._context.database.view() as tx:
            row = self._context.row(tx)
        return Description(moment_of(row.created_ns), protection_of(row.protection), row.objects, row.size)

    def plain(self) -> PlainVault:
        """Give the objects of an unprotected container."""
        vault = PlainVault(self._context)
        vault.check()
        return vault

    def associate(self, association: Association) -> ProtectedVault:
        """Give the objects of a protected container, or protect an empty one."""
        with self._context.database.view() as tx:
            row = self._context.row(tx)
        if protection_of(row.protection) is wit.Protection.NONE:
            if not association.may_begin:
                raise types.Error_AccessDenied("protection begins with the right to write and a key that may encrypt")
            row = self._begin(association)
        if protection_of(row.protection) is not association.protection:
            raise types.Error_InvalidArgument(f"protect: the container has {protection_of(row.protection).value}")
        index = self._index(association, row)
        vault = ProtectedVault(self._context, index[0], index[1])
        vault.check()
        self._storage.share(self._context.identity, index[1])
        return vault

    def _index(self, association: Association, row: tables.ContainerRow) -> tuple[ContainerKeys, VerifiedIndex]:
        if not isinstance(row.salt, bytes):
            raise unproven("the salt of the container is not what this host wrote")
        identity = self._context.identity
        keys = ContainerKeys(association.secret, row.salt, identity)
        return keys, self._storage.index(identity, keys, row.protection, anchored=self._anchored)

    def _begin(self, association: Association) -> tables.ContainerRow:
        """Protect the container, unless another did so meanwhile."""
        protection = PROTECTIONS.index(association.protection)
        salt = secrets.token_bytes(SALT_BYTES)
        with self._context.database.change(durable=True) as tx:
            row = self._context.row(tx)
            if row.protection:
                return row
            if row.objects:
                raise types.Error_InvalidState("the container has objects that are not protected")
            tables.set_protection(tx, row.id, protection, salt)
            row = self._context.row(tx)
            _, index = self._index(association, row)
            tables.set_root(tx, row.id, 0, index.first_root())
            return self._context.row(tx)


def protection_of(code: object) -> wit.Protection:
    """Read the protection of a row."""
    if not isinstance(code, int) or not 0 <= code < len(PROTECTIONS):
        raise unproven("the protection of the container is not what this host wrote")
    return PROTECTIONS[code]
