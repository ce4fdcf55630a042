"""Adapters as components of their own: each imports interfaces and their bridges, and exports the interfaces.

Who composes components himself, with `wac` or `wasm-tools compose`, puts one between a guest and a host that links
with `abi.Linker`. The engine does not need them: it composes a guest with an adapter when it loads it (`compose`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elastic_hal.runtime.bridge.adapter import Adapter
from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.encoding import unsigned
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.named_types import NamedTypes
from elastic_hal.runtime.bridge.outline import Extern, Sort
from elastic_hal.runtime.bridge.selection import selected
from elastic_hal.runtime.bridge.type_encoding import InstanceScope
from elastic_hal.runtime.bridge.types import NOMINAL, Function, Type

COMMENT_SECTION = "elastic-hal"


def adapter_component(interfaces: Mapping[str, Item], names: Sequence[str], comment: str) -> bytes | None:
    """The adapter component for some interfaces; None where none of them passes bytes. Those that do are exported.

    `interfaces` has them under their names, each after those whose types it mentions. Resources have equal numbers
    where they are the same. The comment goes into a custom section.

    Raises:
        BridgeError: an interface cannot have a bridge.
    """
    writer = ComponentWriter()
    types = NamedTypes(writer)
    functions = selected({name: interfaces[name] for name in names}, skip=lambda _: False)
    if not functions:
        return None
    externs = import_interfaces(writer, types, interfaces)
    adapter = Adapter(writer, types, functions)
    for name in dict.fromkeys(function.interface for function in functions if function.interface is not None):
        # Tools that read WIT from a component fail where an export has the very types of an import.
        writer.export(name, Sort.INSTANCE, adapter.instance(externs[name], interfaces[name], own_names=True))
    writer.custom(COMMENT_SECTION, comment.encode())
    return writer.finish()


def import_interfaces(writer: ComponentWriter, types: NamedTypes, interfaces: Mapping[str, Item]) -> dict[str, Extern]:
    """Imports interfaces, each after those whose types it mentions.

    Raises:
        BridgeError: one mentions a type that none has named.
    """
    externs = {}
    for name, item in interfaces.items():
        index = writer.import_instance(name, writer.define_type(_interface_type(item, types)))
        types.note(name, index, item)
        externs[name] = Extern(name, Sort.INSTANCE, index)
    return externs


def _interface_type(item: Item, types: NamedTypes) -> bytes:
    """The type of an instance with all that an interface has."""
    scope = _InterfaceScope(item, types)
    for label, export in item.exports.items():
        if export.resource is not None:
            scope.export_resource(label, export.resource)
    for label, export in item.exports.items():
        if isinstance(export.type_, Function):
            continue
        if export.type_ is not None:
            scope.export_type(label, export.type_)
    for label, export in item.exports.items():
        if isinstance(export.type_, Function):
            scope.export_function(label, export.type_)
    return scope.finish()


class _InterfaceScope(InstanceScope):
    """Types under the names that the interface gives them; resources that others define are taken from there."""

    def __init__(self, item: Item, outside: NamedTypes) -> None:
        super().__init__()
        first = reversed(item.exports.items())
        self._labels: dict[Type, str] = {
            export.type_: label for label, export in first if isinstance(export.type_, NOMINAL)
        }
        self._outside = outside
        self._resources: dict[int, int] = {}

    def export_resource(self, label: str, number: int) -> None:
        """Exports a resource: one of another import, another name for one of this, or one of its own."""
        known = self._resources.get(number)
        if known is None and (outer := self._outside.known_resource(number)) is not None:
            known = self._alias_outer(outer)
        bound = b"\x01" if known is None else b"\x00" + unsigned(known)
        index = self._export_type(label, bound)
        self._resources.setdefault(number, index)

    def export_type(self, label: str, type_: Type) -> None:
        """Exports a type that is no resource."""
        index = self.index(type_)
        if self._labels.get(type_) != label:
            self._export_type(label, b"\x00" + unsigned(index))

    def _named(self, type_: Type) -> int | None:
        if type_ in self._labels:
            return None
        outer = self._outside.known_type(type_)
        if outer is None:
            raise BridgeError("an interface mentions a type that has no name")
        return self._alias_outer(outer)

    def _name(self, index: int, type_: Type) -> int:
        return self._export_type(self._labels[type_], b"\x00" + unsigned(index))

    def _resource(self, number: int) -> int:
        if number not in self._resources:
            raise BridgeError("an interface mentions a resource that has no name")
        return self._resources[number]
