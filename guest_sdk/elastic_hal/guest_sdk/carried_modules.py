"""The modules that a component holds without having imported them, and the project's under the names that its author
knows: `src/app.py`, whose lines tracebacks show.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from . import carried_files, failures

_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_LOADED: dict[str, Callable[[], None]] = {}
"""What has to be done once a module is there."""

_roots: dict[str, str] = {}
_codes: dict[str, bytes] = {}
_places: dict[str, tuple[str, bool]] = {}
_compiled: dict[str, str] = {}


def load_under(names: Mapping[str, str], *, lines: bool) -> None:
    """Load what is below these folders under the names that they stand for, from now on, with or without `lines`."""
    _roots.update(names)
    loader = _LinedLoader if lines else _NamedLoader

    def find(path: str) -> importlib.machinery.FileFinder:
        if not root_of(path):
            raise ImportError(f"{path} is no folder of the project")
        return importlib.machinery.FileFinder(path, (loader, importlib.machinery.SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, find)
    for path in [path for path in sys.path_importer_cache if root_of(path)]:
        del sys.path_importer_cache[path]


def root_of(path: str) -> str:
    """Return the project's folder that a path is in, as it is called while the guest is built; empty for others."""
    return next((root for root in _roots if path == root or path.startswith(f"{root}/")), "")


def shown_path(path: str) -> str:
    """Return a path as the author of the project knows it."""
    root = root_of(path)
    return os.path.normpath(f"{_roots[root]}{path[len(root) :]}") if root else path


def carry(root: str, path: str, source: bytes, *, lines: bool) -> None:
    """Keep a module for when it is imported, unless it is there."""
    parts = path[len(root) + 1 : -len(".py")].split("/")
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    if not name or name in sys.modules or name in _places:
        return
    if root_of(root):
        try:
            code = compile(source, shown_path(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return  # written for another Python, or a template
        if lines:
            _keep_lines(path, source)
        _codes[path] = zlib.compress(marshal.dumps(code))
    else:
        # Compiled when it is imported: to compile all of the standard library would take longer than the whole build.
        _codes[path] = zlib.compress(source)
    _places[name] = path, is_package


def note_compiled(root: str, path: str) -> bool:
    """Note a part of a package that is compiled for some machine; tell whether the file is one."""
    if not path.endswith(_COMPILED):
        return False
    parts = path[len(root) + 1 :].replace("/", ".").split(".")[:-1]
    tagged = len(parts) > 1 and parts[-1].startswith(("cpython-", "cp3", "abi3"))
    _compiled[".".join(parts[:-1] if tagged else parts)] = shown_path(path)
    return True


def install(when_loaded: Mapping[str, Callable[[], None]]) -> None:
    """Let imports find what is carried; of a module that is named, call what is to be done then."""
    _LOADED.update(when_loaded)
    sys.meta_path.append(_Carried)
    failures.module_hint = _hint


class _Carried:
    """Finds modules that are imported for the first time when the guest runs."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _places:
            return None
        place, is_package = _places[fullname]
        folders = [os.path.dirname(place)] if is_package else None
        return importlib.util.spec_from_file_location(
            fullname, place, loader=_CarriedLoader(fullname, place), submodule_search_locations=folders
        )


class _NamedLoader(importlib.machinery.SourceFileLoader):
    """Loads a module of the project under the name that its author knows."""

    def source_to_code(self, data: Any, path: Any, **options: Any) -> CodeType:  # type: ignore[override]
        code: CodeType = super().source_to_code(data, shown_path(str(path)), **options)
        return code

    def get_data(self, path: str) -> bytes:
        try:
            return super().get_data(path)
        except OSError:
            found = carried_files.content(path)
            if found is None:
                raise
            return found


class _LinedLoader(_NamedLoader):
    """Keeps the lines too."""

    def source_to_code(self, data: Any, path: Any, **options: Any) -> CodeType:  # type: ignore[override]
        _keep_lines(str(path), bytes(data))
        return super().source_to_code(data, path, **options)


class _CarriedLoader(_NamedLoader):
    """Loads a module that is carried."""

    def get_code(self, fullname: str) -> CodeType:
        packed = zlib.decompress(_codes[self.path])
        if root_of(self.path):
            code: CodeType = marshal.loads(packed)  # noqa: S302 - it was dumped when this component was built
            return code
        return compile(packed, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _LOADED.get(module.__name__, lambda: None)()


def _keep_lines(path: str, source: bytes) -> None:
    packed = zlib.compress(source)
    failures.keep_lines(shown_path(path), lambda: importlib.util.decode_source(zlib.decompress(packed)))


def _hint(name: str) -> str:
    if name in _compiled:
        return (
            f"{_compiled[name]} is compiled for some machine; a guest runs pure Python only: use a package, or a "
            "release of it, without compiled parts"
        )
    if name in sys.modules or name in _places or name.rpartition(".")[0] in sys.modules:
        return ""  # it is something else that is wrong, such as a name that a module does not have
    return (
        f"the component has no module {name}: put its package into a folder of the project that `source` in "
        "pyproject.toml names, and build again"
    )
