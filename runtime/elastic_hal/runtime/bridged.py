"""Compiles components, with an adapter for their bytes where there can be one.

What an adapter is and how it is composed is the business of `bridge/`; how the host reaches its memory that of
`abi/window`. Here is only decided whether a component gets one. It never fails for the adapter's sake: a component
that cannot have one runs as it is, and the log says why.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime.bridge.compose import BRIDGE_VERSION, bridged
from elastic_hal.runtime.bridge.names import NAMESPACE, is_bridge_name
from elastic_hal.runtime.components import check_header, compile_component
from elastic_hal.runtime.errors import UnlinkableImportError
from elastic_hal.runtime.imports import WASI_INTERFACES, listed, track

_log = logging.getLogger(__name__)
_WASI_TRACKS = frozenset(track(name) for name in WASI_INTERFACES)

__all__ = ["BRIDGE_VERSION", "compile_guest"]


def compile_guest(engine: wasmtime.Engine, content: bytes, name: str, *, bridge: bool) -> wasm_component.Component:
    """Compiles a component, together with an adapter if `bridge` says so and it has a use for one.

    Raises:
        UnlinkableImportError: it imports what only adapters may.
        ComponentError: it is no valid component.
    """
    check_header(content, name)
    if NAMESPACE.encode() in content:
        _refuse_reserved(compile_component(engine, content, name).type.imports(engine), name)
    composed = bridged(content, engine, _linked_by_wasmtime) if bridge else None
    if composed is None:
        return compile_component(engine, content, name)
    try:
        return wasm_component.Component(engine, composed)
    except wasmtime.WasmtimeError as error:
        compiled = compile_component(engine, content, name)
        _log.warning("%s runs without the bytes bridge, because its adapter does not fit: %s", name, error)
        return compiled


def _linked_by_wasmtime(name: str) -> bool:
    return track(name) in _WASI_TRACKS


def _refuse_reserved(imports: Iterable[str], name: str) -> None:
    reserved = tuple(wanted for wanted in imports if is_bridge_name(wanted))
    if reserved:
        raise UnlinkableImportError(
            f"{name}: it imports {listed(reserved)}, which is reserved for the runtime's own adapters",
            "build the guest for the interface itself; the runtime adds the adapter when it loads the component",
            reserved,
        )
