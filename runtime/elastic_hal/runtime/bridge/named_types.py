"""Which types have a name in a component that is being written, so that other types may mention them.

Resources are what they are by name only. Records and their like may be mentioned by imports and exports only if an
import or an export has named them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.type_encoding import ComponentScope
from elastic_hal.runtime.bridge.types import NOMINAL, Type


@dataclass(slots=True)
class _Place:
    """A type of the component itself, or what an instance exports under a label, which gets an index when needed."""

    interface: str | None
    label: str
    instance: int = 0
    index: int | None = None


@dataclass(slots=True)
class NamedTypes:
    """The named types of a component."""

    writer: ComponentWriter
    _resources: dict[int, list[_Place]] = field(default_factory=dict)
    _types: dict[Type, list[_Place]] = field(default_factory=dict)

    def note(self, name: str, index: int, item: Item) -> None:
        """Takes note of an import or export: of a type, or of an instance and its types."""
        if item.sort is Sort.TYPE:
            self._note(item, _Place(None, name, index=index))
        for label, export in item.exports.items():
            if export.sort is Sort.TYPE:
                self._note(export, _Place(name, label, instance=index))

    def scope(self, interface: str | None = None) -> ComponentScope:
        """A place for further types. They mention named types as an interface names them, if it does: methods must,
        because a resource counts as another under each name.
        """
        return ComponentScope(
            self.writer,
            lambda number: self.resource(number, interface),
            lambda type_: self.known_type(type_, interface),
        )

    def resource(self, number: int, interface: str | None = None) -> int:
        """The type index of a resource, as an interface names it if it does."""
        found = self.known_resource(number, interface)
        if found is None:
            raise BridgeError("a resource has no name among the imports")
        return found

    def known_resource(self, number: int, interface: str | None = None) -> int | None:
        """As `resource`, but None where the resource has no name."""
        return self._find(self._resources.get(number, ()), interface)

    def known_type(self, type_: Type, interface: str | None = None) -> int | None:
        """The type index of a record or its like, if it has a name."""
        return self._find(self._types.get(type_, ()), interface)

    def _note(self, item: Item, place: _Place) -> None:
        if item.resource is not None:
            self._resources.setdefault(item.resource, []).append(place)
        elif isinstance(item.type_, NOMINAL):
            self._types.setdefault(item.type_, []).append(place)

    def _find(self, places: Sequence[_Place], interface: str | None) -> int | None:
        if not places:
            return None
        return self._index(next((place for place in places if place.interface == interface), places[0]))

    def _index(self, place: _Place) -> int:
        if place.index is None:
            place.index = self.writer.alias(place.instance, Sort.TYPE, place.label)
        return place.index
