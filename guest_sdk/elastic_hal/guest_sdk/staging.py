"""What goes into a guest, laid out for the build: part of the SDK, and the project's sources.

Guest modules import the standard library, the generated bindings and each other. The tooling of the host stays outside.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from elastic_hal.common.files import read_file
from elastic_hal.common.quantities import format_size
from elastic_hal.common.text import shown

from .tool_errors import ProjectError

_PACKAGE = Path(__file__).parent

MAX_DATA_BYTES = 32 * 1024 * 1024
"""How much the files beside modules may have together: all of them is in the memory of the running guest."""
MAX_SOURCE_BYTES = 512 * 1024 * 1024
_NO_DATA = (".py", ".pyc", ".pyo", ".so", ".pyd", ".dylib", ".dll")

HOST_ONLY = frozenset(
    {
        "argument_memory.py",
        "build.py",
        "component_names.py",
        "exported_resources.py",
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


def check_data(sources: Sequence[Path]) -> None:
    """Raises ProjectError where the files beside the modules are more than a component should carry."""
    files = [
        (path.stat().st_size, path)
        for folder in sources
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in _NO_DATA and not path.name.startswith(".")
    ]
    total = sum(size for size, _ in files)
    if total > MAX_DATA_BYTES:
        size, largest = max(files)
        raise ProjectError(
            f"the files beside the modules have {format_size(total)}, more than the {format_size(MAX_DATA_BYTES)} that "
            f"a component carries; the largest is {largest} with {format_size(size)}",
            "keep them out of the folders of `source`, and let the policy grant a folder that has them (`directories`)",
        )


def stage_entry(
    target: Path,
    app: str,
    sources: Sequence[str],
    *,
    lines: bool,
    repaired: bool,
    resources: Mapping[str, Sequence[str]],
) -> None:
    """Puts the module below `target` that imports the app, in its place: with what the guest carries of its files, and
    where needed with componentize-py's modules repaired. `sources` is how the project calls its folders of modules;
    `resources` has the classes of exported resources by the module that they are wanted in.
    """
    target.mkdir()
    repair = ""
    if repaired:
        shutil.copyfile(_PACKAGE / "raw_modules.py", target / "elastic_hal_raw_modules.py")
        repair = "import elastic_hal_raw_modules\n\nelastic_hal_raw_modules.repair_modules()\n"
    (target / f"{ENTRY_MODULE}.py").write_text(
        f"import sys\n\n{repair}\nfrom elastic_hal.guest_sdk.carrying import import_app\n\n"
        f"sys.modules[__name__] = import_app({app!r}, {tuple(sources)!r}, {lines!r}, {dict(resources)!r})\n",
        encoding="utf-8",
    )


def stage_sources(folders: Sequence[Path], target: Path) -> tuple[Path, ...]:
    """Copies a project's source folders below `target` and gives the copies in the same order.

    The app runs while it is built, and the build tool lets it write where its modules lie. Raises FileError for what is
    no file or has no end, ProjectError for what else cannot be copied, such as links that lead in a circle.
    """
    copies = []
    for number, folder in enumerate(folders):
        copy = target / str(number)
        try:
            shutil.copytree(
                folder,
                copy,
                ignore=shutil.ignore_patterns("__pycache__"),
                copy_function=_copy,
                ignore_dangling_symlinks=True,
            )
        except shutil.Error as error:
            raise ProjectError(_first_problem(error), "leave in the folder what the guest needs") from None
        copies.append(copy)
    return tuple(copies)


def _copy(source: str, target: str) -> str:
    """Copies one file: what `shutil` itself would copy without end is refused."""
    Path(target).write_bytes(read_file(Path(source), MAX_SOURCE_BYTES))
    shutil.copymode(source, target)
    return target


def _first_problem(error: shutil.Error) -> str:
    """What is wrong with the first of the files that could not be copied, however many there are."""
    problems = error.args[0] if error.args else ()
    if not isinstance(problems, list) or not problems:
        return f"the sources cannot be read: {shown(error)}"
    source, _, reason = problems[0]
    return f"{shown(source)}: cannot be copied: {shown(reason)}"
