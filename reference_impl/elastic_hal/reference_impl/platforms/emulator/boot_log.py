"""The log that firmware leaves of a boot, as an emulated TDX machine presents it in the ACPI table CCEL.

Its form is the crypto-agile one of the TCG PC Client Platform Firmware Profile, as the verifier reads it; register 1 of
the log is RTMR 0. The table is longer than the log, and the rest of it has only bits that are one.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FIRMWARE_BLOB, KERNEL, TAG = 0x8000_000A, 0x8000_0003, 0x6
"""Kinds of events: code of the firmware, an image that it starts, what a boot loader notes."""

_TABLE_BYTES: Final = 65_536
_SHA384: Final = 0x0C
_DIGEST_BYTES: Final = 48
_NO_ACTION: Final = 3
_HEAD: Final = struct.Struct("<II20sI")
_SPECIFICATION: Final = struct.Struct("<16sIBBBBIHHB")


@dataclass(frozen=True, slots=True)
class BootEvent:
    """One step of the boot: the register that it was measured into, its kind, and what was measured."""

    register: int
    kind: int
    content: bytes

    @property
    def digest(self) -> bytes:
        """The digest that the register was extended by."""
        return hashlib.sha384(self.content).digest()


def boot_events(image: bytes) -> tuple[BootEvent, ...]:
    """Give the steps of the boot of an image: its firmware, kernel and command line, made of its text."""
    return (
        BootEvent(0, FIRMWARE_BLOB, b"firmware of " + image),
        BootEvent(1, KERNEL, b"kernel of " + image),
        BootEvent(2, TAG, b"command line of " + image),
    )


def table(events: Sequence[BootEvent]) -> bytes:
    """Lay the log out as the table that the kernel shows."""
    specification = _SPECIFICATION.pack(b"Spec ID Event03\0", 0, 0, 2, 0, 2, 1, _SHA384, _DIGEST_BYTES, 0)
    log = _HEAD.pack(0, _NO_ACTION, bytes(20), len(specification)) + specification
    for event in events:
        log += struct.pack("<IIIH", event.register + 1, event.kind, 1, _SHA384) + event.digest
        log += struct.pack("<I", len(event.content)) + event.content
    return log.ljust(_TABLE_BYTES, b"\xff")


def registers(events: Sequence[BootEvent]) -> tuple[bytes, bytes, bytes, bytes]:
    """Give the registers' values after the boot; the last one is left to applications."""
    values = [bytes(_DIGEST_BYTES)] * 4
    for event in events:
        values[event.register] = hashlib.sha384(values[event.register] + event.digest).digest()
    first, second, third, fourth = values
    return first, second, third, fourth
