"""What can go wrong when code is generated and written."""

from __future__ import annotations

from pathlib import Path


class TargetError(Exception):
    """Base of the errors of the targets. The message says what is wrong and where; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class GenerationError(TargetError):
    """The contract uses a construct that a target cannot carry. `place` is where, in words of the contract."""

    def __init__(self, construct: str, place: str, hint: str) -> None:
        super().__init__(f"{construct} in {place} cannot be generated", hint)
        self.construct = construct
        self.place = place


class OutputError(TargetError):
    """The generated files cannot be written to the folder that was asked for."""

    def __init__(self, path: Path, reason: str, hint: str) -> None:
        super().__init__(f"{path}: {reason}", hint)
        self.path = path
