"""A software platform for development: real keys, certificates and signatures that prove nothing about hardware.

`load` gives the platform; `root_certificate` gives the trust anchor of this machine to a verifier, without creating
one.
"""

from pathlib import Path

from elastic_hal.runtime.platform import Platform

from ..errors import PlatformOptionError
from .authority import RootAuthority, root_certificate
from .platform import SimulatedPlatform
from .sealing import SealingRoot
from .state import NoStateError, StateError, default_directory
from .without_state import PlatformWithoutState

__all__ = [
    "RootAuthority",
    "SealingRoot",
    "SimulatedPlatform",
    "StateError",
    "default_directory",
    "load",
    "root_certificate",
]


def load(options: dict[str, object]) -> Platform:
    """Make the platform ready.

    Option `state_directory` says where its root key and sealing secret live, `imitate` whose form its evidence has:
    `sev-snp` or `tdx`, whose keys then lie beside that directory, as those of the emulator do. Where no state can be
    kept, the platform serves what needs none.
    """
    remaining = dict(options)
    imitated = remaining.pop("imitate", None)
    directory = remaining.pop("state_directory", None)
    if remaining:
        raise PlatformOptionError(
            f"platform simulated has no option {min(remaining)!r}; it has state_directory, imitate"
        )
    if directory is not None and not isinstance(directory, str | Path):
        raise PlatformOptionError("option state_directory of platform simulated must be a path")
    try:
        place = default_directory() if directory is None else Path(directory)
        simulated = SimulatedPlatform(RootAuthority.open(place), SealingRoot.open(place))
    except NoStateError as error:
        if imitated is not None:
            raise
        return PlatformWithoutState(error)
    if imitated is None:
        return simulated
    from .imitation import imitate  # brings the emulator's parts along, which few need

    return imitate(simulated, imitated, place.parent)
