"""Checks, before a guest starts, that everything it imports is there.

wasmtime would find out too, while it instantiates, but it stops at the first mismatch and does not say what there is
instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.common.text import shown
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.errors import UnlinkableImportError

WASI_VERSION = "0.2.9"
_WASI = {
    "cli": (
        *("environment", "exit", "stderr", "stdin", "stdout", "terminal-input", "terminal-output"),
        *("terminal-stderr", "terminal-stdin", "terminal-stdout"),
    ),
    "clocks": ("monotonic-clock", "wall-clock"),
    "filesystem": ("preopens", "types"),
    "io": ("error", "poll", "streams"),
    "random": ("insecure", "insecure-seed", "random"),
    "sockets": (
        *("instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"),
    ),
}
WASI_INTERFACES = tuple(
    f"wasi:{package}/{interface}@{WASI_VERSION}" for package, interfaces in _WASI.items() for interface in interfaces
)
"""The interfaces of WASI 0.2 that wasmtime links."""

_PROVIDED_KINDS = (
    wasm_component.FuncType,
    wasm_component.ResourceType,
    wasm_component.ComponentInstanceType,
    wasm_component.ComponentType,
    wasm_component.ModuleType,
)
_MOST_LISTED = 10
_MAX_NAME = 100
_MAX_CAUSES = 600
_MAX_EXAMINED = 1_000
_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[^+]*)?(\+.*)?")


def track(name: str) -> str:
    """What wasmtime compares when it links an import: the name with the part of its version that compatible versions
    share.

    That is the major version, or `0.minor` below 1.0; versions below 0.1 and pre-releases are compatible with
    themselves only.
    """
    base, at, version = name.partition("@")
    match = _SEMVER.fullmatch(version)
    if not at or match is None or match[4]:
        return name
    if match[1] != "0":
        return f"{base}@{match[1]}"
    return f"{base}@0.{match[2]}" if match[2] != "0" else name


def check_imports(component: LoadedComponent, engine: wasmtime.Engine, provided: Collection[str]) -> None:
    """Compares what a component imports with what is provided. An interface of types alone needs nothing to be
    provided.

    Raises:
        UnlinkableImportError: something is missing; the message names it, and the hint what there is instead.
    """
    tracks = {track(name) for name in provided}
    missing = tuple(name for name in component.imports if track(name) not in tracks)
    if missing:
        kinds = component.compiled.type.imports(engine)
        missing = tuple(name for name in missing if _needs_something(kinds[name].ty, engine))
    if not missing:
        return
    interfaces = {_interface(wanted) for wanted in missing}
    others = sorted(name for name in provided if _interface(name) in interfaces)
    if others:
        hint = f"this runtime provides {', '.join(others)}: build the guest against that version"
    else:
        own = sorted(name for name in provided if not name.startswith("wasi:"))
        hint = f"this runtime provides {', '.join([*own, f'WASI {WASI_VERSION}'])}"
    message = f"{component.name}: it imports {listed(missing)}, which this runtime does not provide"
    raise UnlinkableImportError(message, hint, missing)


def unlinkable(component: str, report: str) -> UnlinkableImportError:
    """Makes the error for an interface that is there, but not with everything that a component imports from it."""
    lines = [line.strip() for line in report.splitlines()]
    names = tuple(re.findall(r"`([^`]+)`", lines[0]))[:1] if lines else ()
    causes = [line.partition(": ")[2] for line in lines[1:] if re.match(r"\d+: ", line)]
    message = f"{component}: it imports {listed(names)} in a form that this runtime does not provide"
    hint = "build the guest against the version of the interface that this runtime has"
    return UnlinkableImportError(f"{message}: {shown(', '.join(causes), _MAX_CAUSES) or 'unknown reason'}", hint, names)


def listed(names: Sequence[str]) -> str:
    """Return names that a component chose as a list for a message, which no number and no length of them floods."""
    first = ", ".join(shown(name, _MAX_NAME) for name in names[:_MOST_LISTED])
    return f"{first} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else first


def _needs_something(kind: object, engine: wasmtime.Engine) -> bool:
    if isinstance(kind, wasm_component.ComponentInstanceType):
        # wasmtime looks for each member from the first one on: nobody looks at very many.
        count = cast(Any, _bindings).wasmtime_component_instance_type_export_count(kind.ptr(), engine.ptr())
        if count > _MAX_EXAMINED:
            return True
        return any(isinstance(item.ty, _PROVIDED_KINDS) for item in kind.exports(engine).values())
    return isinstance(kind, _PROVIDED_KINDS)


def _interface(name: str) -> str:
    return name.partition("@")[0]
