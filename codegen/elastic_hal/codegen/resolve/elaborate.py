"""Completes a world: adds the interfaces whose types its imports and exports use, and refuses what cannot be linked.

An exported interface uses the types of another export where there is one, else of an import. Imports use imports.
"""

from __future__ import annotations

from collections.abc import Iterable

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.context import Context, ResolvedItem
from elastic_hal.codegen.resolve.order import in_dependency_order


def elaborate(world: model.World, items: Iterable[ResolvedItem], context: Context) -> None:
    """Fills the imports and exports of a world, each after what it depends on."""
    items = list(items)
    imports = [item for item in items if item.direction == "import"]
    exports = [item for item in items if item.direction == "export"]
    for resolved in sorted(imports, key=lambda resolved: _rank(resolved.item)):
        _add_import(world, resolved, context)
    for resolved in exports:
        if not isinstance(resolved.item, model.InterfaceItem):
            world.exports[resolved.key] = resolved.item
    _Exports(world, exports, context).add_all()
    in_order = sorted(world.imports.items(), key=lambda entry: _rank(entry[1]))
    world.imports.clear()
    world.imports.update(in_order)


def _rank(item: model.WorldItem) -> int:
    """Interfaces, then types from elsewhere, own types, functions: the order in which a component can declare them."""
    match item:
        case model.InterfaceItem():
            return 0
        case model.TypeItem(definition):
            return 2 if _origin(definition) is None else 1
        case model.FunctionItem(function):
            return 3 if function.resource is None else 4


def interface_dependencies(interface: model.Interface) -> list[model.Interface]:
    """The interfaces whose types an interface uses, each once, in the order of the text."""
    owners: dict[model.Interface, None] = {}
    for definition in interface.types.values():
        owner = _origin(definition)
        if owner is not None and owner is not interface:
            owners[owner] = None
    return list(owners)


def _origin(definition: model.TypeDef) -> model.Interface | None:
    kind = definition.kind
    if not isinstance(kind, model.Alias) or not isinstance(kind.target, model.TypeDef):
        return None
    return kind.target.owner if isinstance(kind.target.owner, model.Interface) else None


def _add_import(world: model.World, resolved: ResolvedItem, context: Context) -> None:
    item = resolved.item
    if isinstance(item, model.InterfaceItem):
        _import_all(world, _dependencies(item.interface, context), item.stability, context)
    elif isinstance(item, model.TypeItem):
        origin = _origin(item.type)
        _import_all(world, [] if origin is None else [origin], item.type.stability, context)
    world.imports.setdefault(resolved.key, item)


def _import_all(
    world: model.World, interfaces: Iterable[model.Interface], stability: model.Stability, context: Context
) -> None:
    def missing(wanted: Iterable[model.Interface]) -> list[model.Interface]:
        # What is imported has its dependencies imported, so that there is no need to look further.
        return [interface for interface in wanted if interface.id not in world.imports]

    order, _ = in_dependency_order(missing(interfaces), lambda one: missing(_dependencies(one, context)))
    for interface in order:
        _import_by_id(world, interface, stability)


def _dependencies(interface: model.Interface, context: Context) -> list[model.Interface]:
    """The dependencies of an interface whose body is complete; they are asked for very often."""
    known = context.dependencies.get(interface)
    if known is None:
        known = context.dependencies[interface] = interface_dependencies(interface)
    return known


def _import_by_id(world: model.World, interface: model.Interface, stability: model.Stability) -> None:
    if interface.id is not None:
        world.imports.setdefault(interface.id, model.InterfaceItem(interface, stability))


class _Exports:
    """Adds exported interfaces and, as exports or imports, all that they need."""

    def __init__(self, world: model.World, exports: Iterable[ResolvedItem], context: Context) -> None:
        self._world = world
        self._context = context
        self._written = {resolved.key: resolved for resolved in exports}
        self._imported: dict[model.Interface, tuple[ResolvedItem, model.Interface]] = {}
        """What has to be imported: for which export, and by which interface between the two."""

    def add_all(self) -> None:
        """Adds every export; stops, reported, at one that would need an interface both imported and exported."""
        for resolved in self._written.values():
            if isinstance(resolved.item, model.InterfaceItem) and not self._add(resolved, resolved.item):
                return

    def _add(self, resolved: ResolvedItem, item: model.InterfaceItem) -> bool:
        if resolved.key in self._world.exports:
            return True
        # Dependencies first, each an export where all interfaces from the top down to it are. What comes in this way
        # has the gate and the external id of the interface that needs it.
        pending = [(resolved.key, item, True, iter(_dependencies(item.interface, self._context)))]
        while pending:
            key, item, is_export, dependencies = pending[-1]
            dependency = next(dependencies, None)
            if dependency is None:
                pending.pop()
                if not self._finish(key, item, is_export):
                    return False
                continue
            name = dependency.id or ""
            as_export = is_export and name in self._written
            if name in self._world.exports and not as_export:
                _report_clash(resolved, item.interface, self._written[name], self._context)
                return False
            if name in self._world.exports or (not as_export and dependency in self._imported):
                continue
            if not as_export:
                self._imported[dependency] = (resolved, item.interface)
            needed = model.InterfaceItem(dependency, item.stability, item.external_id)
            pending.append((name, needed, as_export, iter(_dependencies(dependency, self._context))))
        return True

    def _finish(self, key: str, item: model.InterfaceItem, is_export: bool) -> bool:
        if not is_export:
            self._world.imports.setdefault(key, item)
        elif item.interface in self._imported:
            needing, between = self._imported[item.interface]
            _report_clash(needing, between, self._written[key], self._context)
            return False
        else:
            self._world.exports[key] = item
        return True


def _report_clash(resolved: ResolvedItem, dependency: model.Interface, clash: ResolvedItem, context: Context) -> None:
    message = (
        f"the export `{resolved.key}` uses types of `{dependency.id}`, which is imported and would need `{clash.key}` "
        "imported as well, but the world exports that"
    )
    notes = [
        Note(f"`{clash.key}` is exported here", clash.span),
        Note(f"export `{dependency.id}` too, so that all of them are exports"),
    ]
    context.diagnostics.error(Code.INCOMPATIBLE_DEPENDENCY, message, resolved.span, notes)
