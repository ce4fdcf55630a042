"""The clock of the machine, read where it can be right: from 1970 to 2554, as long as nanoseconds fit into 64 bits.

A clock that says something else, as after a battery failed, is an error with a name, not a negative number in a format
that has none.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from .errors import ENVIRONMENT, ElasticHalError

END_NS: Final = 1 << 64
"""The first moment after those that 64 bits hold: in July 2554."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS: Final = 1_000_000_000


class ClockError(ElasticHalError):
    """The clock of the machine is before 1970, or after July 2554."""

    exit_status = ENVIRONMENT

    def __init__(self) -> None:
        super().__init__(
            "the clock of this machine is before 1970 or after July 2554", "set it, and have a time service keep it"
        )


def now_ns() -> int:
    """Return the nanoseconds since 1970. Raises `ClockError`."""
    moment = time.time_ns()
    if not 0 <= moment < END_NS:
        raise ClockError
    return moment


def now_seconds() -> int:
    """Return the whole seconds since 1970. Raises `ClockError`."""
    return now_ns() // _NANOSECONDS


def now() -> datetime:
    """Return the time, in UTC. Raises `ClockError`."""
    return _EPOCH + timedelta(microseconds=now_ns() // 1000)
