"""Reports through configfs-tsm, the interface that Linux has for every kind of confidential guest from version 6.7 on.

A directory is made for each report and removed after it. The kernel counts writes to it: where the count is not the
one that our own writes make, somebody else wrote in between, and the report is asked for again.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from .errors import KernelInterfaceError

REPORT_DATA_BYTES: Final = 64

_ATTEMPTS: Final = 8
_MOST_BYTES: Final = 1024 * 1024
_PIECE: Final = 65_536
_PASSING: Final = (errno.EBUSY, errno.EAGAIN, errno.EINTR)
_HINTS: Final = {
    errno.ENOENT: "the kernel must be 6.7 or newer, with configfs mounted at /sys/kernel/config",
    errno.ENXIO: "no driver provides reports; load the module sev-guest or tdx-guest",
    errno.EACCES: "run as root, or let the service's user write there",
    errno.EPERM: "run as root, or let the service's user write there",
}


@dataclass(frozen=True, slots=True)
class TsmReport:
    """A report or quote, and the certificates that the host hands out beside it; None where it hands out none."""

    report: bytes
    auxiliary: bytes | None


Result = TypeVar("Result")


class _InterferedError(Exception):
    """Somebody else wrote to the report's directory."""


def request_report(directory: Path, provider: str, report_data: bytes, privilege: int | None = None) -> TsmReport:
    """Ask for a report over exactly 64 bytes.

    `provider` is the driver that must answer; `privilege` is the level that the report speaks for, on drivers that have
    levels. Raises `KernelInterfaceError`.
    """
    if len(report_data) != REPORT_DATA_BYTES:
        raise ValueError(f"report data has {REPORT_DATA_BYTES} bytes, not {len(report_data)}")
    for _ in range(_ATTEMPTS):
        item = directory / f"elastic-hal-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with _told(item):
                item.mkdir(mode=0o700)
            try:
                return _request(item, provider, report_data, privilege)
            finally:
                with contextlib.suppress(OSError):
                    item.rmdir()
        except _InterferedError:
            continue
    raise KernelInterfaceError(f"{directory}: others wrote to the report's directory {_ATTEMPTS} times in a row")


def provider_name(directory: Path) -> str:
    """Ask which driver provides reports. Raises `KernelInterfaceError`."""
    item = directory / f"elastic-hal-{os.getpid()}-{secrets.token_hex(8)}"
    with _told(item):
        item.mkdir(mode=0o700)
    try:
        return _read_text(item / "provider")
    finally:
        with contextlib.suppress(OSError):
            item.rmdir()


def _request(item: Path, provider: str, report_data: bytes, privilege: int | None) -> TsmReport:
    found = _read_text(item / "provider")
    if found != provider:
        raise KernelInterfaceError(f"{item.parent}: reports come from {found!r} here, not from {provider}")
    expected = _generation(item)
    if privilege is not None:
        _write(item / "privlevel", b"%d" % privilege)
        expected += 1
    _write(item / "inblob", report_data)
    expected += 1
    _check_generation(item, expected)
    report = _read(item / "outblob")
    auxiliary = _read(item / "auxblob") if (item / "auxblob").exists() else b""
    _check_generation(item, expected)
    if not report:
        raise KernelInterfaceError(f"{item.parent}: the driver {provider} gave an empty report")
    return TsmReport(report, auxiliary if any(auxiliary) else None)


def _check_generation(item: Path, expected: int) -> None:
    if _generation(item) != expected:
        raise _InterferedError


def _generation(item: Path) -> int:
    text = _read_text(item / "generation")
    if not text.isdigit() or len(text) > 20:
        raise KernelInterfaceError(f"{item.parent}: the generation of a report is {text[:32]!r}, which is no number")
    return int(text)


def _read_text(path: Path) -> str:
    content = _read(path)
    try:
        return content.decode("ascii").strip()[:64]
    except UnicodeDecodeError:
        raise KernelInterfaceError(f"{path}: is not text") from None


def _read(path: Path) -> bytes:
    """Read to the end in pieces: such files state no size."""

    def read() -> bytes:
        content = b""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while piece := os.read(descriptor, _PIECE):
                content += piece
                if len(content) > _MOST_BYTES:
                    raise KernelInterfaceError(f"{path}: has more than {_MOST_BYTES} bytes")
        finally:
            os.close(descriptor)
        return content

    return _retried(path, read)


def _write(path: Path, content: bytes) -> None:
    """Write in one piece: the kernel takes the content as a whole, at the latest when the file is closed."""

    def write() -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            written = os.write(descriptor, content)
        finally:
            os.close(descriptor)
        if written != len(content):
            raise KernelInterfaceError(f"{path}: took {written} of {len(content)} bytes")

    _retried(path, write)


def _retried(path: Path, act: Callable[[], Result]) -> Result:
    try:
        return act()
    except OSError as error:
        if error.errno in _PASSING:
            raise _InterferedError from None
        raise _failure(path, error) from None


@contextlib.contextmanager
def _told(item: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _failure(item.parent, error) from None


def _failure(path: Path, error: OSError) -> KernelInterfaceError:
    hint = _HINTS.get(error.errno or 0)
    text = f"{path}: {error.strerror or error}"
    return KernelInterfaceError(f"{text}; {hint}" if hint else text)
