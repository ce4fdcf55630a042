"""An emulated TDX guest: quotes signed by a test hierarchy, the ioctl of `/dev/tdx_guest`, and the four registers."""

import dataclasses
import errno
import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from .boot_log import BootEvent, table
from .errors import CallError
from .guest import REPORT_DATA_BYTES, CallerMemory, SignedReport
from .intel_quote import QuoteSigner, TdReport

GET_REPORT0: Final = 0xC440_5401

IMAGE: Final = b"elastic-hal emulated TDX guest, image 1"
"""What stands for the guest's image: its SHA-384 is MRTD."""

_DIGEST_BYTES: Final = 48
_REGISTERS: Final = 4
_TDREPORT_BYTES: Final = 1024
_TEE_TYPE_TDX: Final = 0x81
_INFO_AT: Final = 512


@dataclass(slots=True)
class EmulatedTdxGuest:
    """A guest on an emulated machine. Its registers are what `report` and `boot` say when it starts."""

    signer: QuoteSigner
    report: TdReport = field(default_factory=lambda: TdReport(mrtd=hashlib.sha384(IMAGE).digest()))
    version: int = 4
    padding: int = 0
    boot: tuple[BootEvent, ...] = ()

    provider = "tdx_guest"
    device = "tdx_guest"
    has_privilege_levels = False

    @property
    def launch_measurement(self) -> bytes:
        """Give MRTD."""
        return self.report.mrtd

    def sign(self, report_data: bytes, privilege: int) -> SignedReport:
        """Make a quote; TDX has no privilege levels."""
        report = dataclasses.replace(self.report, report_data=report_data)
        return SignedReport(self.signer.quote(report, self.version, padding=self.padding))

    def call(self, command: int, argument: bytes, address: int, memory: CallerMemory) -> bytes:
        """Answer the one ioctl of the device."""
        if command != GET_REPORT0:
            raise CallError(errno.ENOTTY)
        report_data = argument[:REPORT_DATA_BYTES]
        return report_data + self._local_report(report_data)

    def boot_log(self) -> bytes:
        """Give the log of the boot."""
        return table(self.boot)

    def registers(self) -> tuple[str, ...]:
        """Name the registers as the kernel does."""
        return tuple(f"rtmr{number}:sha384" for number in range(_REGISTERS))

    def read_register(self, name: str) -> bytes:
        """Give the value of a register."""
        return self.report.rtmrs[self.registers().index(name)]

    def extend_register(self, name: str, digest: bytes) -> None:
        """Extend a register. The kernel takes exactly one digest."""
        if len(digest) != _DIGEST_BYTES:
            raise CallError(errno.EINVAL)
        chosen = self.registers().index(name)
        if chosen < 2:  # the first two belong to the firmware
            raise CallError(errno.EACCES)
        first, second, third, fourth = (
            hashlib.sha384(value + digest).digest() if number == chosen else value
            for number, value in enumerate(self.report.rtmrs)
        )
        self.report = dataclasses.replace(self.report, rtmrs=(first, second, third, fourth))

    def _local_report(self, report_data: bytes) -> bytes:
        """Lay a TDREPORT out: what a quote says, for software on the same machine."""
        report = self.report
        tdreport = bytearray(_TDREPORT_BYTES)
        struct.pack_into("<B", tdreport, 0, _TEE_TYPE_TDX)
        tdreport[128 : 128 + REPORT_DATA_BYTES] = report_data
        information = b"".join(
            (
                report.td_attributes,
                report.xfam,
                report.mrtd,
                report.mr_config_id,
                report.mr_owner,
                report.mr_owner_config,
                *report.rtmrs,
            )
        )
        tdreport[_INFO_AT : _INFO_AT + len(information)] = information
        return bytes(tdreport)
