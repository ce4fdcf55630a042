"""The memory of another process, for ioctls whose argument points further: what copy_from_user is in a kernel."""

import errno
from typing import Final

from .errors import CallError

_MOST_BYTES: Final = 1024 * 1024


class ProcessMemory:
    """Memory of the process with that number, which must be one that we may look into."""

    def __init__(self, process: int) -> None:
        self._path = f"/proc/{process}/mem"

    def read(self, address: int, length: int) -> bytes:
        """Copy from the process. Raises `CallError`."""
        if length > _MOST_BYTES:
            raise CallError(errno.EFAULT)
        try:
            with open(self._path, "rb", buffering=0) as memory:
                memory.seek(address)
                content = memory.read(length)
        except (OSError, ValueError, OverflowError):
            raise CallError(errno.EFAULT) from None
        if content is None or len(content) != length:
            raise CallError(errno.EFAULT)
        return content

    def write(self, address: int, content: bytes) -> None:
        """Copy to the process. Raises `CallError`."""
        try:
            with open(self._path, "r+b", buffering=0) as memory:
                memory.seek(address)
                written = memory.write(content)
        except (OSError, ValueError, OverflowError):
            raise CallError(errno.EFAULT) from None
        if written != len(content):
            raise CallError(errno.EFAULT)
