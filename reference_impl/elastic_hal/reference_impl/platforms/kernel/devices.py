"""Calls (ioctl) of the devices of confidential guests, with errors for people."""

import ctypes
import errno
import fcntl
import os
from pathlib import Path
from typing import Final

from .errors import KernelInterfaceError

_HINTS: Final = {
    errno.ENOENT: "the guest's driver is not loaded; try: modprobe sev-guest, or modprobe tdx-guest",
    errno.ENXIO: "the guest's driver is not loaded; try: modprobe sev-guest, or modprobe tdx-guest",
    errno.EACCES: "run as root, or let the service's user open the device",
    errno.EPERM: "run as root, or let the service's user open the device",
    errno.ENOTTY: "the driver does not know this call; a newer kernel may",
}


class CallFailedError(KernelInterfaceError):
    """The driver answers a call with an error number."""

    def __init__(self, path: Path, number: int) -> None:
        hint = _HINTS.get(number)
        text = f"{path}: {os.strerror(number)}"
        super().__init__(f"{text}; {hint}" if hint else text)
        self.number = number


def call_device(path: Path, command: int, argument: ctypes.Structure | ctypes.Array[ctypes.c_char]) -> None:
    """Make one call. `argument` is changed in place, also by a call that fails. Raises `CallFailedError`."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise CallFailedError(path, error.errno or errno.EIO) from None
    try:
        fcntl.ioctl(descriptor, command, argument, True)
    except OSError as error:
        raise CallFailedError(path, error.errno or errno.EIO) from None
    finally:
        os.close(descriptor)


def is_usable(path: Path) -> bool:
    """Tell whether the device is there and may be opened."""
    return os.access(path, os.R_OK | os.W_OK)
