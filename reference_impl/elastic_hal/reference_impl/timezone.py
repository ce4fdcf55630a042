"""The time zone that the host is configured with, and how instants are shown in it (CLK-2)."""

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .bindings.elastic_hal import timezone as wit
from .bindings.elastic_hal import types
from .bindings.wasi_clocks import wall_clock

_LOG = logging.getLogger(__name__)

_LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, where Python's calendar ends too."""
_NANOSECONDS: Final = 1_000_000_000
_CALENDAR_CYCLE: Final = 146_097 * 86_400
"""Seconds in 400 years, after which dates and days of the week come again."""
LOCALTIME: Final = Path("/etc/localtime")
TIMEZONE: Final = Path("/etc/timezone")
_MARKER: Final = "/zoneinfo/"


class TimezoneProvider:
    """The `timezone` interface. `zone` fixes an IANA name; without one the host's configuration is read, once."""

    def __init__(self, zone: str | None = None) -> None:
        self._name = configured_zone() if zone is None else zone
        self._zone = _load(self._name)

    @property
    def available(self) -> bool:
        """Whether there are data of the zone; without them every call is `unsupported`."""
        return self._zone is not None

    def zone_id(self) -> str:
        """Give the IANA name."""
        self._data()
        return self._name

    def display(self, when: wall_clock.Datetime) -> wit.TimezoneDisplay:
        """Tell how an instant is shown."""
        local = self._local(when)
        return wit.TimezoneDisplay(
            utc_offset=_offset_seconds(local),
            name=local.tzname() or self._name,
            in_daylight_saving_time=bool(local.dst()),
        )

    def utc_offset(self, when: wall_clock.Datetime) -> int:
        """Tell the offset of an instant."""
        return _offset_seconds(self._local(when))

    def _local(self, when: wall_clock.Datetime) -> datetime:
        if when.seconds > _LAST_SECOND:
            raise types.Error_InvalidArgument("when: is after the year 9999")
        if when.nanoseconds >= _NANOSECONDS:
            raise types.Error_InvalidArgument(f"when: has {when.nanoseconds} nanoseconds, {_NANOSECONDS} or more")
        zone = self._data()
        seconds = when.seconds
        # Local time may be in the year 10000 already; 400 years earlier the rules give the same answer.
        if seconds > _LAST_SECOND - 2 * 86_400:
            seconds -= _CALENDAR_CYCLE
        return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).astimezone(zone)

    def _data(self) -> ZoneInfo:
        if self._zone is None:
            raise types.Error_Unsupported(f"there are no time zone data of the host's zone {self._name!a}")
        return self._zone


def configured_zone() -> str:
    """Name the host's zone: `TZ`, else what /etc/localtime links to, else /etc/timezone, else UTC.

    Empty where the host is configured, but nothing says under which name.
    """
    variable = os.environ.get("TZ")
    if variable is not None:
        return _name_from_variable(variable)
    target = _name_from_path(os.path.realpath(LOCALTIME)) if LOCALTIME.is_symlink() else None
    if target is not None:
        return target
    try:
        written = TIMEZONE.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        written = ""
    return written if written or LOCALTIME.exists() else "UTC"


def _name_from_variable(value: str) -> str:
    """Read `TZ` as POSIX does: an optional colon, then a name or the path of a file; empty is UTC."""
    value = value.removeprefix(":")
    return (_name_from_path(value) or value) or "UTC"


def _name_from_path(path: str) -> str | None:
    _, marker, name = path.partition(_MARKER)
    return name.removeprefix("posix/") or None if marker else None


def _load(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _LOG.warning(
            "time zone %s is not in the IANA database of this host: timezone calls are unsupported", ascii(name)
        )
        return None


def _offset_seconds(local: datetime) -> int:
    offset = local.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
