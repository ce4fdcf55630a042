"""The clock of the machine as platforms read it: where it is wrong, the platform fails, as it cannot date evidence."""

from datetime import datetime

from elastic_hal.common import clock
from elastic_hal.runtime.platform import PlatformError


def seconds() -> int:
    """Give the whole seconds since 1970. Raises `PlatformError`."""
    try:
        return clock.now_seconds()
    except clock.ClockError as error:
        raise PlatformError(f"evidence cannot be dated: {error}") from None


def moment() -> datetime:
    """Give the time. Raises `PlatformError`."""
    try:
        return clock.now()
    except clock.ClockError as error:
        raise PlatformError(f"certificates cannot be dated: {error}") from None
