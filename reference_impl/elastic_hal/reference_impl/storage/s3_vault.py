"""The objects of a container in a bucket, in the open or under its key."""

import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Final

from ..unproven import unproven
from .backend import Upload
from .container_keys import ContainerKeys
from .errors import StorageFailure
from .records import MAX_CHUNKS, Bounds, Condition, Stored, moment_now, stored_of
from .s3_bucket import Conflict, Entry, decoded, encoded
from .s3_context import POINTERS, S3Context
from .s3_streams import S3Download, S3Upload

_ATTEMPTS: Final = 100


class S3Vault:
    """The objects of a container, in the open or under its key."""

    def __init__(
        self,
        context: S3Context,
        keys: ContainerKeys | None,
        *,
        sealed_names: bool,
        unprotected: Callable[[], None] = lambda: None,
    ) -> None:
        self._context = context
        self._sealed_names = keys if sealed_names else None
        self._check_unprotected = unprotected
        self.identity = context.identity
        self.keys = keys

    def find(self, name: bytes) -> Stored | None:
        """Give the current version of an object."""
        return self._pointed(name)[0]

    def page(self, prefix: bytes, after: bytes, most: int) -> list[bytes]:
        """List names. Where they are encrypted, all of them are fetched, decrypted and sorted first."""
        if self._sealed_names is not None:
            names = sorted(self._sealed_names.open_name(name) for name in self._stored_names(b""))
            return [name for name in names if name > after and name.startswith(prefix)][:most]
        # The prefix itself may be a name, so the listing begins right before it: 0xff is in no UTF-8.
        before = prefix[:-1] + bytes([prefix[-1] - 1, 0xFF]) if prefix else b""
        found = (name for name in self._stored_names(max(after, before)) if name >= prefix)
        return list(islice(takewhile(lambda name: name.startswith(prefix), found), most))

    def open(self, name: bytes) -> S3Download | None:
        """Open the current version of an object."""
        while (stored := self.find(name)) is not None:
            self._context.hold(stored.version)
            if self.find(name) == stored:
                return S3Download(self._context, stored)
            self._context.let_go(stored.version)
        return None

    def begin(self) -> Upload:
        """Begin a new version."""
        return S3Upload(self._context)

    def publish(self, upload: Upload, name: bytes, size: int, condition: Condition, bounds: Bounds) -> Stored:
        """Make the version the current one."""
        if not isinstance(upload, S3Upload):
            raise TypeError("the upload was begun in another storage")
        upload.complete(self._key(name))
        self._check_unprotected()
        stored = Stored(name, upload.version, size, moment_now())
        replaced: Stored | None = None
        for _ in range(_ATTEMPTS):
            current, entry = self._pointed(name)
            if current is not None and current.version == stored.version:
                # An attempt before did it, although its answer said otherwise: that one was for its own repetition.
                return self._published(stored, replaced)
            upload.keep(keep=False)
            condition.check(current)
            if current is None:
                bounds.check_objects(self._context.usage()[0] + 1)
            else:
                self._context.intend(current.version, self._key(name))
            upload.keep(keep=True)
            replaced = current
            if self._set(name, self._pointer(stored), entry):
                return self._published(stored, replaced)
        raise StorageFailure(f"{self._context.folder}: others keep changing an object")

    def _published(self, stored: Stored, replaced: Stored | None) -> Stored:
        self._context.settle(stored.version)
        self._context.count(replaced is None, 0)
        if replaced is not None:
            self._context.retire(replaced)
        return stored

    def _set(self, name: bytes, content: bytes, known: Entry | None) -> bool:
        """Set a pointer, unless it is not what was known of it any more."""
        key = self._context.pointer(self._key(name))
        try:
            self._context.bucket.put(key, content, replaces=None if known is None else known.tag)
        except Conflict:
            return False
        return True

    def remove(self, names: Sequence[bytes] | None, condition: Condition) -> None:
        """Remove objects, one after the other."""
        self._check_unprotected()
        for name in dict.fromkeys(self.page(b"", b"", MAX_CHUNKS) if names is None else names):
            self._remove(name, condition)

    def _remove(self, name: bytes, condition: Condition) -> None:
        for _ in range(_ATTEMPTS):
            current, entry = self._pointed(name)
            condition.check(current)
            if current is None:
                return
            self._context.intend(current.version, self._key(name))
            if self._set(name, b"", entry):
                self._context.count(-1, 0)
                self._context.retire(current)
                return
        raise StorageFailure(f"{self._context.folder}: others keep changing an object")

    def _stored_names(self, after: bytes) -> Iterator[bytes]:
        for found in self._context.bucket.keys(f"{self._context.folder}/{POINTERS}", encoded(after)):
            name = decoded(found.name)
            if name is not None and found.size:
                yield name

    def _key(self, name: bytes) -> str:
        stored_name = name if self._sealed_names is None else self._sealed_names.seal_name(name)
        return encoded(stored_name)

    def _pointer(self, stored: Stored) -> bytes:
        document: dict[str, object] = {"version": stored.version, "size": stored.size, "created_ns": stored.created_ns}
        if self.keys is not None:
            document["tag"] = self.keys.record_tag(stored).hex()
        return json.dumps(document).encode()

    def _pointed(self, name: bytes) -> tuple[Stored | None, Entry | None]:
        """Read the pointer of a name, and verify it."""
        entry = self._context.bucket.get(self._context.pointer(self._key(name)))
        if entry is None or not entry.content:
            return None, entry
        try:
            document = json.loads(entry.content)
            stored = stored_of(name, document["version"], document["size"], document["created_ns"])
            tag = bytes.fromhex(document.get("tag", ""))
            expected = b"" if self.keys is None else self.keys.record_tag(stored)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise unproven(f"the pointer of object {name.decode(errors='replace')!r} cannot be read") from None
        if not hmac.compare_digest(tag, expected):
            raise unproven(
                f"the pointer of {name.decode(errors='replace')!r} is not what the container's key vouches for"
            )
        return stored, entry
