"""The report that the TDX module gives to the guest itself (TDREPORT), and the same fields in a quote's body."""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..kernel.devices import call_device
from ..kernel.errors import KernelInterfaceError

GET_REPORT0: Final = 0xC440_5401

_REPORT_DATA_BYTES: Final = 64
_LOCAL_BYTES: Final = 1024
_DEBUG: Final = 1
_LOCAL: Final = (128, 512, 528, 864)
"""Where a TDREPORT has report data, attributes, MRTD and the last register."""
_BODIES: Final = {4: 48, 5: 54}
"""Where a quote's body begins, by version."""
_IN_BODY: Final = (520, 120, 136, 472)
_SMALLEST_BODY: Final = 584


@dataclass(frozen=True, slots=True)
class OwnTdReport:
    """What a guest reads about itself."""

    report_data: bytes
    attributes: bytes
    mrtd: bytes
    workload_register: bytes

    @property
    def debug(self) -> bool:
        """True where the host may look into the guest."""
        return bool(self.attributes[0] & _DEBUG)


def local_report(device: Path, report_data: bytes) -> OwnTdReport:
    """Ask the TDX module. Raises `KernelInterfaceError`."""
    argument = ctypes.create_string_buffer(report_data, _REPORT_DATA_BYTES + _LOCAL_BYTES)
    call_device(device, GET_REPORT0, argument)
    report = _read(argument.raw[_REPORT_DATA_BYTES:], _LOCAL)
    if report.report_data != report_data:
        raise KernelInterfaceError(f"{device}: gave a report over other data than it was asked for")
    return report


def read_quote(quote: bytes) -> OwnTdReport:
    """Read the fields of a quote. Raises `KernelInterfaceError`."""
    body = _BODIES.get(int.from_bytes(quote[:2], "little"))
    if body is None or len(quote) < body + _SMALLEST_BODY:
        raise KernelInterfaceError("the driver gave something that is no TDX quote of version 4 or 5")
    return _read(quote[body:], _IN_BODY)


def _read(content: bytes, places: tuple[int, int, int, int]) -> OwnTdReport:
    data, attributes, mrtd, register = places
    return OwnTdReport(
        content[data : data + _REPORT_DATA_BYTES],
        content[attributes : attributes + 8],
        content[mrtd : mrtd + 48],
        content[register : register + 48],
    )
