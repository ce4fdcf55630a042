"""The platforms that the runtime can stand on, by name. Each is a package behind the `Platform` of the runtime.

PlatformLoadError
├── UnknownPlatformError      no platform of that name
├── PlatformOptionError       the platform has no such option
└── PlatformUnavailableError  known, but not usable on this machine
"""

import importlib
from collections.abc import Callable
from typing import Final

from elastic_hal.runtime.platform import Platform

from .errors import PlatformLoadError, PlatformOptionError, PlatformUnavailableError, UnknownPlatformError

__all__ = [
    "PlatformLoadError",
    "PlatformOptionError",
    "PlatformUnavailableError",
    "UnknownPlatformError",
    "load",
    "names",
]

_PACKAGES: Final = {"simulated": "simulated", "sev-snp": "sev_snp", "tdx": "tdx"}
"""Name of the package of each platform. Only the one that is chosen is imported."""


def names() -> tuple[str, ...]:
    """Name the platforms that `load` knows."""
    return tuple(_PACKAGES)


def load(name: str, **options: object) -> Platform:
    """Make the platform of that name ready, or raise a `PlatformLoadError` that says what is missing.

    Options are the platform's own; `simulated` takes `state_directory` (a path), the others `root`. The simulated one
    gives evidence in the form of another as `simulated:sev-snp` or `simulated:tdx`.
    """
    name, colon, imitated = name.partition(":")
    if colon:
        options = {**options, "imitate": imitated}
    package = _PACKAGES.get(name)
    if package is None:
        raise UnknownPlatformError(f"unknown platform {name!r}; this version serves {', '.join(_PACKAGES)}")
    loader: Callable[[dict[str, object]], Platform] = importlib.import_module(f"{__name__}.{package}").load
    return loader(options)
