"""The time: now, local time in the zone that the host is configured with, and stopwatches (CLK-1, CLK-2, CLK-3)."""

from __future__ import annotations

import datetime as _datetime
from datetime import datetime, timedelta

from . import preload as _preload  # noqa: F401
from .bindings.elastic_hal import timezone as _timezone
from .bindings.wasi_clocks import monotonic_clock as _monotonic_clock
from .bindings.wasi_clocks import wall_clock as _wall_clock

_EPOCH = datetime(1970, 1, 1, tzinfo=_datetime.UTC)
_NANOSECONDS = 1_000_000_000


def now() -> datetime:
    """The current time, aware, in UTC, to the microsecond."""
    read = _wall_clock.now()
    return _EPOCH + timedelta(seconds=read.seconds, microseconds=read.nanoseconds // 1000)


def now_nanoseconds() -> int:
    """The current time in nanoseconds since 1970-01-01T00:00:00Z."""
    read = _wall_clock.now()
    return read.seconds * _NANOSECONDS + read.nanoseconds


def zone() -> str:
    """Name of the host's time zone in the IANA database. Raises Unsupported where the host has no time zone data."""
    return _timezone.zone_id()


def local_now() -> datetime:
    """The current time, aware, in the host's time zone. Raises as `localize` does."""
    return localize(now())


def localize(when: datetime) -> datetime:
    """Shows an aware time in the host's time zone, with the offset and abbreviation in use then.

    Raises ValueError for a time without a zone or before 1970, Unsupported where the host has no time zone data.
    """
    if when.tzinfo is None:
        raise ValueError("a time without a zone can be any time; give it one, such as datetime.UTC")
    since = when - _EPOCH
    if since < timedelta(0):
        raise ValueError(f"{when.isoformat()} is before 1970, which the clock cannot express")
    seconds = since.days * 86_400 + since.seconds
    shown = _timezone.display(_wall_clock.Datetime(seconds=seconds, nanoseconds=since.microseconds * 1000))
    return when.astimezone(_datetime.timezone(timedelta(seconds=shown.utc_offset), shown.name))


class Stopwatch:
    """Measures elapsed time on the monotonic clock; started and stopped as often as wanted, the times add up.

    `with Stopwatch() as watch:` starts and stops it.
    """

    def __init__(self) -> None:
        self._collected = 0
        self._started: int | None = None
        self._was_started = False

    def start(self) -> None:
        """Starts, or goes on after a stop. Raises RuntimeError where it runs already."""
        if self._started is not None:
            raise RuntimeError("the stopwatch runs already")
        self._started = _monotonic_clock.now()
        self._was_started = True

    def stop(self) -> float:
        """Stops, and gives the seconds elapsed so far. Raises RuntimeError where it does not run."""
        if self._started is None:
            raise RuntimeError("the stopwatch does not run")
        self._collected += _monotonic_clock.now() - self._started
        self._started = None
        return self.elapsed

    def reset(self) -> None:
        """Goes back to zero, stopped, as if it had never been started."""
        self._collected, self._started, self._was_started = 0, None, False

    @property
    def running(self) -> bool:
        """Whether time is being measured."""
        return self._started is not None

    @property
    def nanoseconds(self) -> int:
        """Nanoseconds elapsed so far, readable while it runs. Raises RuntimeError before the first start."""
        if self._started is None and not self._was_started:
            raise RuntimeError("the stopwatch was not started yet: there is no time to read")
        return self._collected + (0 if self._started is None else _monotonic_clock.now() - self._started)

    @property
    def elapsed(self) -> float:
        """Seconds elapsed so far, readable while it runs. Raises RuntimeError before the first start."""
        return self.nanoseconds / _NANOSECONDS

    def __enter__(self) -> Stopwatch:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.running:
            self.stop()
