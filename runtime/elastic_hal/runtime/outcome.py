"""How a workload ended, in words that a person can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Reason = Literal["exited", "trapped", "deadline", "memory", "host-error", "stopped"]

_FRAME = re.compile(r"^\s*\d+:\s+0x[0-9a-f]+ - (.*)$", re.MULTILINE)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(: .*)?")
_FRAMES_SHOWN = 5
_LAST_LINES = 20
_OUT_OF_MEMORY = re.compile(
    r"MemoryError|memory allocation of \d+ bytes failed|out of memory|exceeds? memory limits?|cannot allocate memory",
    re.IGNORECASE,
)


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
    """Makes one or two lines of wasmtime's report of a trap.

    A guest in Python that raised is told by its exception, any other by the cause and its innermost functions.
    """
    raised = python_exception(standard_error)
    if raised:
        return raised
    _, _, causes = text.partition("Caused by:")
    lines = [line.strip().lstrip("0123456789: ") for line in (causes or text).splitlines() if line.strip()]
    cause = lines[-1] if lines else "unknown cause"
    if "unreachable" in cause and not standard_error:
        cause += " (many guests abort like this, also when they are refused more memory)"
    frames = [_function_name(frame) for frame in _FRAME.findall(text)][:_FRAMES_SHOWN]
    return f"{cause}\n  in {' ← '.join(frames)}" if frames else cause


def python_exception(standard_error: str) -> str:
    """The line of the last traceback that names the exception; empty where there is no traceback."""
    _, traceback, rest = standard_error.rpartition("Traceback (most recent call last):\n")
    if not traceback:
        return ""
    return next((line for line in rest.splitlines() if _EXCEPTION.fullmatch(line)), "")


def ran_out_of_memory(trap: str, standard_error: str) -> bool:
    """Whether a guest that failed says that it had too little memory.

    A guest learns that `memory.grow` is refused and decides itself what to do, mostly by aborting; what it says last
    is all that can be known.
    """
    last_words = "\n".join(standard_error.rstrip().splitlines()[-_LAST_LINES:])
    return bool(_OUT_OF_MEMORY.search(trap) or _OUT_OF_MEMORY.search(last_words))


def _function_name(frame: str) -> str:
    name = frame.rpartition("!")[2].strip()
    return name or "an unnamed function"
