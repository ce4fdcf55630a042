"""Serving the file system of an emulated guest until it is told to end. Needs libfuse 3 and the package `mfusepy`."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import PlatformOptionError
from .errors import EmulatorUnavailableError
from .guest import EmulatedGuest

_FUSE_DEVICE: Final = Path("/dev/fuse")
_LOOP_ENDED: Final = 8
"""Libfuse's word for a loop that ended otherwise than by unmounting."""
_FILE_SYSTEM_NAME: Final = "elastic-hal-emulated-platform"


def serve(guest: EmulatedGuest, mount_point: Path, on_ready: Callable[[], None]) -> None:
    """Serve the guest's kernel interfaces at `mount_point` until SIGINT or SIGTERM, then unmount.

    Must run in the main thread. `on_ready` is called once the file system answers. Raises `EmulatorUnavailableError`
    where FUSE cannot be used, and `PlatformOptionError` where that is no place for a mount.
    """
    check_available()
    if not mount_point.is_dir():
        raise PlatformOptionError(f"{mount_point}: is no directory to mount on; make an empty one")
    if any(mount_point.iterdir()):
        raise PlatformOptionError(f"{mount_point}: is not empty; choose a directory with nothing in it")
    import mfusepy  # type: ignore[import-untyped] # the package has no types

    from .filesystem import GuestFileSystem

    # The library takes over only signals that nobody handles, and unmounts when one of them comes.
    previous = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        mfusepy.FUSE(
            GuestFileSystem(guest, on_ready),
            os.fspath(mount_point.resolve()),
            foreground=True,
            nothreads=True,
            fsname=_FILE_SYSTEM_NAME,
        )
    except RuntimeError as error:
        # Libfuse calls it a failure of its loop when a signal ends it, which is how this is meant to end.
        if error.args == (_LOOP_ENDED,):
            return
        raise EmulatorUnavailableError(
            f"{mount_point}: the file system cannot be mounted (FUSE says {error}); "
            "a container needs the device /dev/fuse and the capability SYS_ADMIN"
        ) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def check_available() -> None:
    """Raise `EmulatorUnavailableError` with what is missing, where the emulator cannot run here."""
    try:
        import mfusepy  # noqa: F401 - importing it loads the library
    except ModuleNotFoundError:
        raise EmulatorUnavailableError(
            "the emulator needs the package mfusepy; install it with: pip install 'elastic-hal[emulator]'"
        ) from None
    except (OSError, AttributeError):
        raise EmulatorUnavailableError(
            "the emulator needs libfuse 3; on Debian install it with: apt install fuse3"
        ) from None
    if not os.access(_FUSE_DEVICE, os.R_OK | os.W_OK):
        raise EmulatorUnavailableError(
            f"{_FUSE_DEVICE} is missing or may not be opened: load the module fuse, or give the container the device"
        )
