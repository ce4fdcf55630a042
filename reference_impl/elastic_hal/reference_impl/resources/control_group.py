"""What the control group (cgroup v2) of this process lets it have, where there is one.

The kernel holds the whole host to these bounds, so a budget beyond them could not be kept. Nothing is assumed: where no
group can be found or read, nothing is bounded. Shares of single workloads are no business of control groups, see
docs/decisions/0016-shares-without-control-groups.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from elastic_hal.runtime.control import WHOLE_CORE

_PROCESS: Final = Path("/proc/self")
_MEMORY = re.compile(r"(?P<bytes>\d+)\n?", re.ASCII)
_CPU = re.compile(r"(?P<quota>\d+) (?P<period>[1-9]\d*)\n?", re.ASCII)
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of memory and thousandths of a CPU core; None where there is no bound."""

    memory_bytes: int | None = None
    cpu_thousandths: int | None = None


def bounds(process: Path = _PROCESS) -> Bounds:
    """The narrowest bounds of the group of a process and of those around it. `process` is its folder under `/proc`."""
    groups = list(_groups(_text(process / "mountinfo"), _text(process / "cgroup")))
    return Bounds(_least(map(_memory, groups)), _least(map(_cpu, groups)))


def _groups(mounts: str, membership: str) -> Iterator[Path]:
    """The folders of a process's group and of those around it, as far as they can be seen from here."""
    group = next((line[3:] for line in membership.splitlines() if line.startswith("0::/")), None)
    found = next(_mounted(mounts), None)
    if group is None or found is None:
        return
    root, folder = found
    yield folder
    if ".." in PurePosixPath(group).parts or not PurePosixPath(group).is_relative_to(root):
        return  # a group outside of what is mounted here
    for part in PurePosixPath(group).relative_to(root).parts:
        folder /= part
        yield folder


def _mounted(mounts: str) -> Iterator[tuple[str, Path]]:
    """Which group is mounted where."""
    for line in mounts.splitlines():
        place, _, source = line.partition(" - ")
        fields = place.split(" ")
        if source.startswith("cgroup2 ") and len(fields) > 4:
            yield _unescaped(fields[3]), Path(_unescaped(fields[4]))


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), field)


def _memory(group: Path) -> int | None:
    found = _MEMORY.fullmatch(_text(group / "memory.max"))
    return int(found["bytes"]) if found else None


def _cpu(group: Path) -> int | None:
    found = _CPU.fullmatch(_text(group / "cpu.max"))
    return max(int(found["quota"]) * WHOLE_CORE // int(found["period"]), 1) if found else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _least(bounds: Iterable[int | None]) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)
