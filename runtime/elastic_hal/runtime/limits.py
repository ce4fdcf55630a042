"""How much a workload may use, and how people write it: `256MiB`, `30s`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from elastic_hal.common import quantities
from elastic_hal.common.quantities import MAX_SIZE, format_size
from elastic_hal.common.text import counted, shown
from elastic_hal.runtime.control import WHOLE_CORE
from elastic_hal.runtime.errors import LimitError

_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_PAGE = 65536
MAX_HANDLES = 2**24


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one workload.

    `memory_bytes` bounds what the guest holds in memories, tables and instances together (see `store_limits.py`),
    `deadline_seconds` its run time on the wall clock (None: no bound), `handles` the host objects that it may hold at
    once, `cpu_thousandths` its share of one CPU core, `output_bytes` what it may write to standard output and standard
    error together (None: no bound).
    """

    memory_bytes: int = 256 * 1024**2
    deadline_seconds: float | None = None
    handles: int = 10_000
    cpu_thousandths: int = WHOLE_CORE
    output_bytes: int | None = 1024**3

    def __post_init__(self) -> None:
        if self.memory_bytes < _PAGE:
            raise LimitError(f"memory of {self.memory_bytes} bytes is less than one page of 64 KiB")
        if self.memory_bytes > MAX_SIZE:
            raise LimitError(f"memory of {self.memory_bytes} bytes is more than {format_size(MAX_SIZE)}")
        if self.deadline_seconds is not None and not 0 < self.deadline_seconds < 10**9:
            raise LimitError(f"a deadline of {self.deadline_seconds} seconds is not a positive duration")
        if self.handles < 1:
            raise LimitError(f"{counted(self.handles, 'handle')} are too few: a workload needs at least one")
        if self.handles > MAX_HANDLES:
            raise LimitError(f"{counted(self.handles, 'handle')} are too many: a workload may have {MAX_HANDLES}")
        if not 1 <= self.cpu_thousandths <= WHOLE_CORE:
            raise LimitError(f"{self.cpu_thousandths} thousandths of a CPU core are not 1 to {WHOLE_CORE}")
        if self.output_bytes is not None and self.output_bytes < 0:
            raise LimitError(f"output of {self.output_bytes} bytes is negative")


def parse_size(text: str) -> int:
    """Reads a size such as `256MiB` and gives bytes.

    Raises:
        LimitError: it is no whole number of B, KiB, MiB or GiB, or more than any machine has.
    """
    try:
        return quantities.parse_size(text)
    except quantities.QuantityError as error:
        raise LimitError(str(error), error.hint) from None


def parse_duration(text: str) -> float:
    """Reads a duration such as `30s` and gives seconds.

    Raises:
        LimitError: it is no number of ms, s, min or h.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|s|min|h)", text, re.ASCII)
    if match is None:
        raise LimitError(f"'{shown(text)}' is not a duration", "write a number and ms, s, min or h, such as 30s")
    return float(match[1]) * _DURATION_UNITS[match[2]]


def parse_share(value: object) -> int:
    """Reads a share of a CPU core, such as 0.5, and gives thousandths.

    Raises:
        LimitError: it is no number from 0.001 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.001 <= value <= 1:
        raise LimitError(
            f"{shown(repr(value))} is not a share of a CPU core", "write a number from 0.001 to 1, such as 0.5"
        )
    return round(value * WHOLE_CORE)
