"""Turns generated guests into components with componentize-py, once for each content: built components are kept in a
cache.

The key of the cache is the content of everything that goes into a component and the version of the tool. A component
that is not used for a while may be deleted at any time; it is then built again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.output import write_tree
from elastic_hal.codegen.targets.suite.cases import SuiteGuest
from elastic_hal.codegen.targets.suite.reach import all_interfaces
from elastic_hal.codegen.targets.suite.tree import WIT_FOLDER, generate_suite
from elastic_hal.common import cache_folder
from elastic_hal.common.guest_tool import tool_command, tool_environment
from elastic_hal.conformance.runner import BuiltGuest, BuiltSuite

BUILD_SECONDS = 300
LONGEST_REPORT = 3_000
TOOL = "componentize-py"
ON_BUILT = Callable[[str, bool], None]


class BuildError(Exception):
    """A guest can't be built; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class ToolMissingError(BuildError):
    """What building needs is not on this machine."""


def default_cache() -> Path:
    """`conformance` in the cache of this user."""
    return cache_folder.cache_root() / "conformance"


def build_suite(
    resolve: model.Resolve,
    guests: Sequence[SuiteGuest],
    *,
    cache: Path | None = None,
    on_built: ON_BUILT | None = None,
) -> BuiltSuite:
    """Generates and builds every guest. `on_built` hears each guest's name and whether it came from the cache; raises
    BuildError.
    """
    folder = default_cache() if cache is None else cache
    running: set[subprocess.Popen[str]] = set()
    with ThreadPoolExecutor(max(1, min(os.cpu_count() or 1, 4))) as pool:
        try:
            components = list(pool.map(lambda guest: _component(resolve, guest, folder, on_built, running), guests))
        except BaseException:
            # The pool waits for what it has begun, which nobody wants any more.
            for process in tuple(running):
                process.kill()
            raise
    if cache is None:
        cache_folder.keep_within(cache_folder.cache_root())
    built = [
        BuiltGuest(guest.interface.id or "", component, guest.cases)
        for guest, component in zip(guests, components, strict=True)
    ]
    contract = tuple(interface.id or "" for interface in all_interfaces(resolve))
    return BuiltSuite(tuple(built), contract)


def _component(
    resolve: model.Resolve,
    guest: SuiteGuest,
    cache: Path,
    on_built: ON_BUILT | None,
    running: set[subprocess.Popen[str]],
) -> Path:
    """The guest's component, from the cache or built now.

    It is made, and known in the cache, by what belongs to it alone: which other guests are wanted beside it changes
    nothing.
    """
    parts = generate_suite(resolve, [guest])
    target = cache / _key(parts, guest.name) / f"{guest.name}.wasm"
    # Held, because runtimes open it by its name, much later perhaps.
    cached = cache_folder.hold(target)
    if not cached:
        _build(parts, guest.name, target, running)
        cache_folder.hold(target)
    if on_built is not None:
        on_built(guest.name, cached)
    return target


def _key(parts: Mapping[str, str], name: str) -> str:
    digest = hashlib.sha256(f"{TOOL} {_tool_version()} {name}\n".encode())
    for path, text in sorted(parts.items()):
        digest.update(f"{path} {len(text.encode())}\n".encode() + text.encode())
    return digest.hexdigest()[:32]


def _tool_version() -> str:
    try:
        return importlib.metadata.version(TOOL)
    except importlib.metadata.PackageNotFoundError:
        raise ToolMissingError(
            f"{TOOL} is not installed", f"install it: {sys.executable} -m pip install {TOOL}"
        ) from None


def _build(parts: Mapping[str, str], name: str, target: Path, running: set[subprocess.Popen[str]]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="elastic-hal-suite-") as scratch:
            root = Path(scratch)
            write_tree(parts, root)
            built = root / f"{name}.wasm"
            _run_tool(root, name, built, running)
            unfinished = target.with_suffix(f".{secrets.token_hex(4)}.part")
            unfinished.write_bytes(built.read_bytes())
            unfinished.replace(target)
    except OSError as error:
        raise ToolMissingError(
            f"{name} cannot be built: {error}", "check free space and rights of the cache folder"
        ) from error


def _run_tool(root: Path, name: str, built: Path, running: set[subprocess.Popen[str]]) -> None:
    # The tree holds only what was asked for, so that every feature that is left in it is wanted.
    command = [*tool_command(), "--all-features", "-d", WIT_FOLDER, "-w", f"elastic:conformance-suite/{name}"]
    command += ["componentize", "app", "-p", name, "-o", str(built)]
    scratch = root / "tool"
    scratch.mkdir()
    with subprocess.Popen(
        command,
        cwd=root,
        env=tool_environment(scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        running.add(process)
        try:
            said, _ = process.communicate(timeout=BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BuildError(
                f"{TOOL} did not finish {name} in {BUILD_SECONDS} s", "try again on a less busy machine"
            ) from None
        finally:
            running.discard(process)
    if process.returncode != 0 or not built.is_file():
        said = said.partition("Stack backtrace:")[0].strip()[-LONGEST_REPORT:]
        raise BuildError(
            f"{TOOL} could not build {name}:\n{said}", "this is a fault in the generated guest or its contract"
        )
