"""The reader resource: a range of one version, from front to back (OBJ-2)."""

from elastic_hal.runtime.control import WHOLE_CORE, Control

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES
from ..polling import Pollable, always_ready
from ..unproven import unproven
from .access import Access
from .backend import Download, Vault
from .chunks import ChunkFormat, chunk_format
from .looking_ahead import LookingAhead
from .metadata import object_metadata
from .open_chunks import OpenChunks
from .records import CHUNK_BYTES

_CHUNKS = 1


class ObjectReader(wit.ObjectReader):
    """A range that is being read. Once something in it was not authentic, it gives nothing else."""

    def __init__(
        self,
        download: Download,
        chunks: ChunkFormat,
        info: wit.ObjectMetadata,
        span: tuple[int, int],
        control: Control,
        open_chunks: OpenChunks,
    ) -> None:
        self._taken = open_chunks.take(_CHUNKS)
        self._ahead = LookingAhead(self._opened, open_chunks)
        self._download = download
        self._chunks = chunks
        self._info = info
        self._position, self._end = span
        self._control = control
        self._number = -1
        self._chunk = b""
        self._failed = False

    @property
    def log_name(self) -> str:
        """What it is called in the host's log."""
        return f"object {self._download.stored.name.decode(errors='replace')!r}"

    def object_info(self) -> wit.ObjectMetadata:
        """Give what is known about the version."""
        return self._info

    def read(self, most: int) -> bytes:
        """Give the next bytes, whole chunks as far as they fit."""
        if most == 0:
            raise types.Error_InvalidArgument("most: is 0")
        if most > MAX_DATA_BYTES:
            raise types.Error_LimitExceeded(f"most: is {most}, more than {MAX_DATA_BYTES}")
        if self._failed:
            raise unproven("an earlier part of the object was not authentic")
        left = min(most, self._end - self._position)
        ready = self._ahead.take(self._position, left)
        self._position += len(ready)
        left -= len(ready)
        parts = [ready]
        while left:
            number, offset = divmod(self._position, CHUNK_BYTES)
            part = self._verified(number)[offset : offset + left]
            parts.append(part)
            self._position += len(part)
            left -= len(part)
        self._look_ahead(most)
        return b"".join(parts)

    def subscribe(self) -> Pollable:
        """Give a pollable; reading never has to be waited for."""
        return always_ready(self._control)

    def drop(self) -> None:
        """Let the version go."""
        self._chunk = b""
        self._ahead.close()
        self._taken.give_back()
        self._download.close()

    def _look_ahead(self, most: int) -> None:
        """Make ready what the next call may want. A workload that has a share of a core gets no more than its share."""
        if most >= CHUNK_BYTES and not self._position % CHUNK_BYTES and self._control.cpu_thousandths >= WHOLE_CORE:
            self._ahead.begin(self._position, self._end)

    def _verified(self, number: int) -> bytes:
        if number != self._number:
            self._chunk, self._number = b"", -1
            try:
                self._chunk = self._opened(number)
            except types.Error_VerificationFailed:
                self._failed = True
                raise
            self._number = number
        return self._chunk

    def _opened(self, number: int) -> bytes:
        stored = self._download.stored
        chunk = self._chunks.open(number, self._download.chunk(number), last=number == stored.chunks - 1)
        if len(chunk) != min(CHUNK_BYTES, stored.size - number * CHUNK_BYTES):
            raise unproven(f"part {number} of the object has another length than was written")
        return chunk


def open_reader(
    access: Access, vault: Vault, name: bytes, span: tuple[int, int | None], control: Control
) -> ObjectReader:
    """Open the current version of an object for reading a range of it."""
    start, end = span
    if end is not None and start > end:
        raise types.Error_InvalidArgument(f"start: {start} is after end, {end}")
    download = vault.open(name)
    if download is None:
        raise types.Error_NotFound("there is no object of that name")
    stored = download.stored
    if start > stored.size:
        download.close()
        raise types.Error_InvalidArgument(f"start: {start} is after the end of the object, {stored.size}")
    last = stored.size if end is None else min(end, stored.size)
    chunks = chunk_format(vault.identity, name, stored.version, vault.keys)
    about = object_metadata(access.name, stored)
    try:
        return ObjectReader(download, chunks, about, (start, last), control, access.open_chunks)
    except types.Error_LimitExceeded:
        download.close()
        raise
