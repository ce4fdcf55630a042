"""The root of the errors that are answers to a user."""

from __future__ import annotations

from typing import ClassVar

BAD = 1
USAGE = 2
ENVIRONMENT = 3


class ElasticHalError(Exception):
    """An answer to the user: what is wrong and where, and in `hint` what to do about it.

    `exit_status` is what a command ends with: `BAD` (the checked thing is bad), `USAGE` or `ENVIRONMENT` (something
    that the command needs is not on this machine).
    """

    exit_status: ClassVar[int] = BAD

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
