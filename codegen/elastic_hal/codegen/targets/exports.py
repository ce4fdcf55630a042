"""Which modules are generated for what a world exports, and whose types they use.

A type stands where the other side of the contract has it: a value type of an interface that is imported as well is
the one of the import, so that one class means one thing. Resources are not: an exported resource is implemented by
the guest, an imported one by the host, also where both come from one interface. So resources of exports, and all
types that they are part of, are the export's own. Exports use types of other exports where there are such, else of
imports.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import ClassName, Scope, SnakeName, pascal, snake
from elastic_hal.codegen.targets.facts import walk
from elastic_hal.codegen.targets.plan import (
    ModulePlan,
    TreePlan,
    check_module,
    exported_functions,
    exported_interfaces,
    folders_of,
)
from elastic_hal.codegen.targets.type_names import Names, TypeNames, name_types

EXPORTS_FOLDER = SnakeName("exports")
"""Holds the modules of exports. No package's folder is called so: theirs have two words."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportModulePlan(ModulePlan):
    """The module of an exported interface, or of the world's own functions (then `import_name` is None)."""

    world: str

    @property
    def path(self) -> str:
        """The module's file, relative to the generated tree."""
        return f"{self.module}.py" if self.import_name is None else f"{EXPORTS_FOLDER}/{self.folder}/{self.module}.py"

    @property
    def label(self) -> str:
        """What messages and docs call it."""
        return self.import_name or f"the exports of world {self.world}"


@dataclass(frozen=True, slots=True, eq=False)
class PlannedExport:
    """One module with the plan and the names as they are seen in it. `shared` are types of its interface that stand in
    the module of the import; each has its name here.
    """

    module: ExportModulePlan
    plan: TreePlan
    names: Names
    shared: dict[model.TypeDef, ClassName]


@dataclass(frozen=True, slots=True, eq=False)
class ExportsPlan:
    """Everything that a world exports: its interfaces, and its own functions as one module more."""

    interfaces: tuple[PlannedExport, ...]
    world: PlannedExport


def plan_exports(plan: TreePlan, names: Names) -> ExportsPlan | None:
    """Plans the modules for what the world of `plan` exports; None where it exports nothing.

    Raises:
        GenerationError: an export uses a construct that the targets cannot carry.
    """
    exported = exported_interfaces(plan.world)
    functions = exported_functions(plan.world)
    if not exported and not functions:
        return None
    folders = folders_of({interface.package.name for interface in exported.values()})
    scopes: dict[SnakeName, Scope] = {}
    found = [
        _own_part(plan, _interface_module(name, interface, plan.world, folders, scopes), tuple(exported.values()))
        for name, interface in exported.items()
    ]
    owners, seen = dict(plan.owners), dict(names.types)
    for part in reversed(found):  # where several exports have a type, it is the first one's to the others
        owners |= dict.fromkeys(part.module.types, part.module)
        seen |= part.types()
    interfaces = tuple(
        PlannedExport(
            part.module,
            replace(plan, owners=owners | dict.fromkeys(part.module.types, part.module)),
            Names(seen | part.types(), names.titles | part.names.titles),
            part.shared,
        )
        for part in found
    )
    world = _world_module(plan.world, functions)
    for export in interfaces:
        check_module(export.module, export.plan.owners)
    check_module(world, plan.owners)
    titles = names.titles | {export.module: export.names.titles[export.module] for export in interfaces}
    return ExportsPlan(interfaces, PlannedExport(world, plan, Names(names.types, titles | {world: world.title}), {}))


@dataclass(frozen=True, slots=True, eq=False)
class _OwnPart:
    """The module of an exported interface without the types that it shares with an import."""

    module: ExportModulePlan
    shared: dict[model.TypeDef, ClassName]
    names: Names

    def types(self) -> dict[model.TypeDef, TypeNames]:
        """The names of the types that are the module's own."""
        return {wit_type: self.names.types[wit_type] for wit_type in self.module.types}


def _own_part(plan: TreePlan, whole: ExportModulePlan, exported: tuple[model.Interface, ...]) -> _OwnPart:
    names = name_types(replace(plan, modules=(whole,)))
    shared = {
        wit_type: names.types[wit_type].name
        for wit_type in whole.types
        if wit_type in plan.owners and not _holds_resource_of(wit_type, exported)
    }
    module = replace(whole, types=tuple(wit_type for wit_type in whole.types if wit_type not in shared))
    return _OwnPart(module, shared, Names(names.types, {module: names.titles[whole]}))


def _interface_module(
    name: str,
    interface: model.Interface,
    world: model.World,
    folders: dict[model.PackageName, SnakeName],
    scopes: dict[SnakeName, Scope],
) -> ExportModulePlan:
    folder = folders[interface.package.name]
    plain = interface.name if name == interface.id and interface.name is not None else name
    return ExportModulePlan(
        folder=folder,
        module=scopes.setdefault(folder, Scope()).claim(snake(plain)),
        import_name=name,
        title=pascal(plain),
        package=interface.package.name,
        types=tuple(interface.types.values()),
        functions=tuple(interface.functions.values()),
        docs=interface.docs,
        external=False,
        world=world.name,
    )


def _world_module(world: model.World, functions: tuple[model.Function, ...]) -> ExportModulePlan:
    return ExportModulePlan(
        folder=EXPORTS_FOLDER,
        module=SnakeName("guest"),
        import_name=None,
        title=ClassName("Guest"),
        package=world.package.name,
        types=(),
        functions=functions,
        docs=world.docs,
        external=False,
        world=world.name,
    )


def _holds_resource_of(wit_type: model.TypeDef, exported: tuple[model.Interface, ...]) -> bool:
    """Whether a handle to a resource that the guest implements is part of a type."""
    return any(
        isinstance(part, model.TypeDef) and isinstance(part.kind, model.Resource) and part.owner in exported
        for part, _ in walk((wit_type,))
    )
