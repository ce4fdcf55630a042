"""Puts an adapter between a guest and the host: the result imports what the guest does and the bridges beside it, and
exports what the guest does.

What cannot be bridged is used as it is, so nothing here raises; the log says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime.bridge import reflection
from elastic_hal.runtime.bridge.adapter import Adapter
from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.named_types import NamedTypes
from elastic_hal.runtime.bridge.names import is_bridge_name
from elastic_hal.runtime.bridge.outline import Outline, Sort, outline
from elastic_hal.runtime.bridge.selection import selected

BRIDGE_VERSION = 2
"""Changes whenever the same guest is composed differently than before."""

_log = logging.getLogger(__name__)


def bridged(content: bytes, engine: wasmtime.Engine, skip: Callable[[str], bool]) -> bytes | None:
    """A guest with an adapter; None where nothing passes bytes, or where none can be had.

    `skip` is true for the names of imports that must be left alone. The same guest gives the same bytes.
    """
    try:
        return _composed(content, engine, skip)
    except BridgeError as error:
        _log.info("a component runs without a bridge for bytes: %s", error)
    except Exception:  # a fault of ours, which must not keep anyone's guest from running
        _log.exception("a component runs without a bridge for bytes")
    return None


def _composed(content: bytes, engine: wasmtime.Engine, skip: Callable[[str], bool]) -> bytes | None:
    guest = outline(content)
    if any(is_bridge_name(extern.name) for extern in guest.imports):
        raise BridgeError("it imports names that are reserved for bridges")
    if all(skip(extern.name) for extern in guest.imports):
        return None
    items = _imports(guest.hull, engine)
    functions = selected(items, skip)
    if not functions:
        return None
    writer = ComponentWriter(guest.hull, guest.counts)
    types = NamedTypes(writer)
    for extern in guest.imports:
        if extern.name in items:  # type definitions are no imports to wasmtime
            types.note(extern.name, extern.index, items[extern.name])
    adapter = Adapter(writer, types, functions)
    _add_guest(writer, guest, content, _arguments(guest, items, adapter))
    return writer.finish()


def _imports(hull: bytes, engine: wasmtime.Engine) -> dict[str, Item]:
    try:
        return reflection.imports(wasm_component.Component(engine, hull), engine)
    except wasmtime.WasmtimeError as error:
        reason = str(error).strip().rpartition("\n")[2].strip()
        raise BridgeError(f"its imports are not valid on their own: {reason}") from error


def _arguments(guest: Outline, items: dict[str, Item], adapter: Adapter) -> list[tuple[str, Sort, int]]:
    bridged_interfaces = {interface for interface, _ in adapter.functions}
    arguments = []
    for extern in guest.imports:
        index = adapter.functions.get((None, extern.name), extern.index)
        if extern.sort is Sort.INSTANCE and extern.name in bridged_interfaces:
            index = adapter.instance(extern, items[extern.name])
        arguments.append((extern.name, extern.sort, index))
    return arguments


def _add_guest(writer: ComponentWriter, guest: Outline, content: bytes, arguments: list[tuple[str, Sort, int]]) -> None:
    instance = writer.instantiate(writer.component(content), arguments)
    for export in guest.exports:
        writer.export(export.name, export.sort, writer.alias(instance, export.sort, export.name))
