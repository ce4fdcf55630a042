"""The few fields of a report that a guest needs of its own: what lies at the same place in every version.

The strict reading of reports is the verifier's. A guest must run on processors whose reports are newer than this code.
"""

from dataclasses import dataclass
from typing import Final

from ..kernel.errors import KernelInterfaceError

REPORT_BYTES: Final = 0x4A0
_DEBUG: Final = 1 << 19


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What a guest reads of its report. TCB versions are raw, as the firmware wants them back."""

    guest_svn: int
    policy: int
    report_data: bytes
    measurement: bytes
    reported_tcb: bytes
    committed_tcb: int
    chip_id: bytes
    cpuid: tuple[int, int]

    @property
    def debug(self) -> bool:
        """True where the host may read and change the guest's memory."""
        return bool(self.policy & _DEBUG)


def read_own_report(report: bytes) -> OwnReport:
    """Read the fields, or raise `KernelInterfaceError` where that is no report."""
    if len(report) != REPORT_BYTES:
        raise KernelInterfaceError(f"the driver gave a report of {len(report)} bytes, not {REPORT_BYTES}")
    return OwnReport(
        guest_svn=int.from_bytes(report[0x04:0x08], "little"),
        policy=int.from_bytes(report[0x08:0x10], "little"),
        report_data=report[0x50:0x90],
        measurement=report[0x90:0xC0],
        reported_tcb=report[0x180:0x188],
        committed_tcb=int.from_bytes(report[0x1E0:0x1E8], "little"),
        chip_id=report[0x1A0:0x1E0],
        cpuid=(report[0x188], report[0x189]),
    )
