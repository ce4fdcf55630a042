"""What a kernel interface answers when it does not give what was asked for."""

from elastic_hal.runtime.platform import PlatformError


class KernelInterfaceError(PlatformError):
    """A kernel interface fails. The text says which, and what to do."""


class FirmwareRefusalError(PlatformError):
    """The firmware of the processor will not do what it was asked, and says so with a status."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"the firmware refuses {what} with status {status:#x}")
        self.status = status
