"""The platforms that the runtime can stand on, by name. Each is a package behind the `Platform` of the runtime.

PlatformLoadError
├── UnknownPlatformError      no platform of that name
├── PlatformOptionError       the platform has no such option
└── PlatformUnavailableError  known, but not usable on this machine
"""

from collections.abc import Callable
from typing import Final

from elastic_hal.runtime.platform import Platform

from . import simulated
from .errors import PlatformLoadError, PlatformOptionError, PlatformUnavailableError, UnknownPlatformError

__all__ = [
    "PlatformLoadError",
    "PlatformOptionError",
    "PlatformUnavailableError",
    "UnknownPlatformError",
    "load",
    "names",
]

_LOADERS: Final[dict[str, Callable[[dict[str, object]], Platform]]] = {"simulated": simulated.load}


def names() -> tuple[str, ...]:
    """Name the platforms that `load` knows."""
    return tuple(_LOADERS)


def load(name: str, **options: object) -> Platform:
    """Make the platform of that name ready, or raise a `PlatformLoadError` that says what is missing.

    Options are the platform's own; `simulated` takes `state_directory` (a path).
    """
    loader = _LOADERS.get(name)
    if loader is None:
        raise UnknownPlatformError(f"unknown platform {name!r}; this version serves {', '.join(_LOADERS)}")
    return loader(options)
