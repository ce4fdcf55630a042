"""What goes into a guest, laid out for the build: part of the SDK, and the project's sources.

Guest modules import the standard library, the generated bindings and each other. The tooling of the host stays outside.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).parent

HOST_ONLY = frozenset(
    {
        "argument_memory.py",
        "build.py",
        "component_names.py",
        "project.py",
        "raw_modules.py",
        "staged_wit.py",
        "staging.py",
        "tool_errors.py",
        "tool_limits.py",
        "tool_messages.py",
        "up_to_date.py",
        "wasm_reader.py",
        "_data",
        "__pycache__",
    }
)
"""What of the package never goes into a guest."""


ENTRY_MODULE = "elastic_hal_entry"
"""The module that the build tool is given where the app cannot be imported as it is."""


def guest_files(package: Path = _PACKAGE) -> tuple[Path, ...]:
    """The files of the SDK that a guest may import, relative to the package, in a fixed order."""
    found = []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        if relative.parts[0] not in HOST_ONLY and "__pycache__" not in relative.parts:
            found.append(relative)
    return tuple(found)


def stage_sdk(target: Path) -> None:
    """Copies the SDK below `target`, which then goes on the guest's module path."""
    home = target / "elastic_hal" / "guest_sdk"
    for relative in guest_files():
        destination = home / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_PACKAGE / relative, destination)


def stage_entry(target: Path, app: str) -> None:
    """Puts the module below `target` that imports the app, with componentize-py's modules repaired, in its place."""
    target.mkdir()
    shutil.copyfile(_PACKAGE / "raw_modules.py", target / "elastic_hal_raw_modules.py")
    (target / f"{ENTRY_MODULE}.py").write_text(
        f"import sys\n\nfrom elastic_hal_raw_modules import import_app\n\nsys.modules[__name__] = import_app({app!r})\n"
    )


def stage_sources(folders: Sequence[Path], target: Path) -> tuple[Path, ...]:
    """Copies a project's source folders below `target` and gives the copies in the same order.

    The app runs while it is built, and the build tool lets it write where its modules lie.
    """
    copies = []
    for number, folder in enumerate(folders):
        copy = target / str(number)
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"), ignore_dangling_symlinks=True)
        copies.append(copy)
    return tuple(copies)
