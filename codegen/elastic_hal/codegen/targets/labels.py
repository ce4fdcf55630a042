"""Interfaces that a world imports or exports under labels: `import primary: store;`.

A component has an instance of its own for each label, and each instance has resources of its own. So to the targets a
labelled interface is what an inline one is: an interface with its own types, named by nothing but its label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from elastic_hal.codegen import model
from elastic_hal.codegen.diagnostics import Diagnostics
from elastic_hal.codegen.resolve.clone import clone_interface
from elastic_hal.codegen.resolve.context import Context


def with_labels_apart(world: model.World) -> model.World:
    """The world with a copy for each labelled interface, or the world itself where none is labelled."""
    imports, exports = _apart(world.imports, world), _apart(world.exports, world)
    if imports == world.imports and exports == world.exports:
        return world
    return replace(world, imports=imports, exports=exports)


def _apart(items: Mapping[str, model.WorldItem], world: model.World) -> dict[str, model.WorldItem]:
    return {key: _labelled(key, item, world) for key, item in items.items()}


def _labelled(key: str, item: model.WorldItem, world: model.World) -> model.WorldItem:
    if not isinstance(item, model.InterfaceItem) or item.interface.id in (None, key):
        return item
    copy = clone_interface(item.interface, world, Context(frozenset(), False, Diagnostics()))
    about = f"The interface `{item.interface.id}` under the label `{key}`."
    docs = item.docs or item.interface.docs
    copy.name, copy.docs = None, f"{docs.rstrip()}\n\n{about}" if docs and docs.strip() else about
    return replace(item, interface=copy, docs=None)
