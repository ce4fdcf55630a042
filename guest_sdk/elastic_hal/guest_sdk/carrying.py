"""Imports the app while a guest is built, and keeps in the component what it may want of its files when it runs.

A guest has no files then. Lines of source make tracebacks readable, modules that were not imported yet make a late
`import` work, and what lies beside modules is the data of packages.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType

from . import carried_files, carried_modules, failures

_STANDARD_LIBRARY = "/python"
_LEFT_OUT = {
    *("__pycache__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests", "tkinter"),
    *("turtledemo", "venv"),
}
"""Folders of the standard library that no guest needs."""


def import_app(
    name: str, sources: Sequence[str], lines: bool, resources: Mapping[str, Sequence[str]] | None = None
) -> ModuleType:
    """Import the app; `sources` are the names of the project's folders, in the order of the module path, and `lines`
    says whether tracebacks are to show source. `resources` has the classes of exported resources by the module that the
    build tool wants them in.
    """
    carried_modules.load_under({f"/{number}": shown for number, shown in enumerate(sources)}, lines=lines)
    app = importlib.import_module(name)
    for module, classes in (resources or {}).items():
        _give_resources(app, module, classes)
    _adopt_asyncio()
    for root in dict.fromkeys(sys.path):
        if os.path.isdir(root) and not root.startswith(f"{_STANDARD_LIBRARY}/"):
            _carry(root, lines)
    carried_modules.install({"asyncio": _adopt_asyncio})
    carried_files.install()
    failures.install()
    return app


def _carry(root: str, lines: bool) -> None:
    """Pack what is below a folder of the module path."""
    is_project = bool(carried_modules.root_of(root))
    for path in _walk(root):
        if path.endswith(".py"):
            with open(path, "rb") as stream:
                carried_modules.carry(root, path, stream.read(), lines=lines)
            if is_project:
                carried_files.enter(path)
        elif is_project and not carried_modules.note_compiled(root, path) and not path.endswith((".pyc", ".pyo")):
            with open(path, "rb") as stream:
                carried_files.carry(path, stream.read())


def _walk(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        left_out = _LEFT_OUT if root == _STANDARD_LIBRARY else {"__pycache__"}
        folders[:] = sorted(name for name in folders if name not in left_out and not name.startswith("."))
        # Hidden files are those of tools, and may be secrets, such as `.env`.
        yield from (os.path.join(folder, name) for name in sorted(files) if not name.startswith("."))


def _give_resources(app: ModuleType, module: str, classes: Sequence[str]) -> None:
    """Let the app be the module that the classes of exported resources are wanted in, where it has them."""
    wanted = " and ".join(f"class {name}" for name in classes)
    found = importlib.util.find_spec(module)
    if found is not None:
        if not carried_modules.root_of(str(found.origin)):
            raise ImportError(
                f"the exported interface {module} has the name of a module of Python, where the build tool would look "
                f"for {wanted}: give the interface another name"
            )
        return
    missing = [name for name in classes if not hasattr(app, name)]
    if missing:
        raise ImportError(
            f"the exported interface {module} has resources: write {wanted} in the module {app.__name__}, or in a "
            f"module {module} beside it ({', '.join(missing)} is missing)"
        )
    sys.modules[module] = app


def _adopt_asyncio() -> None:
    """Give `asyncio` the loop of the SDK, where the app uses it."""
    if "asyncio" not in sys.modules:
        return
    policy = importlib.import_module("elastic_hal.guest_sdk.loop_policy")
    try:
        loop = importlib.import_module("elastic_hal.guest_sdk.eventloop").EventLoop
    except ImportError:
        loop = policy.no_loop
    policy.adopt(loop)
