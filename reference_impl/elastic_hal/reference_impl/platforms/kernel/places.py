"""Where the kernel's interfaces are: the usual paths, below a root that tests and emulators choose."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import PlatformOptionError

ROOT_VARIABLE: Final = "ELASTIC_HAL_PLATFORM_ROOT"


@dataclass(frozen=True, slots=True)
class Places:
    """The paths below one root."""

    root: Path

    @property
    def reports(self) -> Path:
        """The directory of configfs-tsm."""
        return self.root / "sys/kernel/config/tsm/report"

    @property
    def sev_guest(self) -> Path:
        """The device of SEV-SNP guests."""
        return self.root / "dev/sev-guest"

    @property
    def tdx_guest(self) -> Path:
        """The device of TDX guests."""
        return self.root / "dev/tdx_guest"

    @property
    def registers(self) -> Path:
        """The directory of TDX's run-time measurement registers."""
        return self.root / "sys/devices/virtual/misc/tdx_guest/measurements"

    @property
    def boot_log(self) -> Path:
        """The data of the ACPI table with the log of a TDX guest's boot."""
        return self.root / "sys/firmware/acpi/tables/data/CCEL"

    @property
    def is_real(self) -> bool:
        """True where these are the interfaces of this machine's own kernel."""
        return self.root == Path("/")


def find_places(root: object = None) -> Places:
    """Give the places below `root`, a path; None means `$ELASTIC_HAL_PLATFORM_ROOT`, and `/` where that is not set."""
    chosen = os.environ.get(ROOT_VARIABLE) or "/" if root is None else root
    if not isinstance(chosen, str | Path):
        raise PlatformOptionError("option root of a platform must be a path")
    path = Path(chosen)
    if not path.is_dir():
        raise PlatformOptionError(f"{path}: is no directory; the root of a platform is `/`, or where one is emulated")
    return Places(path.absolute())
