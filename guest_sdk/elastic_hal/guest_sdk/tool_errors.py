"""What can go wrong on the host while a guest project is made or built: one line that says it, and a hint."""

from __future__ import annotations


class GuestToolError(Exception):
    """Base of the errors of the host-side tooling; `exit_code` is what a command should leave with."""

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ProjectError(GuestToolError):
    """The project, its name or its settings are not usable."""

    exit_code = 2


class BuildFailedError(GuestToolError):
    """The program could not be made into a component. `details` holds what the tool said, shortened."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "", details: str = ""):
        super().__init__(message, hint)
        self.details = details

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.details}" if self.details else super().__str__()


class ToolMissingError(GuestToolError):
    """Something that building needs is not installed."""

    exit_code = 3
