"""Why a platform cannot be emulated here."""

from ..errors import PlatformUnavailableError


class EmulatorUnavailableError(PlatformUnavailableError):
    """This machine lacks what the emulator needs: FUSE, or the package that speaks with it."""


class CallError(Exception):
    """A call into the emulated kernel fails with an error number, as the kernel's own would."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
