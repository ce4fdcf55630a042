"""Which modules are generated for a world, where they lie, and whether the targets can carry the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import ClassName, Scope, SnakeName, package_folder, pascal, snake
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.targets.errors import GenerationError
from elastic_hal.codegen.targets.facts import function_types, kind_of, walk
from elastic_hal.codegen.targets.labels import with_labels_apart

DEEPEST_TYPE = 100


@dataclass(frozen=True, slots=True, eq=False)
class ModulePlan:
    """One generated module: an interface, or what a world imports without one.

    `import_name` is the name under which a component imports it, None for the world itself. An external module gives
    types only: somebody else links its functions.
    """

    folder: SnakeName
    module: SnakeName
    import_name: str | None
    title: ClassName
    package: model.PackageName
    types: tuple[model.TypeDef, ...]
    functions: tuple[model.Function, ...]
    docs: str | None
    external: bool

    @property
    def path(self) -> str:
        """The module's file, relative to the generated tree."""
        return f"{self.folder}/{self.module}.py"

    @property
    def label(self) -> str:
        """What messages and docs call it."""
        return self.import_name or f"the imports of world {self.module}"

    @property
    def resource_aliases(self) -> tuple[model.TypeDef, ...]:
        """The resources that a world brings in by `use`: a component imports them beside those of their interface."""
        if self.import_name is not None:
            return ()
        aliases = (wit_type for wit_type in self.types if isinstance(wit_type.kind, model.Alias))
        return tuple(alias for alias in aliases if isinstance(kind_of(alias), model.Resource))

    @property
    def links(self) -> bool:
        """Whether there is anything in it to link."""
        return not self.external and bool(
            self.functions
            or self.resource_aliases
            or any(isinstance(wit_type.kind, model.Resource) for wit_type in self.types)
        )


@dataclass(frozen=True, slots=True, eq=False)
class TreePlan:
    """Every module of a generated tree, in the order of the world's imports."""

    world: model.World
    resolve: model.Resolve
    modules: tuple[ModulePlan, ...]
    owners: dict[model.TypeDef, ModulePlan]

    @property
    def world_id(self) -> str:
        """`elastic:hal/imports@0.2.0`."""
        package = self.world.package.name
        version = "" if package.version is None else f"@{package.version}"
        return f"{package.namespace}:{package.name}/{self.world.name}{version}"


def plan_tree(
    resolve: model.Resolve, world: model.World, external: Sequence[str] = (), *, for_exports: bool = False
) -> TreePlan:
    """Plans the modules for what a world imports. `external` are globs of packages or interfaces that somebody else
    links. With `for_exports`, modules with the types that exports take from imports are there as well.

    Raises:
        GenerationError: the world uses a construct that the targets cannot carry.
    """
    world = with_labels_apart(world)
    imported = _imported_interfaces(world)
    linked = {interface: name for interface, name in imported.items() if not _is_external(name, external)}
    reached = _reached_by(tuple(linked), world, external)
    if for_exports:
        reached |= {interface: None for interface in _reached_by_exports(world) if interface not in linked}
    kept = {interface: imported.get(interface) or interface.id or "" for interface in (*reached, *linked)}
    kept = {interface: kept[interface] for interface in (*imported, *kept) if interface in kept}
    folders = folders_of({interface.package.name for interface in kept} | {world.package.name})
    scopes: dict[SnakeName, Scope] = {}
    modules = [
        _interface_module(interface, name, _is_external(name, external), folders, scopes)
        for interface, name in kept.items()
    ]
    world_module = _world_module(world, folders, scopes)
    if world_module is not None:
        modules.append(world_module)
    owners = {wit_type: module for module in modules for wit_type in module.types}
    for module in modules:
        check_module(module, owners)
    return TreePlan(world, resolve, tuple(modules), owners)


def _imported_interfaces(world: model.World) -> dict[model.Interface, str]:
    """The imported interfaces, each with its import name."""
    return {
        item.interface: item.interface.id or name
        for name, item in world.imports.items()
        if isinstance(item, model.InterfaceItem)
    }


def _reached_by(
    linked: tuple[model.Interface, ...], world: model.World, external: Sequence[str]
) -> dict[model.Interface, None]:
    """The interfaces that the linked ones, and the world's own items, take types of: all that generated code refers
    to.
    """
    reached: dict[model.Interface, None] = {}
    roots: list[model.Type] = []
    for item in world.imports.values():
        if isinstance(item, model.TypeItem):
            roots.append(item.type)
        elif isinstance(item, model.FunctionItem):
            roots += function_types(item.function)
    pending = list(linked)
    while pending or roots:
        for interface in pending:
            roots += interface.types.values()
            if not _is_external(interface.id or "", external):
                roots += (part for function in interface.functions.values() for part in function_types(function))
        owners = [wit_type.owner for wit_type, _ in walk(tuple(roots)) if isinstance(wit_type, model.TypeDef)]
        found = [owner for owner in owners if isinstance(owner, model.Interface) and owner not in reached]
        pending = list(dict.fromkeys(owner for owner in found if owner not in linked))
        reached |= dict.fromkeys(found)
        roots = []
    return reached


def exported_interfaces(world: model.World) -> dict[str, model.Interface]:
    """The exported interfaces under the names of their instances."""
    return {name: item.interface for name, item in world.exports.items() if isinstance(item, model.InterfaceItem)}


def exported_functions(world: model.World) -> tuple[model.Function, ...]:
    """The functions that a world exports without an interface."""
    return tuple(item.function for item in world.exports.values() if isinstance(item, model.FunctionItem))


def _reached_by_exports(world: model.World) -> dict[model.Interface, None]:
    """The imported interfaces that exports take types of. An export uses the types of another export where it can."""
    exported = exported_interfaces(world).values()
    functions = [*exported_functions(world), *(function for one in exported for function in one.functions.values())]
    roots: list[model.Type] = [wit_type for interface in exported for wit_type in interface.types.values()]
    roots += (part for function in functions for part in function_types(function))
    owners = [wit_type.owner for wit_type, _ in walk(tuple(roots)) if isinstance(wit_type, model.TypeDef)]
    return dict.fromkeys(owner for owner in owners if isinstance(owner, model.Interface) and owner not in exported)


def _is_external(name: str, patterns: Sequence[str]) -> bool:
    package = name.partition("/")[0]
    bare = name.partition("@")[0]
    return any(fnmatchcase(candidate, pattern) for candidate in (name, bare, package) for pattern in patterns)


def folders_of(packages: set[model.PackageName]) -> dict[model.PackageName, SnakeName]:
    """A folder for each package; where several versions of one package meet, the version is part of its name."""
    versions: dict[tuple[str, str], int] = {}
    for package in packages:
        key = (package.namespace, package.name)
        versions[key] = versions.get(key, 0) + 1
    scope = Scope()
    folders = {}
    for package in sorted(packages, key=str):
        several = versions[package.namespace, package.name] > 1
        version = str(package.version) if several and package.version is not None else None
        folders[package] = scope.claim(package_folder(package.namespace, package.name, version))
    return folders


def _interface_module(
    interface: model.Interface,
    import_name: str,
    external: bool,
    folders: dict[model.PackageName, SnakeName],
    scopes: dict[SnakeName, Scope],
) -> ModulePlan:
    folder = folders[interface.package.name]
    name = interface.name or import_name
    return ModulePlan(
        folder=folder,
        module=scopes.setdefault(folder, Scope()).claim(snake(name)),
        import_name=import_name,
        title=pascal(name),
        package=interface.package.name,
        types=tuple(interface.types.values()),
        functions=tuple(interface.functions.values()),
        docs=interface.docs,
        external=external,
    )


def _world_module(
    world: model.World, folders: dict[model.PackageName, SnakeName], scopes: dict[SnakeName, Scope]
) -> ModulePlan | None:
    """The module for functions and types that the world imports without an interface."""
    types = tuple(item.type for item in world.imports.values() if isinstance(item, model.TypeItem))
    functions = tuple(item.function for item in world.imports.values() if isinstance(item, model.FunctionItem))
    if not types and not functions:
        return None
    folder = folders[world.package.name]
    return ModulePlan(
        folder=folder,
        module=scopes.setdefault(folder, Scope()).claim(snake(world.name)),
        import_name=None,
        title=pascal(world.name),
        package=world.package.name,
        types=types,
        functions=functions,
        docs=world.docs,
        external=False,
    )


def check_module(module: ModulePlan, owners: dict[model.TypeDef, ModulePlan]) -> None:
    """Refuses what the targets cannot carry.

    Raises:
        GenerationError: with the construct and its place.
    """
    for wit_type in module.types:
        _check_type(wit_type, f"type {wit_type.name} of {module.label}", wit_type.span)
    if module.external:
        return
    for function in module.functions:
        place = f"function {function.name} of {module.label}"
        if function.is_async:
            raise _unsupported("async func", place, function.span)
        if function.accessor is not None:
            raise _unsupported("a getter or setter", place, function.span)
        for mentioned in function_types(function):
            _check_type(mentioned, place, function.span)
            _check_handles(mentioned, place, function.span, owners)


def _check_type(root: model.Type, place: str, span: Span | None) -> None:
    for wit_type, depth in walk((root,)):
        kind = wit_type if isinstance(wit_type, model.Primitive) else wit_type.kind
        if kind is model.Primitive.ERROR_CONTEXT:
            raise _unsupported("error-context", place, span)
        if isinstance(kind, model.Stream):
            raise _unsupported("stream", place, span)
        if isinstance(kind, model.Future):
            raise _unsupported("future", place, span)
        if depth > DEEPEST_TYPE:
            hint = "give names to parts of the type and nest less"
            raise GenerationError(f"a type nested more than {DEEPEST_TYPE} deep", _at(place, span), hint)


def _check_handles(root: model.Type, place: str, span: Span | None, owners: dict[model.TypeDef, ModulePlan]) -> None:
    """Handles to resources that somebody else links cannot be made or taken by our providers."""
    for wit_type, _ in walk((root,)):
        if isinstance(wit_type, model.TypeDef) and isinstance(wit_type.kind, model.Resource):
            owner = owners.get(wit_type)
            if owner is not None and owner.external:
                raise GenerationError(
                    f"a handle to {wit_type.name} of {owner.label}",
                    _at(place, span),
                    "that interface is linked by somebody else (external): generate it too, or leave the function out",
                )


def _unsupported(construct: str, place: str, span: Span | None) -> GenerationError:
    return GenerationError(
        construct, _at(place, span), "the Python targets carry synchronous functions and plain values only"
    )


def _at(place: str, span: Span | None) -> str:
    if span is None:
        return place
    line, column = span.file.position(span.start)
    return f"{place} ({span.file.path}:{line}:{column})"
