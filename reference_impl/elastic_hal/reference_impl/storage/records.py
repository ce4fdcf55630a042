"""What a storage keeps of an object, what changes depend on, and how much a container may hold."""

import secrets
from dataclasses import dataclass
from typing import Final

from elastic_hal.common.clock import END_NS, ClockError, now_ns

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from ..unproven import unproven
from .errors import StorageFailure
from .names import MAX_VERSION_BYTES

CHUNK_BYTES: Final = 256 * 1024
"""Length of every chunk of an object but the last, which is shorter or as long. Part of the format."""
MAX_CHUNKS: Final = 1 << 20
MAX_OBJECT_BYTES: Final = CHUNK_BYTES * MAX_CHUNKS

_VERSION_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object: its name as the guest knows it, a random name of the version, its length in plain, and
    when it was written, in nanoseconds since 1970.
    """

    name: bytes
    version: str
    size: int
    created_ns: int

    @property
    def chunks(self) -> int:
        """How many chunks it has; an empty object has one, which is empty."""
        return max(1, -(-self.size // CHUNK_BYTES))


def stored_of(name: bytes, version: object, size: object, created_ns: object) -> Stored:
    """Read what a storage gave for a version, or raise `verification-failed` for what nobody has written."""
    if not isinstance(version, str) or not version.isascii() or not version.isalnum():
        raise unproven("the version of an object is not what this host wrote")
    return Stored(name, version, whole_number(size, MAX_OBJECT_BYTES), moment_of(created_ns))


def moment_now() -> int:
    """Give the time for what is written now. Raises `StorageFailure` where the machine's clock is wrong."""
    try:
        return now_ns()
    except ClockError as error:
        raise StorageFailure(f"nothing can be written: {error}") from None


def moment_of(created_ns: object) -> int:
    """Read a time that a storage gave, or raise `verification-failed`."""
    return whole_number(created_ns, END_NS - 1)


def whole_number(value: object, most: int) -> int:
    """Read a number that a storage gave, or raise `verification-failed`."""
    if type(value) is not int or not 0 <= value <= most:
        raise unproven("a number that the storage has for an object is not one that this host wrote")
    return value


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a container may hold: objects, and bytes as they are stored."""

    objects: int
    size: int

    def check_objects(self, objects: int) -> None:
        """Raise `limit-exceeded` for more objects than that."""
        if objects > self.objects:
            raise types.Error_LimitExceeded(f"the container may hold {self.objects} objects")

    def check_size(self, size: int) -> None:
        """Raise `limit-exceeded` for more bytes than that."""
        if size > self.size:
            raise types.Error_LimitExceeded(f"the container may hold {self.size} bytes as they are stored")


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a change to take place; neither field set: nothing."""

    absent: bool = False
    version: str | None = None

    def check(self, current: Stored | None) -> None:
        """Raise the contract's error where it does not hold for the version that is current."""
        if self.absent and current is not None:
            raise types.Error_AlreadyExists("there is an object of that name")
        if self.version is None:
            return
        if current is None:
            raise types.Error_NotFound("there is no object of that name")
        if current.version != self.version:
            raise types.Error_InvalidState("the object has another version")


ALWAYS: Final = Condition()


def condition_of(condition: wit.WriteCondition) -> Condition:
    """Read the contract's condition."""
    match condition:
        case wit.WriteCondition_Always():
            return ALWAYS
        case wit.WriteCondition_Absent():
            return Condition(absent=True)
        case wit.WriteCondition_Version(value=version):
            if len(version.encode()) > MAX_VERSION_BYTES:
                raise types.Error_InvalidArgument(f"condition: the version has more than {MAX_VERSION_BYTES} bytes")
            return Condition(version=version)


def new_version() -> str:
    """Name a new version. It is random, and with it the key that the version is encrypted with."""
    return secrets.token_hex(_VERSION_BYTES)
