"""The log of what firmware and boot loader measured into the first three registers: the data of the ACPI table CCEL.

It is handed on as the firmware left it, with the unused rest of the table. What it explains is for the verifier to find
out; here it only has to be of a size that a log can have.
"""

from pathlib import Path
from typing import Final

from elastic_hal.reference_impl.verify.tdx.event_log import MAX_LOG_BYTES

from ..kernel.errors import KernelInterfaceError

_UNUSED: Final = b"\xff\0"


def read_boot_log(path: Path) -> bytes:
    """Give the table. Raises `KernelInterfaceError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LOG_BYTES + 1)
    except OSError as error:
        hint = "; run as root to read it" if isinstance(error, PermissionError) else ""
        raise KernelInterfaceError(f"{path}: cannot read the boot log: {error.strerror}{hint}") from None
    if len(content) > MAX_LOG_BYTES:
        raise KernelInterfaceError(f"{path}: has more than {MAX_LOG_BYTES} bytes, which no boot log has")
    if not content.strip(_UNUSED):
        raise KernelInterfaceError(f"{path}: is empty; the firmware left no log")
    return content
