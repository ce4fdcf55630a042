"""What a machine offers of each platform, what is missing, and how to get it. Asks nothing that needs root.

Only looks: no directory is made and no device is asked, so that the answer holds for whoever may start the runtime.
"""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .kernel.devices import is_usable
from .kernel.places import Places, find_places

_TSM_KERNEL, _REGISTER_KERNEL = (6, 7), (6, 16)
_CPU_FLAGS: Final = {"sev-snp": "sev_snp", "tdx": "tdx_guest"}
_DEVICES: Final = {"sev-snp": "sev-guest", "tdx": "tdx_guest"}
_MODULES: Final = {"sev-snp": "sev-guest", "tdx": "tdx-guest"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a platform needs: whether it is there, what was found, and what to do where it is not."""

    what: str
    is_there: bool
    found: str
    remedy: str | None = None

    def to_json(self) -> dict[str, object]:
        """Give the finding in the form of a JSON document."""
        return {"what": self.what, "there": self.is_there, "found": self.found, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class PlatformSurvey:
    """What was found of one platform, and what it can be used for."""

    name: str
    evidence: bool
    sealing: bool
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """Give the survey in the form of a JSON document."""
        return {
            "platform": self.name,
            "evidence": self.evidence,
            "sealing": self.sealing,
            "findings": [finding.to_json() for finding in self.findings],
        }


def survey(root: object = None, release: str | None = None) -> tuple[PlatformSurvey, ...]:
    """Look at every platform. `root` is where the kernel's interfaces are, `release` the kernel's version.

    Raises `PlatformOptionError` for a root that is no directory.
    """
    places = find_places(root)
    version = platform.release() if release is None else release
    always = Finding("software", True, "keys in files; evidence proves nothing about hardware")
    return (
        PlatformSurvey("simulated", True, True, (always,)),
        _snp(places, version),
        _tdx(places, version),
    )


def _snp(places: Places, release: str) -> PlatformSurvey:
    findings = (
        *_common("sev-snp", places, release),
        _device("sev-snp", places.sev_guest, "needed for sealing, and for evidence on older kernels"),
    )
    device = is_usable(places.sev_guest)
    return PlatformSurvey("sev-snp", device or _may_report(places, places.sev_guest), device, findings)


def _tdx(places: Places, release: str) -> PlatformSurvey:
    register = places.registers / "rtmr3:sha384"
    findings = (
        *_common("tdx", places, release),
        _device("tdx", places.tdx_guest, "gives the guest its own measurements quickly"),
        _file(
            "register for workloads",
            register,
            "workloads are then measured into it; "
            + _newer(release, _REGISTER_KERNEL, "without it the claims alone name the workload"),
        ),
        Finding("sealing key", False, "TDX has none", "take sealing keys from a key broker: see docs/key-broker.md"),
    )
    return PlatformSurvey("tdx", _may_report(places, places.tdx_guest), False, findings)


def _common(name: str, places: Places, release: str) -> Iterator[Finding]:
    flag = _CPU_FLAGS[name]
    if places.is_real:
        guest = flag in _cpu_flags()
        yield Finding(
            "confidential guest",
            guest or places.root.joinpath("dev", _DEVICES[name]).exists(),
            f"the processor {'shows' if guest else 'does not show'} {flag}",
            None if guest else f"start this machine as a {name} guest: see docs/platforms.md",
        )
    else:
        emulated = places.root.joinpath("dev", _DEVICES[name]).exists()
        found = f"{'one' if emulated else 'none of this kind'} below {places.root}, instead of the kernel's own"
        remedy = None if emulated else f"elastic-hal platform emulate {name} MOUNT"
        yield Finding("confidential guest", emulated, found, remedy)
    there = places.reports.is_dir()
    if not there:
        hint = _newer(
            release, _TSM_KERNEL, f"run: modprobe {_MODULES[name]}; mount -t configfs none /sys/kernel/config"
        )
        yield Finding("configfs-tsm", False, f"{places.reports} is not there (kernel {release})", hint)
    else:
        usable = os.access(places.reports, os.W_OK | os.X_OK)
        remedy = None if usable else f"run as root, or: chown USER {places.reports}"
        yield Finding("configfs-tsm", usable, f"{places.reports}{'' if usable else ' may not be written to'}", remedy)


def _device(name: str, path: Path, use: str) -> Finding:
    return _file(f"device {_DEVICES[name]}", path, f"{use}; run: modprobe {_MODULES[name]}")


def _file(what: str, path: Path, remedy: str) -> Finding:
    if not path.exists():
        return Finding(what, False, f"{path} is not there", remedy)
    if not is_usable(path):
        return Finding(what, False, f"{path} may not be opened", f"run as root, or give your user the file: {path}")
    return Finding(what, True, str(path))


def _may_report(places: Places, device: Path) -> bool:
    """Tell whether reports can be asked for: the directory alone does not say whose driver stands behind it."""
    return device.exists() and os.access(places.reports, os.W_OK | os.X_OK)


def _newer(release: str, least: tuple[int, int], otherwise: str) -> str:
    numbers = release.split("-", maxsplit=1)[0].split(".")[:2]
    wanted = ".".join(map(str, least))
    if all(part.isdigit() for part in numbers) and tuple(map(int, numbers)) < least:
        return f"needs Linux {wanted} or newer, this is {release}"
    return otherwise


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}
