"""Symbolic links that a guest moved so that they lead out of its directory.

Guests make no links, but they can rename what the host left in a directory that they may write to. A relative link that
leads upwards, such as `../shared`, then leads elsewhere: out of the directory, where whoever opens it on the host
follows it. Such links are removed when the workload has ended. Links that led out before are the host's own business.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from elastic_hal.common.text import shown

_UP: Final = ".."
_log: Final = logging.getLogger(__name__)


def watch(directories: Sequence[Path]) -> Callable[[], None]:
    """Look at the links of directories that a guest may write to; call what is returned when it has ended."""
    before = {directory: dict(_upward_links(directory)) for directory in directories}

    def remove_moved() -> None:
        # Without a link that leads upwards there is none that could be moved.
        if not any(before.values()):
            return
        for directory, known in before.items():
            for link, target in list(_upward_links(directory)):
                if known.get(link) != target and _leads_out(directory, link, target):
                    with contextlib.suppress(OSError):
                        link.unlink()
                    _log.warning(
                        "%s: a guest moved this link so that it led out of %s: removed", shown(link), shown(directory)
                    )

    return remove_moved


def _upward_links(directory: Path) -> Iterator[tuple[Path, str]]:
    """The relative links below a directory that lead upwards, each with its target."""
    for folder, names, files in os.walk(directory):
        for name in (*names, *files):
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                if path.is_symlink():
                    target = os.readlink(path)
                    if not target.startswith("/") and _UP in target.split("/"):
                        yield path, target


def _leads_out(directory: Path, link: Path, target: str) -> bool:
    """Whether the words of a link's target lead above the directory."""
    depth = len(link.relative_to(directory).parts) - 1
    for part in target.split("/"):
        if part == _UP:
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False
