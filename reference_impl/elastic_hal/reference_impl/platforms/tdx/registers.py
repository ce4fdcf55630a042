"""Run-time measurement registers, which Linux shows as files from version 6.16 on: writing a digest extends one."""

import errno
import os
from pathlib import Path
from typing import Final

from ..kernel.errors import KernelInterfaceError

DIGEST_BYTES: Final = 48


def register_path(directory: Path, register: int) -> Path:
    """Give the file of a register."""
    return directory / f"rtmr{register}:sha384"


def read_register(directory: Path, register: int) -> bytes:
    """Give the value of a register. Raises `KernelInterfaceError`."""
    path = register_path(directory, register)
    try:
        with open(path, "rb", buffering=0) as file:
            value = file.read(DIGEST_BYTES + 1) or b""
    except OSError as error:
        raise KernelInterfaceError(f"{path}: {error.strerror}") from None
    if len(value) != DIGEST_BYTES:
        raise KernelInterfaceError(f"{path}: has {len(value)} bytes, not {DIGEST_BYTES}")
    return value


def extend_register(directory: Path, register: int, digest: bytes) -> None:
    """Extend a register. Raises `KernelInterfaceError`."""
    path = register_path(directory, register)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            written = os.write(descriptor, digest)
        finally:
            os.close(descriptor)
    except OSError as error:
        hint = "; run as root to extend it" if error.errno in (errno.EACCES, errno.EPERM) else ""
        raise KernelInterfaceError(f"{path}: {error.strerror}{hint}") from None
    if written != DIGEST_BYTES:
        raise KernelInterfaceError(f"{path}: took {written} of {DIGEST_BYTES} bytes")


def can_extend(directory: Path, register: int) -> bool:
    """Tell whether the register is there and may be extended."""
    return os.access(register_path(directory, register), os.R_OK | os.W_OK)
