"""The window: how the host reaches the linear memory of an adapter, where the bytes of a bridged call are.

An adapter (see `runtime/bridge`) stands between a guest and the host. wasmtime copies every `list<u8>` of a call into
the adapter's memory, whole and fast; what reaches the host is an address and a length, and the host reads the bytes
itself. The bytes of a result it writes there. This module knows where that memory is and what may be touched of it;
codecs turn addresses into bytes (`window_codecs`), the linker offers the functions that an adapter calls.

How the memory is found: when an adapter starts it asks for a *nonce*, random and never used again, stores it at a
fixed place of its memory and calls `attach`. Inside that call the host looks for the one private region of its own
process that holds it at that place. No guest code has run with that adapter by then and nobody else was told the
nonce, so no other memory holds it there; should two do all the same, the adapter is refused.

Why that is safe:

- Only adapters may use the window: a guest that imports a name of theirs is refused before it is compiled.
- While the region is looked for, memory is read by the system, which fails softly whatever is there.
- Afterwards every access is checked against the bounds of the region as the operating system tells them, not against
  anything that is in the memory itself. Linear memories neither shrink nor move (`Config.memory_may_move`), and live
  as long as their store, which outlives each of its calls.
- What a guest sees of the memory are copies that wasmtime makes of results, never the memory.
"""

from __future__ import annotations

import ctypes
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, Final, cast

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.errors import LiftingError, LinkError, LoweringError
from elastic_hal.runtime.own_process import OwnMemory

NONCE: Final = 16
"""Where an adapter keeps its nonce, behind the control words."""
NONCE_SIZE: Final = 16
CONTROL_SIZE: Final = NONCE + NONCE_SIZE
LARGEST: Final = 0xFFFF_0000
"""How far a window reaches at most: the memories of adapters are addressed with 32 bits."""

LARGE_BYTES: Final = 4 * 1024**2
"""What an adapter's memory keeps of the pages of large calls when small ones follow."""

_MAPS: Final = "/proc/self/maps"
_PAGE: Final = 65536
_DONTNEED: Final = 4
_STRING_AT_LIMIT: Final = 1 << 20
_copy: Callable[[int, bytes, int], object] = ctypes.memmove


class Words(ctypes.LittleEndianStructure):
    """The control words at the beginning of an adapter's memory: the first free byte, how many bytes there are, whether
    results wait for `fill`, where the memory starts that is free for a result.
    """

    _fields_ = (
        ("top", ctypes.c_uint32),
        ("capacity", ctypes.c_uint32),
        ("pending", ctypes.c_uint32),
        ("heap", ctypes.c_uint32),
    )


class Window:
    """The memory of one adapter instance, or of none yet. It serves one workload on one thread."""

    __slots__ = (
        "_base",
        "_heap",
        "_high",
        "_kept",
        "_large",
        "_near",
        "_nonce",
        "_size",
        "_top",
        "_words",
    )

    def __init__(self) -> None:
        self._base = 0
        self._heap = 0
        self._size = 0  # bytes that are known to be accessible
        self._near = 0  # ends up to here need no attention: accessible, and not large
        self._top = 0
        self._high = 0  # the furthest end since pages were given back, where it was beyond `_near`
        self._large = False
        self._kept: list[tuple[int, bytes]] = []
        self._nonce: bytes | None = None
        self._words: Any = None

    @property
    def attached(self) -> bool:
        """Whether an adapter has been found."""
        return bool(self._base)

    # What adapters call, through the linker.

    def nonce(self) -> tuple[int, int]:
        """Makes the number by which the next adapter to attach is found."""
        self._require_free()
        self._nonce = secrets.token_bytes(NONCE_SIZE)
        return int.from_bytes(self._nonce[:8], "little"), int.from_bytes(self._nonce[8:], "little")

    def attach(self, memory_bytes: int) -> None:
        """Finds the memory of the adapter that calls, of so many bytes, by the nonce that it was given.

        Raises:
            LiftingError: no nonce was asked for, or this window has an adapter already.
            LinkError: the memory cannot be told from others.
        """
        self._require_free()
        nonce, self._nonce = self._nonce, None
        if nonce is None:
            raise LiftingError("an adapter attached before it asked for a nonce")
        base, size = _find(nonce)
        if size < max(memory_bytes, CONTROL_SIZE):
            raise LinkError("the memory of an adapter is smaller than the adapter says")
        self._words = Words.from_address(base)
        self._base = base
        self._know(size)

    def fill(self) -> None:
        """Copies what did not fit before the adapter made room for it."""
        kept, self._kept = self._kept, []
        for address, data in kept:
            self._reach(address + len(data))
            _copy(self._base + address, data, len(data))

    # What codecs call.

    def read(self, address: int, length: int) -> bytes:
        """The bytes of an argument.

        Raises:
            LiftingError: they are not all in the adapter's memory.
        """
        end = address + length
        if end > self._near:
            self._reach(end)
        if length > _STRING_AT_LIMIT:  # ctypes takes no length beyond 31 bits
            return bytes(cells.readable(self._base + address, length))
        return cells.bytes_at(self._base + address, length)

    def place(self, data: bytes) -> int:
        """Puts the bytes of a result after those before it and gives their address. Where the memory is too small
        for them they are kept until the adapter calls `fill`.

        Raises:
            LoweringError: no memory can be large enough.
        """
        address = self._top
        size = len(data)
        end = address + size
        if end <= self._near or self._has_room(end):
            _copy(self._base + address, data, size)
        else:
            self._kept.append((address, data))
        self._top = end
        return address

    # What bound functions call.

    def begin(self) -> None:
        """Call it when the arguments are lifted: what they took is free for results, but for what the adapter itself
        still needs of them, which is below its heap.
        """
        if self._words is None:
            raise LiftingError("the function of an adapter was called without one")
        self._heap = self._top = self._words.heap
        if self._high:
            self._give_back()

    def commit(self) -> None:
        """Call it when a result with bytes is lowered: tells the adapter what is in use, and what is still to come."""
        self._words.top = self._top
        if self._kept:
            self._words.pending = 1

    def clear(self) -> None:
        """Forgets the results of a call that failed."""
        self._top = self._heap
        self._kept.clear()

    def wipe(self) -> None:
        """Call it when no call is under way or comes any more, before the store is closed: bytes of calls, keys among
        them, leave the process at once, and not when the memory happens to be used anew.
        """
        base, self._base, self._words = self._base, 0, None
        self._size = self._near = 0
        self._kept.clear()
        if base:
            size = _accessible_end(base, _private_regions()) - base
            if size > 0:
                _advise(base, size, _DONTNEED)

    def _require_free(self) -> None:
        if self._base:
            raise LiftingError(
                "a second bridged instance was started with the same linker; make a linker for each, or load the "
                "component without the bytes bridge"
            )

    def _know(self, size: int) -> None:
        self._size = min(size, LARGEST)
        self._near = min(self._size, self._heap + LARGE_BYTES)

    def _reach(self, end: int) -> None:
        """Makes sure that everything up to `end` is accessible, also where the memory has grown."""
        if end > self._size and self._base:
            self._know(_accessible_end(self._base, _private_regions()) - self._base)
        if end > self._size:
            raise LiftingError("an adapter named bytes that are not in its memory")
        if end > self._near:
            self._high = max(self._high, end)
            self._large = True

    def _has_room(self, end: int) -> bool:
        if end > LARGEST:
            raise LoweringError("the bytes of a result are more than a guest can hold")
        if end > max(self._size, self._words.capacity):
            return False
        self._reach(end)
        return True

    def _give_back(self) -> None:
        """Gives the pages of large calls back to the operating system, when a call that is not large follows. While
        large calls follow each other they keep their pages, since making them anew costs as much as the copies.
        """
        if self._large:
            self._large = False
            return
        start = -(-max(self._near, self._heap) // _PAGE) * _PAGE
        if self._high > start:
            _advise(self._base + start, min(-(-self._high // _PAGE) * _PAGE, self._size) - start, _DONTNEED)
        self._high = 0


def _private_regions() -> Iterator[tuple[int, int]]:
    """Start and end of each private region of this process that can be read and written, in order of addresses."""
    with open(_MAPS, "rb") as lines:
        for line in lines:
            fields = line.split()
            if fields[1] == b"rw-p":
                start, _, end = fields[0].partition(b"-")
                yield int(start, 16), int(end, 16)


def _find(nonce: bytes) -> tuple[int, int]:
    """Address and size of the one memory that holds a nonce at the place for it."""
    try:
        regions = list(_private_regions())
        with closing(OwnMemory()) as memory:
            found = [start for start, _ in regions if memory.read(start + NONCE, NONCE_SIZE) == nonce]
    except OSError as error:
        raise LinkError(f"the memory of an adapter cannot be looked for: {error.strerror or error}") from error
    if len(found) != 1:
        raise LinkError(f"the memory of an adapter was found {len(found)} times")
    return found[0], _accessible_end(found[0], regions) - found[0]


def _accessible_end(base: int, regions: Iterable[tuple[int, int]]) -> int:
    """Where the accessible memory that starts at `base` ends; it may consist of several regions."""
    end = base
    for start, stop in regions:
        if start == end:
            end = stop
    return end


def _libc_advise() -> Callable[[int, int, int], int]:
    function = ctypes.CDLL(None).madvise
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    function.restype = ctypes.c_int
    return cast("Callable[[int, int, int], int]", function)


_advise: Callable[[int, int, int], int] = _libc_advise() if os.path.exists(_MAPS) else lambda *_: 0
