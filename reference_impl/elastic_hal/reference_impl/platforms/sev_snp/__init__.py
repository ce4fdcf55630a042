"""AMD SEV-SNP: guests whose memory the host cannot read, and whose processor signs reports and derives keys."""

import os
from pathlib import Path
from typing import Final

from elastic_hal.runtime.platform import PlatformError

from ..errors import PlatformOptionError, PlatformUnavailableError
from ..kernel.places import find_places
from .certificates import CertificateSource, load_file
from .platform import SevSnpPlatform

__all__ = ["SevSnpPlatform", "load"]

_OPTIONS: Final = ("root", "vmpl", "certificates", "key_service")
VMPL_VARIABLE: Final = "ELASTIC_HAL_SNP_VMPL"
CERTIFICATES_VARIABLE: Final = "ELASTIC_HAL_SNP_CERTIFICATES"
KEY_SERVICE_VARIABLE: Final = "ELASTIC_HAL_SNP_KEY_SERVICE"


def load(options: dict[str, object]) -> SevSnpPlatform:
    """Make the platform ready.

    Options, each with a variable for where it is not given: `root` (a path, `ELASTIC_HAL_PLATFORM_ROOT`), `vmpl` (0 to
    3, `ELASTIC_HAL_SNP_VMPL`), `certificates` (paths, `ELASTIC_HAL_SNP_CERTIFICATES` with colons between), and
    `key_service` (an address, `ELASTIC_HAL_SNP_KEY_SERVICE`).
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise PlatformOptionError(f"platform sev-snp has no option {unknown[0]!r}; it has {', '.join(_OPTIONS)}")
    places = find_places(options.get("root"))
    files = _files(options.get("certificates"))
    service = options.get("key_service", os.environ.get(KEY_SERVICE_VARIABLE) or None)
    if service is not None and not isinstance(service, str):
        raise PlatformOptionError("option key_service of platform sev-snp must be an address")
    for path in files:
        load_file(path)  # a file that cannot be used is told now
    if not places.reports.is_dir() and not places.sev_guest.exists():
        raise PlatformUnavailableError(
            f"this is no SEV-SNP guest: neither {places.reports} nor {places.sev_guest} is there; "
            "`elastic-hal platform show` says what is missing"
        )
    try:
        return SevSnpPlatform(places, _vmpl(options.get("vmpl")), CertificateSource(files, service))
    except PlatformError as error:
        raise PlatformUnavailableError(f"SEV-SNP cannot be used: {error}") from None


def _vmpl(option: object) -> int:
    chosen = os.environ.get(VMPL_VARIABLE) or "0" if option is None else option
    if isinstance(chosen, bool) or str(chosen) not in ("0", "1", "2", "3"):
        raise PlatformOptionError(f"VMPL {chosen!r} does not exist; there are 0 to 3")
    return int(str(chosen))


def _files(option: object) -> tuple[Path, ...]:
    if option is None:
        return tuple(Path(name) for name in os.environ.get(CERTIFICATES_VARIABLE, "").split(":") if name)
    listed = [option] if isinstance(option, str | Path) else option
    if not isinstance(listed, list | tuple) or not all(isinstance(name, str | Path) for name in listed):
        raise PlatformOptionError("option certificates of platform sev-snp must be paths")
    return tuple(Path(name) for name in listed)
