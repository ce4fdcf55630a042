"""The storage in a bucket of an S3-compatible service, for containers that hosts share or that outgrow a disk.

A container has a description, a pointer for each object, and the chunks of versions, several to a part, under keys that
are never written twice. Setting the pointer, on the condition that it still is what it was, makes a version current.
An empty pointer stands for a deleted object. There is no root over the container here: what can be noticed is in
docs/object-storage.md.
"""

import hmac
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

from elastic_hal.runtime.storage_grants import RemoteStorage

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from ..unproven import unproven
from .backend import PROTECTIONS, Association, Description
from .container_keys import SALT_BYTES, ContainerKeys
from .errors import StorageFailure
from .records import moment_now, moment_of, whole_number
from .s3_bucket import Bucket, Conflict, Entry, folder_of
from .s3_context import S3Context
from .s3_vault import S3Vault

_DESCRIPTION: Final = "description"
_ATTEMPTS: Final = 20


def open_s3(remote: RemoteStorage) -> "S3Storage":
    """Open the storage of a policy. Credentials come from the environment, as AWS's own tools take them."""
    return S3Storage(Bucket(remote))


class S3Storage:
    """The storage in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._contexts: dict[str, S3Context] = {}
        self._lock = threading.Lock()

    def space(self, identity: str, *, anchored: bool) -> "S3Space":
        """Give a container, made where there is none."""
        if anchored:
            raise StorageFailure("containers in a bucket have no anchor")
        with self._lock:
            known = self._contexts.get(identity)
            context = known or S3Context(self._bucket, folder_of(identity), identity)
            self._contexts[identity] = context
        space = S3Space(context)
        space.ensure()
        if known is None:
            context.remove_leftovers()
        return space

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Written:
    """The description of a container as it is stored."""

    created_ns: int
    protection: int = 0
    salt: bytes = b""
    check: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        document: dict[str, object] = {"format": 1, "created_ns": self.created_ns, "protection": self.protection}
        if self.protection:
            document |= {"salt": self.salt.hex(), "check": self.check.hex()}
        return json.dumps(document).encode()

    @classmethod
    def decode(cls, content: bytes) -> "_Written":
        try:
            document = json.loads(content)
            salt, check = (bytes.fromhex(document.get(key, "")) for key in ("salt", "check"))
            protection = whole_number(document["protection"], len(PROTECTIONS) - 1)
            return cls(moment_of(document["created_ns"]), protection, salt, check)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise unproven("the description of the container cannot be read") from None


class S3Space:
    """A container in the bucket."""

    def __init__(self, context: S3Context) -> None:
        self._context = context
        self._key = f"{context.folder}/{_DESCRIPTION}"

    def ensure(self) -> None:
        """Make the description where there is none."""
        if self._context.bucket.get(self._key) is None:
            try:
                self._context.bucket.put(self._key, _Written(moment_now()).encode(), replaces=None)
            except Conflict:
                return

    def describe(self) -> Description:
        """List what the container has."""
        written, _ = self._written()
        objects, size = self._context.usage()
        return Description(written.created_ns, PROTECTIONS[written.protection], objects, size)

    def plain(self) -> S3Vault:
        """Give the objects of an unprotected container."""
        written, entry = self._written()
        if written.protection:
            raise types.Error_InvalidState("the container is protected: associate its key first")
        return S3Vault(self._context, None, sealed_names=False, unprotected=lambda: self._still(entry))

    def associate(self, association: Association) -> S3Vault:
        """Give the objects of a protected container, or protect an empty one."""
        for _ in range(_ATTEMPTS):
            written, entry = self._written()
            if written.protection:
                return self._associated(association, written)
            if not association.may_begin:
                raise types.Error_AccessDenied("protection begins with the right to write and a key that may encrypt")
            if self._context.usage(fresh=True)[0]:
                raise types.Error_InvalidState("the container has objects that are not protected")
            protection, salt = PROTECTIONS.index(association.protection), secrets.token_bytes(SALT_BYTES)
            keys = ContainerKeys(association.secret, salt, self._context.identity)
            fresh = _Written(written.created_ns, protection, salt, keys.root(protection, 0, 0, 0))
            try:
                self._context.bucket.put(self._key, fresh.encode(), replaces=entry.tag)
            except Conflict:
                continue
        raise StorageFailure(f"{self._key}: others keep changing it")

    def _associated(self, association: Association, written: _Written) -> S3Vault:
        keys = ContainerKeys(association.secret, written.salt, self._context.identity)
        if not hmac.compare_digest(written.check, keys.root(written.protection, 0, 0, 0)):
            raise unproven("the key is not that of the container, or the description of the container was changed")
        protection = PROTECTIONS[written.protection]
        if protection is not association.protection:
            raise types.Error_InvalidArgument(f"protect: the container has {protection.value}")
        return S3Vault(self._context, keys, sealed_names=protection is wit.Protection.CONTENT_AND_NAMES)

    def _still(self, known: Entry) -> None:
        """Raise where the description changed, which is to say that the container became protected."""
        entry = self._context.bucket.get(self._key)
        if entry is None or entry.tag != known.tag:
            raise types.Error_InvalidState("the container is protected: associate its key first")

    def _written(self) -> tuple[_Written, Entry]:
        entry = self._context.bucket.get(self._key)
        if entry is None:
            raise StorageFailure(f"{self._key}: the description of the container is gone")
        return _Written.decode(entry.content), entry
