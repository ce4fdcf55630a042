"""The ioctls of `/dev/sev-guest`: derived keys, which have no other way, and reports where there is no configfs-tsm."""

import ctypes
import errno
import struct
from pathlib import Path
from typing import Final

from ..kernel.devices import CallFailedError, call_device
from ..kernel.errors import FirmwareRefusalError, KernelInterfaceError
from ..kernel.tsm_reports import TsmReport

GET_REPORT: Final = 0xC020_5300
GET_DERIVED_KEY: Final = 0xC020_5301
GET_EXTENDED_REPORT: Final = 0xC020_5302

_MESSAGE_VERSION: Final = 1
_REPORT_REQUEST: Final = struct.Struct("<64sI28x")
_EXTENDED_REQUEST: Final = struct.Struct("<64sI28xQI4x")
_KEY_REQUEST: Final = struct.Struct("<IIQIIQ")
_REPORT_RESPONSE_BYTES: Final = 4000
_REPORT_AT: Final = 32
_KEY_RESPONSE_BYTES: Final = 64
_KEY_BYTES: Final = 32
_PAGE_BYTES: Final = 4096
_FIRST_ROOM: Final = 4 * _PAGE_BYTES
_MOST_ROOM: Final = 64 * _PAGE_BYTES
_ROOM_AT: Final = 104


class _Call(ctypes.Structure):
    """`struct snp_guest_request_ioctl`: where question and answer lie, and what firmware and host say of it."""

    _fields_ = (
        ("version", ctypes.c_uint8),
        ("request", ctypes.c_uint64),
        ("response", ctypes.c_uint64),
        ("exit_information", ctypes.c_uint64),
    )


def request_report(device: Path, report_data: bytes, vmpl: int) -> TsmReport:
    """Ask for a report with the host's certificates, or without where the host has none to give.

    Raises `KernelInterfaceError` and `FirmwareRefusalError`.
    """
    room = _FIRST_ROOM
    for _ in range(2):
        table = ctypes.create_string_buffer(room)
        request = ctypes.create_string_buffer(
            _EXTENDED_REQUEST.pack(report_data, vmpl, ctypes.addressof(table), room), _EXTENDED_REQUEST.size
        )
        response = ctypes.create_string_buffer(_REPORT_RESPONSE_BYTES)
        try:
            _call(device, GET_EXTENDED_REPORT, request, response, "a report")
        except CallFailedError as error:
            needed = int.from_bytes(request.raw[_ROOM_AT : _ROOM_AT + 4], "little")
            if error.number == errno.EIO and room < needed <= _MOST_ROOM and needed % _PAGE_BYTES == 0:
                room = needed
                continue
            break
        return TsmReport(_report(response.raw), table.raw if any(table.raw) else None)
    return request_plain_report(device, report_data, vmpl)


def request_plain_report(device: Path, report_data: bytes, vmpl: int) -> TsmReport:
    """Ask for a report without certificates. Raises `KernelInterfaceError` and `FirmwareRefusalError`."""
    request = ctypes.create_string_buffer(_REPORT_REQUEST.pack(report_data, vmpl), _REPORT_REQUEST.size)
    response = ctypes.create_string_buffer(_REPORT_RESPONSE_BYTES)
    _call(device, GET_REPORT, request, response, "a report")
    return TsmReport(_report(response.raw), None)


def derive_key(device: Path, fields: int, vmpl: int, guest_svn: int, tcb: int) -> bytes:
    """Ask for the key that the processor derives from its own secret and the selected fields.

    Raises `FirmwareRefusalError` where the versions are newer than what runs, and `KernelInterfaceError`.
    """
    request = ctypes.create_string_buffer(_KEY_REQUEST.pack(0, 0, fields, vmpl, guest_svn, tcb), _KEY_REQUEST.size)
    response = ctypes.create_string_buffer(_KEY_RESPONSE_BYTES)
    try:
        _call(device, GET_DERIVED_KEY, request, response, "a derived key")
        return response.raw[_KEY_RESPONSE_BYTES - _KEY_BYTES :]
    finally:
        ctypes.memset(response, 0, _KEY_RESPONSE_BYTES)


def _call(
    device: Path,
    command: int,
    request: ctypes.Array[ctypes.c_char],
    response: ctypes.Array[ctypes.c_char],
    what: str,
) -> None:
    """Make one call and judge what firmware and host say of it."""
    call = _Call(_MESSAGE_VERSION, ctypes.addressof(request), ctypes.addressof(response), 0)
    try:
        call_device(device, command, call)
    except CallFailedError as error:
        # The low half is the firmware's word, the high half the host's.
        status = call.exit_information & 0xFFFF_FFFF
        if error.number == errno.EIO and status:
            raise FirmwareRefusalError(what, status) from None
        raise
    status = int.from_bytes(response.raw[:4], "little")
    if status:
        raise FirmwareRefusalError(what, status)


def _report(response: bytes) -> bytes:
    size = int.from_bytes(response[4:8], "little")
    if not 0 < size <= _REPORT_RESPONSE_BYTES - _REPORT_AT:
        raise KernelInterfaceError(f"the driver gave a report of {size} bytes")
    return response[_REPORT_AT : _REPORT_AT + size]
