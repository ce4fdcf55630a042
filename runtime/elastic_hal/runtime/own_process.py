"""The memory of this process: read by itself, and closed to others.

What a host has in its memory are keys: of the platform, of workloads, of TLS. Two ways lead out that nobody has to
break anything for: a core dump, and a debugger of the same user. `close_memory` closes both. It has a price for a user
who is not root: files of /proc that show the process belong to root then, `/proc/self/mem` among them, which is why a
process reads its own memory by `process_vm_readv` here, which asks no file.
"""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Final

_SET_DUMPABLE: Final = 4
_MEM: Final = "/proc/self/mem"
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class _Range(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("address", ctypes.c_void_p), ("length", ctypes.c_size_t))


def close_memory(*, traceable: bool = False) -> None:
    """Let nobody have the memory of this process: no core dumps, of it or of programs that it starts, and, unless it
    stays `traceable`, no debugger or reader of /proc/PID/mem but root's. Raises `OSError`.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not traceable and _LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class OwnMemory:
    """Reads memory of this process whose address may be wrong. Use it in one thread, and close it."""

    def __init__(self) -> None:
        """Begin. Raises `OSError` where the system lets no process read its memory."""
        self._process = os.getpid()
        self._file = -1
        probe = ctypes.create_string_buffer(b"probe", 5)
        if self.read(ctypes.addressof(probe), 5) != b"probe":
            # A sandbox may know the file and not the call.
            self._file = os.open(_MEM, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """Give the bytes there, fewer or none where there are not so many."""
        if self._file >= 0:
            try:
                return os.pread(self._file, size, address)
            except (OSError, OverflowError):
                return b""
        found = ctypes.create_string_buffer(size)
        here, there = _Range(ctypes.addressof(found), size), _Range(address, size)
        count = _LIBC.process_vm_readv(self._process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
        return found.raw[: max(0, count)]

    def close(self) -> None:
        """End."""
        if self._file >= 0:
            os.close(self._file)
