"""Intel TDX: guests whose memory the host cannot read, and whose machine signs quotes of their measurements."""

import os
from pathlib import Path
from typing import Final

from elastic_hal.runtime.platform import PlatformError

from ..errors import PlatformOptionError, PlatformUnavailableError
from ..kernel.places import Places, find_places
from .measuring import WorkloadRegister
from .platform import TdxPlatform

__all__ = ["TdxPlatform", "load"]

EVENT_LOG_VARIABLE: Final = "ELASTIC_HAL_TDX_EVENT_LOG"
_OPTIONS: Final = ("root", "event_log")


def load(options: dict[str, object]) -> TdxPlatform:
    """Make the platform ready.

    Options, each with a variable for where it is not given: `root` (a path, `ELASTIC_HAL_PLATFORM_ROOT`), and
    `event_log` (a path that does not outlive a restart of the machine, `ELASTIC_HAL_TDX_EVENT_LOG`).
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise PlatformOptionError(f"platform tdx has no option {unknown[0]!r}; it has {', '.join(_OPTIONS)}")
    places = find_places(options.get("root"))
    if not places.reports.is_dir():
        older = " (its kernel has /dev/tdx_guest, but quotes need Linux 6.7)" if places.tdx_guest.exists() else ""
        raise PlatformUnavailableError(
            f"this is no TDX guest that gives quotes{older}: {places.reports} is not there; "
            "`elastic-hal platform show` says what is missing"
        )
    register = WorkloadRegister(places.registers, _event_log(options.get("event_log"), places))
    try:
        return TdxPlatform(places, register)
    except PlatformError as error:
        raise PlatformUnavailableError(f"TDX cannot be used: {error}") from None


def _event_log(option: object, places: Places) -> Path:
    chosen = os.environ.get(EVENT_LOG_VARIABLE) or None if option is None else option
    if chosen is None:
        # An emulated machine has no directory of its own for it; its registers are told apart by its root.
        name = "tdx-event-log" if places.is_real else f"tdx-event-log-{places.root.as_posix().replace('/', '-')}"
        return Path(f"/run/user/{os.geteuid()}" if os.geteuid() else "/run") / "elastic-hal" / name
    if not isinstance(chosen, str | Path):
        raise PlatformOptionError("option event_log of platform tdx must be a path")
    return Path(chosen)
