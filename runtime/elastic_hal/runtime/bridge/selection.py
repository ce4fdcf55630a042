"""Which imports of a component get a bridge, and which of their functions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elastic_hal.runtime.bridge.errors import UnsupportedTypeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.layout import call
from elastic_hal.runtime.bridge.names import WORLD_BRIDGE, bridge_name, function_name
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.types import Function, has_bytes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selected:
    """A function that goes over a bridge: under which import it stands (None for the world's own), its name, its type,
    and both names in the bridge instance.
    """

    interface: str | None
    name: str
    type_: Function
    bridge: str
    bridge_function: str


def selected(imports: Mapping[str, Item], skip: Callable[[str], bool]) -> tuple[Selected, ...]:
    """The functions with bytes among a component's imports, in their order; `skip` names imports to leave alone."""
    found = []
    for name, item in imports.items():
        if skip(name):
            continue
        if item.sort is Sort.INSTANCE:
            candidates = [_select(name, label, export) for label, export in item.exports.items()]
        else:
            candidates = [_select(None, name, item)]
        chosen = [candidate for candidate in candidates if candidate is not None]
        if chosen and not all(map(_known, item.exports.values())):
            _log.info("%s has no bridge: it has items of a kind that none can carry", name)
            continue
        found += chosen
    return tuple(found)


def _known(item: Item) -> bool:
    """Whether an item can be given on to a guest under its name. All must be where one goes over a bridge."""
    if item.sort is Sort.TYPE:
        return item.resource is not None or item.type_ is not None
    return item.sort is Sort.FUNCTION and item.type_ is not None


def _select(interface: str | None, label: str, item: Item) -> Selected | None:
    if item.sort is not Sort.FUNCTION or not isinstance(item.type_, Function) or not has_bytes(item.type_):
        return None
    try:
        bridge = WORLD_BRIDGE if interface is None else bridge_name(interface)
        found = Selected(interface, label, item.type_, bridge, function_name(label))
        call(item.type_)
    except (ValueError, UnsupportedTypeError):
        return None
    return found
