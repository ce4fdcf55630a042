"""Objects that outlive the workload (OBJ-1 to OBJ-4), read and written like files.

    with storage.open("ledger", key=key) as ledger:                    # encrypted from the first object on
        ledger.write("2026/january", b"…")
        for name in ledger.names("2026/"):
            print(name, ledger.read(name))

        with ledger.create("large") as file:                           # in pieces; nothing is visible before the end
            shutil.copyfileobj(source, file)
        with ledger.reader("large") as file:
            header = file.read(16)

Failures are the exceptions of `errors`. What is not wrapped here is in `bindings.elastic_hal.object_storage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import eventloop as _eventloop
from .bindings.elastic_hal import object_storage as _storage
from .bindings.elastic_hal.object_storage import ContainerMetadata, ObjectMetadata, Protection, Rights
from .errors import WouldBlock
from .keys import EncryptionKey
from .parts import ByteData, chunks

__all__ = [
    "Container",
    "ContainerMetadata",
    "ObjectMetadata",
    "ObjectReader",
    "ObjectWriter",
    "Protection",
    "Rights",
    "exists",
    "open",
]

CHUNK_BYTES = 1024 * 1024
"""The most that one call moves."""
_PAGE = 1000


def exists(name: str) -> bool:
    """Whether the policy lets this workload open a container of that name."""
    return _storage.container_exists(name)


def open(
    name: str, key: EncryptionKey | None = None, protection: Protection = Protection.CONTENT_AND_NAMES
) -> Container:
    """Opens a container, with its key where it has or gets one: an AES-256-GCM key that is used for nothing else.

    Raises AccessDenied where the policy does not grant it, VerificationFailed for another key than it began with.
    """
    container = _storage.get_container(name)
    try:
        if key is not None:
            container.associate_key(key.handle, protection)
    except BaseException:
        container.close()
        raise
    return Container(container)


class Container:
    """A container of objects. `with` closes it; readers and writers live on."""

    def __init__(self, handle: _storage.Container) -> None:
        self.handle = handle
        """The container as the generated bindings know it."""

    @property
    def name(self) -> str:
        """The name under which it was opened."""
        return self.handle.name()

    def info(self) -> ContainerMetadata:
        """What is known about the container: its rights, protection, bounds, and what is in it."""
        return self.handle.info()

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes of an object, or those from `start` up to `end`. Raises NotFound where there is none."""
        with self.reader(name, start, end) as reader:
            return reader.read()

    def reader(self, name: str, start: int = 0, end: int | None = None) -> ObjectReader:
        """Opens an object for reading in pieces. It stays the same whatever is written meanwhile."""
        return ObjectReader(self.handle.get_data(name, start, end))

    def write(self, name: str, data: ByteData, *, replaces: str | None = None, new: bool = False) -> ObjectMetadata:
        """Writes an object as a whole. When this returns, it is stored durably; `replaces` and `new` as in `create`."""
        with self.create(name, replaces=replaces, new=new) as writer:
            writer.write(data)
            return writer.finish()

    def create(self, name: str, *, replaces: str | None = None, new: bool = False) -> ObjectWriter:
        """Begins an object that is written in pieces.

        With `new` it must not be there yet, else AlreadyExists; with `replaces`, a version, it must still be that
        version, else InvalidState.
        """
        condition: _storage.WriteCondition = _storage.WriteCondition_Always()
        if new:
            condition = _storage.WriteCondition_Absent()
        elif replaces is not None:
            condition = _storage.WriteCondition_Version(replaces)
        return ObjectWriter(self.handle.write_data(name, condition))

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with `prefix`, in the order of their bytes."""
        cursor: str | None = None
        while True:
            page = self.handle.list_objects(prefix, cursor, _PAGE)
            yield from page.names
            cursor = page.cursor
            if cursor is None:
                return

    def stat(self, name: str) -> ObjectMetadata:
        """What is known about an object. Raises NotFound where there is none."""
        return self.handle.object_info(name)

    def delete(self, *names: str) -> None:
        """Deletes objects as far as they are there, up to 1,000 in one step."""
        for at in range(0, len(names), _PAGE):
            self.handle.delete_objects(list(names[at : at + _PAGE]))

    def clear(self) -> None:
        """Deletes all objects."""
        self.handle.clear()

    def copy(self, name: str, to: str, container: Container | None = None) -> ObjectMetadata:
        """Copies an object, also into another container; the bytes do not pass through the guest."""
        target = (container or self).handle
        return _storage.copy_object(self.handle, name, target, to, _storage.WriteCondition_Always())

    def move(self, name: str, to: str, container: Container | None = None) -> ObjectMetadata:
        """Moves an object, also into another container."""
        target = (container or self).handle
        return _storage.move_object(self.handle, name, target, to, _storage.WriteCondition_Always())

    def close(self) -> None:
        """Gives the container up, and what the host derived from its key."""
        self.handle.close()

    def __contains__(self, name: str) -> bool:
        return self.handle.has_object(name)

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class ObjectReader:
    """An object, or a range of it, that is read like a file."""

    def __init__(self, handle: _storage.ObjectReader) -> None:
        self._reader = handle
        self.info = handle.object_info()
        """What is known about the version that is read."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes: at most `size`, or all that are left. None at the end."""
        if 0 <= size <= CHUNK_BYTES:
            return self._piece(size) if size else b""
        pieces: list[bytes] = []
        left = size
        while piece := self._piece(CHUNK_BYTES if left < 0 else min(left, CHUNK_BYTES)):
            pieces.append(piece)
            left -= len(piece) if left > 0 else 0
            if left == 0:
                break
        return b"".join(pieces)

    async def aread(self, size: int = CHUNK_BYTES) -> bytes:
        """As `read` of at most 1 MiB, while other tasks of `eventloop` go on."""
        with self._reader.subscribe() as pollable:
            await _eventloop.wait(pollable)
        return self._piece(min(size, CHUNK_BYTES)) if size else b""

    def close(self) -> None:
        """Lets the version go."""
        self._reader.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._piece(CHUNK_BYTES), b"")

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _piece(self, most: int) -> bytes:
        while True:
            try:
                return self._reader.read(most)
            except WouldBlock:
                with self._reader.subscribe() as pollable:
                    pollable.block()


class ObjectWriter:
    """An object that is written like a file. `with` finishes it, unless an exception leaves the block: then there is no
    object.
    """

    def __init__(self, handle: _storage.ObjectWriter) -> None:
        self._writer = handle
        self.info: ObjectMetadata | None = None
        """What is known about the object, once it is finished."""

    def write(self, data: ByteData) -> int:
        """Appends data of any size."""
        for piece in chunks(data):
            self._write(piece)
        return len(memoryview(data).cast("B"))

    def writelines(self, pieces: Iterable[ByteData]) -> None:
        """Appends pieces, one after the other."""
        for piece in pieces:
            self.write(piece)

    async def awrite(self, data: ByteData) -> None:
        """As `write`, while other tasks of `eventloop` go on between pieces of 1 MiB."""
        with self._writer.subscribe() as pollable:
            for piece in chunks(data):
                await _eventloop.wait(pollable)
                self._write(piece)

    def finish(self) -> ObjectMetadata:
        """Makes the object visible; it is stored durably when this returns. A second call gives the same."""
        if self.info is None:
            self.info = self._writer.finish()
        return self.info

    def close(self) -> None:
        """Ends writing; what is not finished is gone."""
        self._writer.close()

    def __enter__(self) -> ObjectWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    def _write(self, piece: bytes) -> None:
        while True:
            try:
                return self._writer.write(piece)
            except WouldBlock:
                with self._writer.subscribe() as pollable:
                    pollable.block()
