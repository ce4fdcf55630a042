"""What the file system asks of an emulated guest: reports for configfs-tsm, devices with ioctls, and register files.

Nothing here knows FUSE, so that an emulated guest can be asked directly too.
"""

from dataclasses import dataclass
from typing import Final, Protocol

REPORT_DATA_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report or quote, and what the host hands out beside it; None where that kind of guest has nothing."""

    report: bytes
    auxiliary: bytes | None = None


class CallerMemory(Protocol):
    """The memory of the process that makes an ioctl, for the pointers in its argument."""

    def read(self, address: int, length: int) -> bytes:
        """Copy from the caller. Raises `CallError` where there is no such memory."""
        ...

    def write(self, address: int, content: bytes) -> None:
        """Copy to the caller. Raises `CallError` where there is no such memory."""
        ...


class EmulatedGuest(Protocol):
    """One kind of confidential guest as its kernel shows it."""

    @property
    def provider(self) -> str:
        """The name that configfs-tsm gives the driver."""
        ...

    @property
    def launch_measurement(self) -> bytes:
        """SHA-384 of what was launched: what reports state of it."""
        ...

    @property
    def has_privilege_levels(self) -> bool:
        """True where reports are asked for by privilege level."""
        ...

    @property
    def device(self) -> str:
        """Name of the device under `dev`."""
        ...

    def sign(self, report_data: bytes, privilege: int) -> SignedReport:
        """Make a report over 64 bytes."""
        ...

    def call(self, command: int, argument: bytes, address: int, memory: CallerMemory) -> bytes:
        """Answer an ioctl of the device: give the argument as it is afterwards, or raise `CallError`.

        `address` is where the argument lies in the caller's memory.
        """
        ...

    def boot_log(self) -> bytes | None:
        """Give the data of the ACPI table with the log of the boot; None where there is none."""
        ...

    def registers(self) -> tuple[str, ...]:
        """Name the files of run-time measurement registers, under `measurements`."""
        ...

    def read_register(self, name: str) -> bytes:
        """Give the value of a register."""
        ...

    def extend_register(self, name: str, digest: bytes) -> None:
        """Extend a register, or raise `CallError`."""
        ...
