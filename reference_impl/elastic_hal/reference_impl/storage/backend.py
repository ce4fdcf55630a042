"""What the provider asks of a storage. `sqlite` and `s3` are the two there are.

A storage has spaces, one for each container; a vault is a space as it is seen with its key, or without one. All of them
may be used from several threads. They raise errors of the contract where the guest can do something about it, and
`StorageFailure` otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..bindings.elastic_hal import object_storage as wit
from .container_keys import ContainerKeys
from .records import Bounds, Condition, Stored

PROTECTIONS = (wit.Protection.NONE, wit.Protection.CONTENT, wit.Protection.CONTENT_AND_NAMES)
"""In the storage a protection is its place in here."""


@dataclass(frozen=True, slots=True)
class Description:
    """What can be known of a space without its key."""

    created_ns: int
    protection: wit.Protection
    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class Association:
    """A key that is to be associated: its bytes, the protection, and whether it may be the first one."""

    secret: bytes
    protection: wit.Protection
    may_begin: bool

    def __repr__(self) -> str:
        return f"<association for {self.protection.value}>"


class Upload(Protocol):
    """The chunks of a version that nobody sees yet."""

    @property
    def version(self) -> str:
        """The version that they will be."""
        ...

    @property
    def most_waiting(self) -> int:
        """How many chunks may wait in memory until there are enough to store."""
        ...

    def add(self, chunks: Sequence[bytes], bounds: Bounds) -> None:
        """Store the next chunks, as far as the bounds of the space allow."""
        ...

    def abandon(self) -> None:
        """Remove what was stored, where it was not published. It does not raise, and may be called twice."""
        ...


class Download(Protocol):
    """One version of an object that stays readable until it is closed."""

    @property
    def stored(self) -> Stored:
        """What is known about it."""
        ...

    def chunk(self, number: int) -> object:
        """Give a chunk as it is stored; whatever is not bytes is no chunk."""
        ...

    def close(self) -> None:
        """Let the version go. It does not raise, and may be called twice."""
        ...


class Vault(Protocol):
    """The objects of a space."""

    @property
    def identity(self) -> str:
        """Names the space in what is authenticated."""
        ...

    @property
    def keys(self) -> ContainerKeys | None:
        """The keys of a protected space."""
        ...

    def find(self, name: bytes) -> Stored | None:
        """Give the current version of an object."""
        ...

    def page(self, prefix: bytes, after: bytes, most: int) -> list[bytes]:
        """List at most so many names, in order, that begin with `prefix` and come after `after`."""
        ...

    def open(self, name: bytes) -> Download | None:
        """Open the current version of an object."""
        ...

    def begin(self) -> Upload:
        """Begin a new version."""
        ...

    def publish(self, upload: Upload, name: bytes, size: int, condition: Condition, bounds: Bounds) -> Stored:
        """Make the version the current one of that name, durably and in one step, where the condition holds."""
        ...

    def remove(self, names: Sequence[bytes] | None, condition: Condition) -> None:
        """Remove objects as far as they are there, or all, durably; the condition holds for each."""
        ...


class Space(Protocol):
    """A container in a storage."""

    def describe(self) -> Description:
        """Tell what can be known without the key."""
        ...

    def plain(self) -> Vault:
        """Give the objects of an unprotected space; raises `invalid-state` where it is protected."""
        ...

    def associate(self, association: Association) -> Vault:
        """Give the objects of a protected space, or protect an empty one."""
        ...


class Storage(Protocol):
    """A place for containers."""

    def space(self, identity: str, *, anchored: bool) -> Space:
        """Give the space of that identity, made where it is new. `anchored`: the platform remembers its last state."""
        ...

    def close(self) -> None:
        """Give back what the storage holds of the machine."""
        ...
