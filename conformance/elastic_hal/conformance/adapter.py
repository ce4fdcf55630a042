"""Adapters: Python files that say how to start a runtime, with the functions that wasi-testsuite's adapters have and
two of ours.

Required: get_name, get_version, get_wasi_versions, get_wasi_worlds, compute_argv. Optional: get_hal_interfaces,
compute_batch_argv, compute_group_argv, configure. An adapter's code runs in this process: use adapters that you trust.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from elastic_hal.codegen.resources import data_dir
from elastic_hal.common.text import shown

REQUIRED = ("get_name", "get_version", "get_wasi_versions", "get_wasi_worlds", "compute_argv")
WASI_WORLD = "wasi:cli/command"
WASI_VERSION = "wasm32-wasip2"
MOST_ARGUMENTS = 10_000
_SIGNALLED = 128
_INTERFACE = re.compile(r"^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)+/[a-z][a-z0-9-]*@[0-9A-Za-z.+-]+$")


class AdapterError(Exception):
    """An adapter file is wrong; the message says how."""


class RuntimeUnavailable(Exception):
    """The runtime of an adapter is not here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A loaded adapter. Every answer of the file is checked, because it may have been written by anyone."""

    path: Path
    module: ModuleType = field(repr=False)

    @property
    def name(self) -> str:
        """What the runtime is called."""
        return self._text("get_name")

    def version(self) -> str:
        """The runtime's version; raises RuntimeUnavailable where it can't be asked."""
        return self._text("get_version")

    def hal_interfaces(self) -> tuple[str, ...] | None:
        """The interfaces that the runtime has; None where the adapter does not say."""
        if not hasattr(self.module, "get_hal_interfaces"):
            return None
        return tuple(dict.fromkeys(self._texts("get_hal_interfaces", self._call("get_hal_interfaces"))))

    def check(self, contract: Sequence[str]) -> None:
        """Check what the file says of the runtime, before anything runs, against the interfaces of the contract.

        Raises AdapterError where it names an interface that the contract does not have, which a misspelt name and one
        without its version are as well, and RuntimeUnavailable where it cannot be asked.
        """
        for function in ("get_wasi_versions", "get_wasi_worlds"):
            self._texts(function, self._call(function))
        for name in self.hal_interfaces() or ():
            if name in contract:
                continue
            if not contract and _INTERFACE.match(name):
                continue
            bare = name.partition("@")[0]
            known = [item for item in contract if item.partition("@")[0] == bare]
            known = known or difflib.get_close_matches(name, contract, 1, 0.6)
            hint = f"; did you mean {known[0]}?" if known else "; write it with package and version"
            raise AdapterError(
                f"{shown(self.path)}: get_hal_interfaces names {shown(name)!r}, which is no interface of the contract"
                + hint
            )

    def argv(self, component: Path, arguments: Sequence[str]) -> tuple[str, ...]:
        """The command that runs a component once with these guest arguments."""
        found = self._call("compute_argv", str(component), (list(arguments), {}, []), [], WASI_WORLD, WASI_VERSION)
        return self._command("compute_argv", found)

    def batch_argv(self, component: Path) -> tuple[str, ...] | None:
        """The command that runs a component many times; None where the adapter has none."""
        if not hasattr(self.module, "compute_batch_argv"):
            return None
        found = self._call("compute_batch_argv", str(component), ([], {}, []), [], WASI_WORLD, WASI_VERSION)
        return None if found is None else self._command("compute_batch_argv", found)

    def group_argv(self, members: Sequence[tuple[str, Path, Sequence[str]]]) -> tuple[str, ...] | None:
        """The command that runs several workloads at once in one host; None where the adapter has none.

        Each workload is a name, a component and guest arguments.
        """
        if not hasattr(self.module, "compute_group_argv"):
            return None
        workloads: list[Any] = [
            (name, str(component), (list(arguments), {}, [])) for name, component, arguments in members
        ]
        found = self._call("compute_group_argv", workloads, [], WASI_WORLD, WASI_VERSION)
        return None if found is None else self._command("compute_group_argv", found)

    def _command(self, function: str, found: Any) -> tuple[str, ...]:
        command = self._texts(function, found)
        if not command:
            raise AdapterError(f"{self.path}: {function} returned an empty command")
        executable = shutil.which(command[0])
        if executable is None:
            raise RuntimeUnavailable(f"the program {command[0]!r} was not found")
        return (executable if os.sep not in command[0] else command[0], *command[1:])

    def _text(self, function: str) -> str:
        found = self._call(function)
        if not isinstance(found, str) or not found:
            raise AdapterError(f"{self.path}: {function} must return a text, not {type(found).__name__}")
        return shown(" ".join(found.split()))

    def _texts(self, function: str, found: Any) -> tuple[str, ...]:
        if not isinstance(found, list | tuple) or len(found) > MOST_ARGUMENTS:
            raise AdapterError(f"{self.path}: {function} must return a list of texts")
        if not all(isinstance(part, str) and "\0" not in part for part in found):
            raise AdapterError(f"{self.path}: {function} must return a list of texts")
        return tuple(found)

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            with _leaving_is_failing():
                return getattr(self.module, function)(*arguments)
        except FileNotFoundError as error:
            raise RuntimeUnavailable(f"{error.filename or error} was not found") from error
        except (RuntimeUnavailable, AdapterError):
            raise
        except Exception as error:
            raise RuntimeUnavailable(f"{function} failed: {type(error).__name__}: {error}") from error


def load_adapter(name_or_path: str | Path, options: Mapping[str, str] | None = None) -> Adapter:
    """Loads an adapter by the name of a shipped one or by path, and hands it options such as `platform`; raises
    AdapterError.
    """
    path = _find(name_or_path)
    spec = importlib.util.spec_from_file_location(f"elastic_hal_adapter_{path.stem.replace('-', '_')}", path)
    if spec is None or spec.loader is None:
        raise AdapterError(f"{path}: an adapter is a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        with _leaving_is_failing():
            spec.loader.exec_module(module)
    except Exception as error:
        raise AdapterError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [name for name in REQUIRED if not callable(getattr(module, name, None))]
    if missing:
        raise AdapterError(f"{path}: lacks the function {missing[0]}")
    if options:
        _configure(path, module, options)
    return Adapter(path, module)


@contextmanager
def _leaving_is_failing() -> Iterator[None]:
    """Make an adapter that leaves (`sys.exit`) one that failed: else the whole run would leave as it says.

    The exit of a signal that ends this process is let through: its code says so, and is never 0.
    """
    try:
        yield
    except SystemExit as leaving:
        if isinstance(leaving.code, int) and leaving.code > _SIGNALLED:
            raise
        raise RuntimeError(f"it leaves with {leaving.code!r}") from leaving


def adapter_names() -> list[str]:
    """The names of the shipped adapters."""
    return sorted(path.stem for path in data_dir("conformance", "adapters").glob("*.py"))


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".py":
        if not path.is_file():
            raise AdapterError(f"{path}: there is no such file")
        return path
    if str(name_or_path) not in adapter_names():
        raise AdapterError(
            f"there is no adapter {str(name_or_path)!r}; shipped are {', '.join(adapter_names())}, or give a .py file"
        )
    return data_dir("conformance", "adapters") / f"{name_or_path}.py"


def _configure(path: Path, module: ModuleType, options: Mapping[str, str]) -> None:
    if not callable(getattr(module, "configure", None)):
        raise AdapterError(f"{path}: takes no options ({', '.join(options)})")
    try:
        with _leaving_is_failing():
            module.configure(dict(options))
    except Exception as error:
        raise AdapterError(f"{path}: refuses the options: {error}") from error
