"""Links WASI for one workload: wasmtime's, but for what would reach beyond what is granted.

A guest that may write to a directory could leave a symbolic link in it that leads out of it: `../../etc/passwd`. The
guest itself gains nothing by it, because WASI follows no link out of a directory, but whoever opens it on the host
follows it. Looking at where a link leads is not enough, since links can be moved afterwards. So guests make none, and
no second names for what is there (`link-at`), which may be a link. That they can rename links that the host left there
is what `moved_links.py` looks after.
"""

from __future__ import annotations

from typing import Any

from wasmtime import component as wasm_component

NATIVE_FILESYSTEM = "wasi:filesystem/types@0.2.12"
"""The interface as wasmtime itself has it. Only under this very name is one of its functions exchanged; under another
version's it would be an interface of its own.
"""

_REFUSED = "not-permitted"


def link_wasi(linker: wasm_component.Linker) -> None:
    """Give a linker what guests may have of WASI."""
    linker.add_wasip2()
    linker.allow_shadowing = True
    try:
        with linker.root() as root, root.add_instance(NATIVE_FILESYSTEM) as types:
            types.add_func("[method]descriptor.symlink-at", _refuse)
            types.add_func("[method]descriptor.link-at", _refuse_name)
    finally:
        linker.allow_shadowing = False


def _refuse(store: Any, directory: wasm_component.ResourceAny, _target: str, _path: str) -> str:
    """Refuse a symbolic link as systems do whose file system has none."""
    directory.drop(store)
    return _REFUSED


def _refuse_name(
    store: Any,
    directory: wasm_component.ResourceAny,
    _flags: object,
    _old: str,
    other: wasm_component.ResourceAny,
    _new: str,
) -> str:
    """Refuse a second name for a file."""
    directory.drop(store)
    other.drop(store)
    return _REFUSED
