"""How a workload ended, in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from elastic_hal.runtime.abi import traps
from elastic_hal.runtime.abi.traps import python_exception, python_failure, ran_out_of_memory

__all__ = ["Outcome", "Reason", "describe_trap", "python_exception", "python_failure", "ran_out_of_memory"]

Reason = Literal[
    "exited", "trapped", "deadline", "memory", "host-error", "stopped", "output", "descriptors", "unloadable", "unread"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a workload.

    `exit_code` is the guest's where it `exited` and 1 otherwise. `message` is empty where the guest exited with 0.
    `standard_error` is the end of what the guest wrote to standard error, where a guest in Python leaves its
    traceback.
    """

    reason: Reason
    exit_code: int
    message: str
    seconds: float
    standard_error: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the guest exited with 0."""
        return self.reason == "exited" and self.exit_code == 0


def describe_trap(text: str, standard_error: str = "") -> str:
    """Makes one or two lines of wasmtime's report of a trap (see `abi/traps.py`)."""
    return traps.describe_trap(traps.read_report(text), standard_error)
