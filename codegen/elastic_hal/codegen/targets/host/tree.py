"""The whole tree of host bindings of a world: a module for each interface, and the package that links them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import PrivateName, Scope, private, snake
from elastic_hal.codegen.targets.exports import ExportsPlan, plan_exports
from elastic_hal.codegen.targets.host.exports import export_files
from elastic_hal.codegen.targets.host.views import host_module
from elastic_hal.codegen.targets.layout import (
    Bracket,
    call,
    docstring,
    import_statement,
    right_side,
    statement,
    string,
    tuple_of,
)
from elastic_hal.codegen.targets.module_context import natural_key
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.packages import package_files
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan, plan_tree
from elastic_hal.codegen.targets.printing import print_template
from elastic_hal.codegen.targets.type_names import Names, name_types


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One interface that is linked: the field of `Providers`, and the statement that links it."""

    statement: str
    docs: str
    linking: str


@dataclass(frozen=True, slots=True)
class HostWorldView:
    """All that the template of the tree's package prints."""

    marker: str
    docs: str
    imports: tuple[str, ...]
    interfaces: str
    providers: tuple[ProviderView, ...]


def generate_host(resolve: model.Resolve, world: model.World, external: Sequence[str] = ()) -> dict[str, str]:
    """The host bindings for what `world` imports and exports, as relative path and text.

    `external` are globs of packages (`wasi:*`) or interfaces that somebody else links: of these there are only the
    types that others use. What a world exports is called by the host, whatever package it is from.

    Raises:
        GenerationError: the world uses a construct that host bindings cannot carry.
    """
    plan = plan_tree(resolve, world, external, for_exports=True)
    names = name_types(plan)
    exports = plan_exports(plan, names)
    files = package_files(plan)
    for module in plan.modules:
        files[module.path] = print_template("host_interface.py.jinja", module=host_module(plan, module, names))
    files["__init__.py"] = print_template("host_world.py.jinja", world=_world(plan, names, exports))
    if exports is not None:
        files |= export_files(exports)
    return files


def _world(plan: TreePlan, names: Names, exports: ExportsPlan | None) -> HostWorldView:
    fields, aliases = Scope(), Scope(("_dataclasses", "_abi"))
    providers = []
    imports = []
    for module in plan.modules:
        if module.links:
            alias = aliases.claim(private(module.folder, module.module))
            line = import_statement(f".{module.folder}", module.module, alias)
            imports.append((natural_key(module.folder), natural_key(module.module), line))
            providers.append(_provider(module, fields, alias, names))
    if exports is not None:
        imports.append((natural_key("guest"), natural_key(""), "from .guest import Guest as Guest"))
    interfaces = [
        string(module.import_name) for module in plan.modules if not module.external and module.import_name is not None
    ]
    return HostWorldView(
        marker=marker_line(str(plan.world.package.name)),
        docs=docstring(plan.world.docs or f"Host bindings of {plan.world_id}."),
        imports=tuple(line for *_, line in sorted(imports)),
        interfaces=statement(
            "INTERFACES: tuple[str, ...] = ", tuple_of(*interfaces) if interfaces else Bracket("(", (), ")")
        ),
        providers=tuple(providers),
    )


def _provider(module: ModulePlan, fields: Scope, alias: PrivateName, names: Names) -> ProviderView:
    field = fields.claim(snake(f"{module.folder}-{module.module}".replace("_", "-")))
    docs = docstring(f"Provides {module.label}.", 1)
    linking = statement("", call(f"{alias}.add_to_linker", "linker", f"providers.{field}"), depth=1)
    return ProviderView(right_side(f"{field}: ", f"{alias}.{names.titles[module]}", 1), docs, linking)
