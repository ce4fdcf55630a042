"""A nested component that gives the items of an interface their names.

Methods may only be exported beside the resource that they belong to, by a component; an instance put together from
items cannot have them. So the items go into a component of their own, as one instance with names that say nothing, and
come out under the interface's names with types that mention each other by these names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.named_types import NamedTypes
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.type_encoding import ComponentScope, GivenScope
from elastic_hal.runtime.bridge.types import Borrow, Function, Own, Type, walk

_GIVEN = "given"
_EXTRA = "elastic-hal-type"  # names of resources that the interface uses without exporting them


def named_instance(
    writer: ComponentWriter, types: NamedTypes, interface: str, item: Item, function: Callable[[str], int]
) -> int:
    """An instance with the items of an interface; `function` gives the index of each function."""
    scope = GivenScope()
    functions = {label: export.type_ for label, export in item.exports.items() if export.sort is Sort.FUNCTION}
    for place, type_ in enumerate(functions.values()):
        scope.export_function(_function_label(place), _known(interface, type_))
    for export in item.exports.values():
        if export.sort is Sort.TYPE and export.type_ is not None and not isinstance(export.type_, Function):
            scope.give(export.type_)
    content = _Shim(item, scope).write()
    outside = types.scope(interface)
    given = [(label, Sort.TYPE, types.resource(number, interface)) for number, label in scope.resources.items()]
    given += [(label, Sort.TYPE, outside.index(type_)) for type_, label in scope.named.items()]
    given += [(_function_label(place), Sort.FUNCTION, function(label)) for place, label in enumerate(functions)]
    bundle = writer.bundle(given)
    return writer.instantiate(writer.component(content), [(_GIVEN, Sort.INSTANCE, bundle)])


def _function_label(place: int) -> str:
    return f"function{place}"


def _known(interface: str, type_: Function | Type | None) -> Function:
    if not isinstance(type_, Function):
        raise BridgeError(f"{interface} has a function of a type that no bridge can carry")
    return type_


class _Shim:
    """Writes the nested component."""

    def __init__(self, item: Item, given: GivenScope) -> None:
        self._exports: Mapping[str, Item] = item.exports
        self._given = given
        self._writer = ComponentWriter()
        self._instance = 0
        self._extras = 0
        self._scope = ComponentScope(self._writer, self._resource, self._given_type)
        self._resources: dict[int, int] = {}

    def write(self) -> bytes:
        """The component's bytes."""
        for export in self._exports.values():
            _give_resources(export, self._given)
        self._instance = self._writer.import_instance(_GIVEN, self._writer.define_type(self._given.finish()))
        for label, export in sorted(self._exports.items(), key=lambda named: named[1].resource is None):
            if export.sort is Sort.TYPE:
                self._export_type(label, export)
            elif export.sort is not Sort.FUNCTION:
                raise BridgeError(f"an interface exports {label}, which is neither a function nor a type")
        functions = [(label, export.type_) for label, export in self._exports.items() if export.sort is Sort.FUNCTION]
        for place, (label, type_) in enumerate(functions):
            source = self._writer.alias(self._instance, Sort.FUNCTION, _function_label(place))
            self._writer.export_as(label, source, self._scope.function(_known(label, type_)))
        return self._writer.finish()

    def _export_type(self, label: str, export: Item) -> None:
        if export.resource is not None:
            known = self._resources.get(export.resource)
            source = self._given_resource(export.resource) if known is None else known
            self._resources.setdefault(export.resource, self._writer.export(label, Sort.TYPE, source))
        elif export.type_ is None or isinstance(export.type_, Function):
            raise BridgeError(f"an interface exports the type {label}, which no bridge can carry")
        else:
            self._writer.export(label, Sort.TYPE, self._given_type(export.type_))

    def _given_type(self, type_: Type) -> int:
        """The type index of a type as it was given: made anew it would not be the imported one, and a
        guest could not export what mentions it.
        """
        return self._writer.alias(self._instance, Sort.TYPE, self._given.named[type_])

    def _resource(self, number: int) -> int:
        """The type index of a resource that is exported, now if not before."""
        if number not in self._resources:
            self._extras += 1
            source = self._given_resource(number)
            self._resources[number] = self._writer.export(f"{_EXTRA}{self._extras}", Sort.TYPE, source)
        return self._resources[number]

    def _given_resource(self, number: int) -> int:
        return self._writer.alias(self._instance, Sort.TYPE, self._given.resources[number])


def _give_resources(export: Item, given: GivenScope) -> None:
    """Takes note of resources that only types mention: what an instance is given must have them too."""
    if export.resource is not None:
        given.resource(export.resource)
    elif export.type_ is not None and not isinstance(export.type_, Function):
        for part in walk(export.type_):
            if isinstance(part, Own | Borrow):
                given.resource(part.resource)
