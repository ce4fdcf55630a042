"""The writer resource: a version that becomes visible as a whole (OBJ-3)."""

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from ..polling import Pollable, always_ready
from .access import Access
from .backend import Vault
from .chunks import chunk_format
from .metadata import object_metadata
from .records import CHUNK_BYTES, MAX_OBJECT_BYTES, Condition

_CHUNKS = 1


class ObjectWriter(wit.ObjectWriter):
    """An object that is being written. At most a chunk of it waits here; the rest is in the storage."""

    def __init__(self, access: Access, vault: Vault, name: bytes, condition: Condition, control: Control) -> None:
        self._container = access.name
        self._bounds = access.bounds
        self._vault = vault
        self._name = name
        self._condition = condition
        self._control = control
        self._upload = vault.begin()
        self._taken = access.open_chunks.take(_CHUNKS + self._upload.most_waiting)
        self._chunks = chunk_format(vault.identity, name, self._upload.version, vault.keys)
        self._waiting = bytearray()
        self._number = 0
        self._size = 0
        self._open = True
        self._full = False

    def write(self, data: bytes) -> None:
        """Append data."""
        check_size("data", data)
        if self._full:
            raise types.Error_LimitExceeded("the writer ran into a limit before")
        self._check_open()
        if self._size + len(data) > MAX_OBJECT_BYTES:
            raise types.Error_LimitExceeded(f"an object has at most {MAX_OBJECT_BYTES} bytes")
        self._waiting += data
        self._size += len(data)
        # The last chunk is marked as such, so one that may be the last waits until it is known.
        ready = max(0, len(self._waiting) - 1) // CHUNK_BYTES
        if ready:
            self._store(ready, last=False)

    def finish(self) -> wit.ObjectMetadata:
        """Make the object visible."""
        self._check_open()
        try:
            self._store(1, last=True)
            stored = self._vault.publish(self._upload, self._name, self._size, self._condition, self._bounds)
        finally:
            self.drop()
        return object_metadata(self._container, stored)

    def subscribe(self) -> Pollable:
        """Give a pollable; writing never has to be waited for."""
        return always_ready(self._control)

    def drop(self) -> None:
        """Remove what was not published."""
        self._open = False
        self._waiting.clear()
        self._upload.abandon()
        self._taken.give_back()

    def _check_open(self) -> None:
        if not self._open:
            raise types.Error_InvalidState("the writer has finished")

    def _store(self, count: int, *, last: bool) -> None:
        """Seal chunks from the front of what waits, and store them."""
        with memoryview(bytes(self._waiting)) as view:
            sealed = [
                self._chunks.seal(self._number + index, bytes(view[index * CHUNK_BYTES :][:CHUNK_BYTES]), last=last)
                for index in range(count)
            ]
        try:
            self._upload.add(sealed, self._bounds)
        except BaseException as error:
            self._full = isinstance(error, types.Error_LimitExceeded)
            self.drop()
            raise
        del self._waiting[: count * CHUNK_BYTES]
        self._number += count
