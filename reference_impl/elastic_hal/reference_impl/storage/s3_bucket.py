"""A bucket of an S3-compatible service, as far as the storage needs it, and what its errors mean.

What is stored must be there when a call returns, and a write can demand what the key holds; services that ignore such
demands (If-Match, If-None-Match) are of no use here.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from elastic_hal.runtime.storage_grants import RemoteStorage

from .errors import StorageFailure

_TIMEOUT: Final = "30s"
_PAGE: Final = 1000
_PIECE: Final = 240
_RETRIES = 5
_T = TypeVar("_T")


class Conflict(Exception):
    """The key does not hold what the write demanded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key holds: its tag, which changes with the content, and the content."""

    tag: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A key of a folder: its name in the folder, the size of what it holds, and when that was set, by the service's
    clock.
    """

    name: str
    size: int
    modified: datetime


class Bucket:
    """The keys below one prefix of a bucket."""

    def __init__(self, remote: RemoteStorage) -> None:
        try:
            import obstore
            from obstore import store
        except ImportError:
            raise StorageFailure("the policy names an S3 storage: install elastic-hal[s3]") from None
        self._api: Any = obstore
        self._name = f"{remote.endpoint}/{remote.bucket}"
        self._prefix = remote.prefix.strip("/") + "/" if remote.prefix.strip("/") else ""
        allow_http = remote.endpoint.startswith("http://")
        self._store: Any = store.S3Store(
            remote.bucket,
            endpoint=remote.endpoint,
            region=remote.region,
            virtual_hosted_style_request=False,
            client_options={"allow_http": allow_http, "timeout": _TIMEOUT},
            retry_config={"max_retries": _RETRIES},
        )

    def get(self, key: str) -> Entry | None:
        """Give what a key holds."""

        def get() -> Entry:
            found = self._api.get(self._store, self._prefix + key)
            return Entry(str(found.meta["e_tag"]), bytes(found.bytes()))

        found: Entry | None = self._guarded(get, None)
        return found

    def range(self, key: str, start: int, length: int) -> bytes | None:
        """Give some bytes of what a key holds."""
        found: bytes | None = self._guarded(
            lambda: bytes(self._api.get_range(self._store, self._prefix + key, start=start, length=length)), None
        )
        return found

    def put(self, key: str, content: bytes, *, replaces: str | None) -> None:
        """Set a key that holds nothing, or where it holds what has this tag. Raises Conflict where it does not."""
        mode: Any = "create" if replaces is None else {"e_tag": replaces}
        errors = self._api.exceptions
        try:
            self._api.put(self._store, self._prefix + key, content, mode=mode, use_multipart=False)
        except (errors.AlreadyExistsError, errors.PreconditionError):
            raise Conflict from None
        except (errors.BaseError, OSError) as error:
            raise self._failure(error) from error

    def set(self, key: str, content: bytes) -> None:
        """Set a key, whatever it holds."""
        self._guarded(lambda: self._api.put(self._store, self._prefix + key, content, use_multipart=False), None)

    def touched(self, key: str) -> datetime:
        """Set a key to nothing, and give the time of that by the service's clock."""
        self.set(key, b"")
        found: datetime | None = self._guarded(
            lambda: self._api.head(self._store, self._prefix + key)["last_modified"], None
        )
        if found is None:
            raise StorageFailure(f"{self._name}: {key} is gone at once")
        return found

    def keys(self, folder: str, after: str = "") -> Iterator[Listed]:
        """List what is in a folder after a name in it, in order."""
        base = self._prefix + folder
        offset = f"{base}/{after}" if after else None
        pages = iter(self._guarded(lambda: self._api.list(self._store, base, offset=offset, chunk_size=_PAGE), ()))
        while (page := self._guarded(lambda: next(pages, None), None)) is not None:
            for found in sorted(page, key=lambda entry: str(entry["path"])):
                yield Listed(str(found["path"]).removeprefix(f"{base}/"), int(found["size"]), found["last_modified"])

    def delete(self, *keys: str) -> None:
        """Delete keys as far as they are there."""
        if keys:
            self._guarded(lambda: self._api.delete(self._store, [self._prefix + key for key in keys]), None)

    def _guarded(self, action: Callable[[], _T], missing: _T | None) -> Any:
        try:
            return action()
        except FileNotFoundError:
            return missing
        except (self._api.exceptions.BaseError, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StorageFailure:
        return StorageFailure(f"{self._name}: {type(error).__name__}: {str(error).partition(chr(10))[0]}")


def encoded(name: bytes) -> str:
    """Spell a name as a key that sorts as the name does: in base32hex (RFC 4648), without padding.

    Servers that keep objects as files take at most 255 bytes between two slashes, and no key that is the folder of
    another. So long names are cut; a folder ends with a dot, the last piece with a dash, which sorts before it.
    """
    text = base64.b32hexencode(name).decode().rstrip("=").lower()
    pieces = [text[at : at + _PIECE] for at in range(0, max(1, len(text)), _PIECE)]
    return "./".join(pieces) + "-"


def decoded(key: str) -> bytes | None:
    """Read a name that `encoded` has spelled; None for anything else."""
    text = key.replace("./", "").removesuffix("-").upper()
    try:
        name = base64.b32hexdecode(text + "=" * (-len(text) % 8))
    except ValueError:
        return None
    return name if encoded(name) == key else None


def folder_of(identity: str) -> str:
    """Give the folder of a container. Its name says nothing, and has a bounded length."""
    return f"containers/{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
