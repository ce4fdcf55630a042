"""A software platform for development: real keys, certificates and signatures that prove nothing about hardware.

`load` gives the platform; `root_certificate` gives the trust anchor of this machine to a verifier, without creating
one.
"""

from pathlib import Path

from ..errors import PlatformOptionError
from .authority import RootAuthority, root_certificate
from .platform import SimulatedPlatform
from .sealing import SealingRoot
from .state import StateError, default_directory

__all__ = [
    "RootAuthority",
    "SealingRoot",
    "SimulatedPlatform",
    "StateError",
    "default_directory",
    "load",
    "root_certificate",
]


def load(options: dict[str, object]) -> SimulatedPlatform:
    """Make the platform ready; option `state_directory` says where its root key and sealing secret live."""
    remaining = dict(options)
    directory = remaining.pop("state_directory", None)
    if remaining:
        raise PlatformOptionError(f"platform simulated has no option {min(remaining)!r}; it has state_directory")
    if directory is not None and not isinstance(directory, str | Path):
        raise PlatformOptionError("option state_directory of platform simulated must be a path")
    place = default_directory() if directory is None else Path(directory)
    return SimulatedPlatform(RootAuthority.open(place), SealingRoot.open(place))
