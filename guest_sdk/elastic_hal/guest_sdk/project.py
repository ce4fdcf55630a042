"""A guest project on the host's disk: making one from the template, and reading the settings of one.

Building it is left to `build`.
"""

from __future__ import annotations

import keyword
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.codegen.resources import data_dir
from elastic_hal.common.files import FileError
from elastic_hal.common.text import shown
from elastic_hal.common.toml_text import TomlError, read_toml

from .tool_errors import ProjectError

DEFAULT_WORLD = "elastic:hal/command@0.2.0"
"""The world of an ordinary guest: the whole HAL and a command line."""

TEMPLATE_NAME = "example-notary"
"""The name that the template, a working project itself, goes by."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME = 64
_NOT_COPIED = {"__pycache__", "build", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
_SETTINGS = ("app", "features", "source", "source-lines", "wit", "world")


@dataclass(frozen=True, slots=True)
class Project:
    """The settings of a guest project; paths are absolute."""

    directory: Path
    name: str
    app: str
    """The module whose `Run` is the program."""
    world: str
    source: tuple[Path, ...]
    """Folders that the app and what it imports lie in."""
    wit: Path | None
    """A folder with a world of the project's own, beside the contract."""
    features: tuple[str, ...] = ()
    """Features of the contract that are not settled and that the program uses all the same."""
    source_lines: bool = True
    """Whether tracebacks show lines of source, which the component then holds."""


def new_project(name: str, parent: Path) -> Path:
    """Makes the folder `name` in `parent` from the template, whole or not at all, and gives its path."""
    _check_name(name)
    target = parent / name
    if not parent.is_dir():
        raise ProjectError(f"{parent} is no folder", "make it first, or name another")
    if target.exists() or target.is_symlink():
        raise ProjectError(f"{target} exists already", "choose another name, or remove it first")
    template = data_dir("guest_sdk", "template")
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=parent) as temporary:
        made = Path(temporary) / name
        shutil.copytree(template, made, ignore=lambda _folder, names: _NOT_COPIED.intersection(names))
        _rename_everything(made, name)
        made.rename(target)
    return target


def load_project(directory: Path) -> Project:
    """Reads `[tool.elastic-hal]` of a project's pyproject.toml; unknown keys are refused."""
    directory = directory.absolute()
    path = directory / "pyproject.toml"
    try:
        document = read_toml(path)
    except FileError as error:
        if not path.exists():
            raise ProjectError(
                f"{shown(directory)} is no guest project: it has no pyproject.toml",
                "`elastic-hal guest new NAME` makes a project",
            ) from None
        raise ProjectError(str(error), error.hint) from None
    except TomlError as error:
        raise ProjectError(f"{shown(path)}: not valid TOML: {error}") from None
    settings = _table(document, "tool", "elastic-hal")
    if settings is None:
        raise ProjectError(f"{path}: there is no table [tool.elastic-hal]", 'add it, with app = "MODULE" in it')
    unknown = sorted(set(settings) - set(_SETTINGS))
    if unknown:
        raise ProjectError(
            f"{path}: [tool.elastic-hal] has an unknown key {unknown[0]!r}", f"known: {', '.join(_SETTINGS)}"
        )
    source = _folders(settings.get("source", ["src"]), directory, path)
    wit = settings.get("wit")
    return Project(
        directory=directory,
        name=_project_name(document, directory, path),
        app=_app(settings.get("app"), source, path),
        world=_text(settings.get("world", DEFAULT_WORLD), "world", path),
        source=source,
        wit=None if wit is None else _folder(_text(wit, "wit", path), "wit", directory, path),
        features=_features(settings.get("features", []), path),
        source_lines=_flag(settings.get("source-lines", True), "source-lines", path),
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ProjectError(
            f"{name!r} is no name for a project",
            f"use lower-case letters, digits and single hyphens, a letter first, at most {_LONGEST_NAME} characters",
        )
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or module in ("elastic_hal", "wit_world"):
        raise ProjectError(f"{name!r} would hide a Python name", "choose another name, such as one with a hyphen in it")


def _rename_everything(folder: Path, name: str) -> None:
    """Puts the new name for the template's, in texts and in file names."""
    renames = ((TEMPLATE_NAME, name), (TEMPLATE_NAME.replace("-", "_"), name.replace("-", "_")))
    for parent, _, files in os.walk(folder):
        for file in files:
            path = Path(parent) / file
            text, renamed = path.read_text(encoding="utf-8"), file
            for old, new in renames:
                text, renamed = text.replace(old, new), renamed.replace(old, new)
            path.write_text(text, encoding="utf-8")
            path.rename(path.with_name(renamed))


def _table(document: dict[str, object], *keys: str) -> dict[str, object] | None:
    value: object = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def _text(value: object, key: str, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise ProjectError(f"{path}: [tool.elastic-hal] {key} must be a text, not {value!r}")
    return value


def _flag(value: object, key: str, path: Path) -> bool:
    if not isinstance(value, bool):
        raise ProjectError(f"{path}: [tool.elastic-hal] {key} must be true or false, not {value!r}")
    return value


def _folder(name: str, key: str, directory: Path, path: Path) -> Path:
    folder = directory / name
    if not folder.is_dir():
        raise ProjectError(f"{path}: [tool.elastic-hal] {key} names {name!r}, which is no folder of the project")
    return folder


def _folders(value: object, directory: Path, path: Path) -> tuple[Path, ...]:
    if not isinstance(value, list) or not value:
        raise ProjectError(f"{path}: [tool.elastic-hal] source must be a list of folders", 'such as source = ["src"]')
    return tuple(_folder(_text(name, "source", path), "source", directory, path) for name in value)


def _features(value: object, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
        raise ProjectError(
            f"{path}: [tool.elastic-hal] features must be a list of names", 'such as features = ["post-quantum"]'
        )
    return tuple(value)


def _project_name(document: dict[str, object], directory: Path, path: Path) -> str:
    name = (_table(document, "project") or {}).get("name", directory.name)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise ProjectError(f"{path}: [project] name {name!r} is no valid name", "use letters, digits, hyphens, dots")
    return name


def _app(value: object, source: tuple[Path, ...], path: Path) -> str:
    if value is None:
        raise ProjectError(f"{path}: [tool.elastic-hal] has no app", 'name the module with the program: app = "app"')
    app = _text(value, "app", path)
    parts = app.split(".")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise ProjectError(f"{path}: [tool.elastic-hal] app {app!r} is no module name", 'such as app = "app"')
    if parts[0] in ("elastic_hal", "wit_world") or parts[0] in sys.stdlib_module_names:
        raise ProjectError(f"{path}: [tool.elastic-hal] app {app!r} is taken by another module", 'such as app = "app"')
    candidates = [file for base in source for file in _module_files(base, parts)]
    if not any(file.is_file() for file in candidates):
        raise ProjectError(
            f"{path}: there is no module {app!r}", f"looked for {', '.join(_shown(file, path) for file in candidates)}"
        )
    return app


def _module_files(base: Path, parts: list[str]) -> tuple[Path, Path]:
    place = base.joinpath(*parts)
    return place.with_name(f"{place.name}.py"), place / "__init__.py"


def _shown(file: Path, path: Path) -> str:
    return os.path.relpath(file, path.parent)
