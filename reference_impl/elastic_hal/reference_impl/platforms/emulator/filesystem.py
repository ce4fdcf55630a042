"""The file system that FUSE serves: the places of a confidential guest's kernel interfaces, below one mount point.

Paths are those of a real machine, so that the mount point is another root directory. Contents are made when they are
read and never cached; `inblob` takes effect when it is closed, which FUSE tells synchronously in `flush`.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import mfusepy  # type: ignore[import-untyped]

from .caller_memory import ProcessMemory
from .errors import CallError
from .guest import REPORT_DATA_BYTES, EmulatedGuest
from .report_items import ReportItem, attributes

REPORTS: Final = "/sys/kernel/config/tsm/report"
DEVICES: Final = "/dev"
BOOT_LOG: Final = "/sys/firmware/acpi/tables/data/CCEL"
REGISTERS: Final = "/sys/devices/virtual/misc/tdx_guest/measurements"

_COMMAND_MASK: Final = 0xFFFF_FFFF
_SIZE_SHIFT, _SIZE_MASK = 16, 0x3FFF
_MODES: Final = {True: stat.S_IFREG | 0o200, False: stat.S_IFREG | 0o400}


@dataclass(slots=True)
class _OpenFile:
    """What one opener has read or written so far: a file's content stands still from its first reading."""

    content: bytes | None = None
    draft: bytes | None = None


class GuestFileSystem(mfusepy.Operations):  # type: ignore[misc] # the package has no types
    """The operations of the file system. It is served by one thread, one call after another."""

    use_ns = True

    def __init__(self, guest: EmulatedGuest, on_ready: Callable[[], None]) -> None:
        self._guest = guest
        self._on_ready = on_ready
        self._items: dict[str, ReportItem] = {}
        self._attributes = attributes(guest)
        self._device = f"{DEVICES}/{guest.device}"
        self._registers = {f"{REGISTERS}/{name}": name for name in guest.registers()}
        self._tables = {} if guest.boot_log() is None else {BOOT_LOG: guest.boot_log() or b""}
        places = [REGISTERS] * bool(self._registers) + [BOOT_LOG.rpartition("/")[0]] * bool(self._tables)
        self._directories = _with_parents(REPORTS, DEVICES, *places)
        self._open: dict[int, _OpenFile] = {}
        self._last = 0

    def init_with_config(self, _connection: Any, config: Any) -> None:
        """Switch every cache off, and tell that the file system can be used."""
        config.direct_io = 1
        config.attr_timeout = config.entry_timeout = config.negative_timeout = 0
        self._on_ready()

    def getattr(self, path: str, _handle: int | None = None) -> dict[str, int]:
        """Describe a path."""
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        if path in self._directories or self._item(path) is not None:
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **owner}
        if path == self._device:
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": 0, **owner}
        if path in self._registers:
            return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": 48, **owner}
        if path in self._tables:
            return {"st_mode": stat.S_IFREG | 0o400, "st_nlink": 1, "st_size": len(self._tables[path]), **owner}
        return {"st_mode": _MODES[self._attributes[self._attribute(path)[1]]], "st_nlink": 1, "st_size": 0, **owner}

    def readdir(self, path: str, _handle: int) -> list[str]:
        """List a directory."""
        if self._item(path) is not None:
            return [".", "..", *self._attributes]
        items = (f"{REPORTS}/{name}" for name in self._items)
        inside = [*self._directories, self._device, *self._registers, *self._tables, *items]
        return [".", "..", *(name for name in (_name_below(path, place) for place in inside) if name)]

    def mkdir(self, path: str, _mode: int) -> int:
        """Make an item."""
        name = _name_below(REPORTS, path)
        if not name:
            raise _failure(errno.EPERM)
        if name in self._items:
            raise _failure(errno.EEXIST)
        self._items[name] = ReportItem(self._guest)
        return 0

    def rmdir(self, path: str) -> int:
        """Remove an item."""
        if self._item(path) is None:
            raise _failure(errno.EPERM if path in self._directories else errno.ENOENT)
        del self._items[_name_below(REPORTS, path)]
        return 0

    def open(self, path: str, flags: int) -> int:
        """Open a file for what it is there for."""
        if path != self._device and path not in self._registers:
            for_writing = path not in self._tables and self._attributes[self._attribute(path)[1]]
            if (flags & os.O_ACCMODE) != (os.O_WRONLY if for_writing else os.O_RDONLY):
                raise _failure(errno.EACCES)
        self._last += 1
        self._open[self._last] = _OpenFile()
        return self._last

    def read(self, path: str, size: int, offset: int, handle: int) -> bytes:
        """Read from a file."""
        file = self._open[handle]
        if file.content is None:
            if path == self._device:
                raise _failure(errno.EINVAL)
            if path in self._tables:
                file.content = self._tables[path]
            elif path in self._registers:
                file.content = self._guest.read_register(self._registers[path])
            else:
                item, name = self._attribute(path)
                file.content = _answered(lambda: item.read(name))
        return file.content[offset : offset + size]

    def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
        """Write to a file."""
        if path == self._device:
            raise _failure(errno.EINVAL)
        if path in self._registers:
            if offset:
                raise _failure(errno.EINVAL)
            _answered(lambda: self._guest.extend_register(self._registers[path], bytes(data)))
            return len(data)
        item, name = self._attribute(path)
        if name == "privlevel":
            _answered(lambda: item.write_privilege(bytes(data)))
            return len(data)
        if offset + len(data) > REPORT_DATA_BYTES:
            raise _failure(errno.EFBIG)
        file = self._open[handle]
        file.draft = (file.draft or b"").ljust(offset, b"\0")[:offset] + bytes(data)
        return len(data)

    def truncate(self, _path: str, _length: int, _handle: int | None = None) -> int:
        """Do nothing: shells truncate what they write to."""
        return 0

    def flush(self, path: str, handle: int) -> int:
        """Take over what was written when the file is closed."""
        file = self._open.get(handle)
        if file is not None and file.draft is not None:
            content, file.draft = file.draft, None
            self._attribute(path)[0].write_input(content)
        return 0

    def release(self, _path: str, handle: int) -> int:
        """Forget an open file."""
        self._open.pop(handle, None)
        return 0

    def ioctl(self, path: str, command: int, address: int, _handle: int, _flags: int, data: int) -> int:
        """Answer an ioctl: FUSE has copied the argument, and copies it back where the call is good."""
        if path != self._device:
            raise _failure(errno.ENOTTY)
        command &= _COMMAND_MASK
        size = (command >> _SIZE_SHIFT) & _SIZE_MASK
        argument = ctypes.string_at(data, size) if data else b""
        memory = ProcessMemory(mfusepy.fuse_get_context()[2])
        changed = _answered(lambda: self._guest.call(command, argument, address or 0, memory))
        ctypes.memmove(data, changed, min(size, len(changed)))
        return 0

    def _item(self, path: str) -> ReportItem | None:
        return self._items.get(_name_below(REPORTS, path))

    def _attribute(self, path: str) -> tuple[ReportItem, str]:
        directory, _, name = path.rpartition("/")
        item = self._item(directory)
        if item is None or name not in self._attributes:
            raise _failure(errno.ENOENT)
        return item, name


def _answered(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except CallError as error:
        raise _failure(error.number) from None


def _failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _with_parents(*paths: str) -> dict[str, None]:
    places: dict[str, None] = {"/": None}
    for path in paths:
        parts = path.strip("/").split("/")
        places.update({"/" + "/".join(parts[:count]): None for count in range(1, len(parts) + 1)})
    return places


def _name_below(directory: str, path: str) -> str:
    """Give the name that `path` has directly in `directory`, or an empty one."""
    prefix = directory.rstrip("/") + "/"
    name = path.removeprefix(prefix)
    return name if path.startswith(prefix) and "/" not in name else ""
