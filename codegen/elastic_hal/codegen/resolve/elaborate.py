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
    for resolved in sorted(imports, key=_rank):
        _add_import(world, resolved, context)
    _add_imports_of_exports(world, exports, context)
    for resolved in exports:
        world.exports[resolved.key] = resolved.item


def _rank(resolved: ResolvedItem) -> int:
    """Interfaces before types before functions: the order in which a component can declare them."""
    return (
        0 if isinstance(resolved.item, model.InterfaceItem) else 1 if isinstance(resolved.item, model.TypeItem) else 2
    )


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


def _add_imports_of_exports(world: model.World, exports: list[ResolvedItem], context: Context) -> None:
    # An export under a name of its own does not stand for the interface's id.
    by_id = {
        resolved.item.interface: resolved
        for resolved in exports
        if isinstance(resolved.item, model.InterfaceItem) and not resolved.is_name
    }
    checked: set[model.Interface] = set()
    for resolved in exports:
        if not isinstance(resolved.item, model.InterfaceItem):
            continue
        needed, _ = in_dependency_order(
            _dependencies(resolved.item.interface, context),
            lambda one: (other for other in _dependencies(one, context) if other not in checked),
        )
        for dependency in needed:
            if dependency in by_id or dependency in checked:
                continue
            checked.add(dependency)
            clash = next((deeper for deeper in _dependencies(dependency, context) if deeper in by_id), None)
            if clash is not None:
                _report_clash(resolved, dependency, by_id[clash], context)
                break
            _import_by_id(world, dependency, resolved.item.stability)


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
