"""The contract of a guest as componentize-py gets it: all packages in one file, which says the same in other words.

Docs are left out, because componentize-py copies them into Python as they are and a quote or an escape in them would
end the build, and so are external ids, which it cannot read. Inline interfaces and those under labels get a name,
because only named ones are bound; the component gets the names of the contract back afterwards. Where the world has
names that componentize-py's modules need themselves, `needs_repair` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import WitError
from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.naming import pascal, snake
from elastic_hal.codegen.printer import print_resolve
from elastic_hal.codegen.targets.facts import function_result
from elastic_hal.codegen.targets.guest.raw_names import INLINE_PREFIX
from elastic_hal.codegen.targets.labels import with_labels_apart

from .exported_resources import exported_resources
from .tool_limits import check_world

_TYPING = ("Any", "Callable", "Generic", "List", "Optional", "Protocol", "Self", "Tuple", "TypeVar", "Union")
_CLASSES = ("Enum", "Err", "Flag", "Ok", "Result", "Some", "TracebackType")
_FUNCTIONS = ("abstractmethod", "auto", "classmethod", "componentize_py_runtime", "dataclass", "isinstance", "weakref")
_USED_BY_THE_TOOL = frozenset({*_TYPING, *_CLASSES, *_FUNCTIONS, "cls", "self"})
"""Names that componentize-py's modules need when they run, for what they import or have from Python."""


@dataclass(frozen=True, slots=True)
class StagedWorld:
    """The contract in one file. `imports` and `exports` have the names of the component to be, and those wanted."""

    wit: Path
    world: str
    imports: dict[str, str]
    exports: dict[str, str]
    needs_repair: bool
    resources: dict[str, tuple[str, ...]]
    """The classes of exported resources by the module that they are wanted in."""


def stage_world(wit: Sequence[Path], world: str, target: Path, features: Sequence[str] = ()) -> StagedWorld | None:
    """Writes the contract at `wit`, with the unstable items of `features`, to the file `target`. None where it has
    errors or no such world: the tool, which reads it anyway, explains that.

    Raises:
        BuildFailedError: the world has something that the tool cannot carry.
        WitError: a file of the contract cannot be read.
    """
    try:
        resolve = load_or_raise(wit, frozenset(features))
        chosen = select_world(resolve, world)
    except WitError as error:
        # What is no file is none for the tool either, which would wait for ever at a pipe.
        if any(finding.code is Code.CANNOT_READ for finding in error.diagnostics):
            raise
        return None
    apart = with_labels_apart(chosen)
    chosen.imports, chosen.exports = apart.imports, apart.exports
    check_world(chosen)
    imports = _name_inline_interfaces(chosen, chosen.imports)
    exports = _name_inline_interfaces(chosen, chosen.exports)
    _drop_all_but(chosen, resolve)
    for package in resolve.packages:
        _drop_notes(package)
    target.write_text(print_resolve(resolve), encoding="utf-8")
    name, resources = _id(chosen.package, chosen.name), exported_resources(chosen)
    return StagedWorld(target, name, imports, exports, _needs_repair(chosen), resources)


def _name_inline_interfaces(world: model.World, items: dict[str, model.WorldItem]) -> dict[str, str]:
    """Moves the inline interfaces among the items into the world's package."""
    wanted = {}
    named: dict[str, model.WorldItem] = {}
    for key, item in items.items():
        if isinstance(item, model.InterfaceItem) and item.interface.name is None:
            name = f"{INLINE_PREFIX}{key}"
            while name in world.package.interfaces or name in world.package.worlds:
                name = f"another-{name}"
            item.interface.name = name
            world.package.interfaces[name] = item.interface
            wanted[item.interface.id or name] = key
            named[item.interface.id or name] = item
        else:
            named[key] = item
    items.clear()
    items.update(named)
    return wanted


def _drop_all_but(world: model.World, resolve: model.Resolve) -> None:
    """Leaves the world and its interfaces: elsewhere in the packages may be what the tool cannot even read."""
    items = (*world.imports.values(), *world.exports.values())
    needed = {item.interface for item in items if isinstance(item, model.InterfaceItem)}
    for package in resolve.packages:
        package.interfaces = {name: one for name, one in package.interfaces.items() if one in needed}
        package.worlds = {world.name: world} if package is world.package else {}


def _id(package: model.Package, name: str) -> str:
    version = "" if package.name.version is None else f"@{package.name.version}"
    return f"{package.name.namespace}:{package.name.name}/{name}{version}"


def _drop_notes(package: model.Package) -> None:
    """Takes away the docs and external ids of everything in a package."""
    package.docs = None
    for interface in package.interfaces.values():
        _drop_notes_of_interface(interface)
    for world in package.worlds.values():
        world.docs = None
        for items in (world.imports, world.exports):
            for key, item in items.items():
                if isinstance(item, model.InterfaceItem):
                    _drop_notes_of_interface(item.interface)
                    items[key] = replace(item, docs=None, external_id=None)
                elif isinstance(item, model.TypeItem):
                    _drop_notes_of_type(item.type)
                else:
                    item.function.docs = item.function.external_id = None


def _drop_notes_of_interface(interface: model.Interface) -> None:
    interface.docs = None
    for wit_type in interface.types.values():
        _drop_notes_of_type(wit_type)
    for function in interface.functions.values():
        function.docs = function.external_id = None


def _drop_notes_of_type(wit_type: model.TypeDef) -> None:
    wit_type.docs = wit_type.external_id = None
    match wit_type.kind:
        case model.Record(fields):
            wit_type.kind = model.Record(tuple(replace(field, docs=None) for field in fields))
        case model.Variant(cases):
            wit_type.kind = model.Variant(tuple(replace(case, docs=None) for case in cases))
        case model.Enum(labels):
            wit_type.kind = model.Enum(tuple(replace(label, docs=None) for label in labels))
        case model.Flags(flags):
            wit_type.kind = model.Flags(tuple(replace(flag, docs=None) for flag in flags))
        case _:
            return


def _needs_repair(world: model.World) -> bool:
    return _has_fallible_constructor(world) or any(name in _USED_BY_THE_TOOL for name in _python_names(world))


def _has_fallible_constructor(world: model.World) -> bool:
    """componentize-py takes what such a constructor gives for the object itself."""
    functions = [function for item in world.imports.values() for function in _functions(item)]
    return any(
        function.kind is model.FunctionKind.CONSTRUCTOR and function_result(function) is not None
        for function in functions
    )


def _python_names(world: model.World) -> Iterator[str]:
    """What the modules of a world define, and the parameters of their functions."""
    for item in (*world.imports.values(), *world.exports.values()):
        if isinstance(item, model.InterfaceItem):
            yield from (pascal(name) for name in item.interface.types)
        elif isinstance(item, model.TypeItem):
            yield pascal(item.type.name or "")
        for function in _functions(item):
            yield snake(function.short_name)
            is_method = function.kind is model.FunctionKind.METHOD
            yield from (snake(parameter.name) for parameter in function.parameters[is_method:])


def _functions(item: model.WorldItem) -> tuple[model.Function, ...]:
    if isinstance(item, model.InterfaceItem):
        return tuple(item.interface.functions.values())
    return (item.function,) if isinstance(item, model.FunctionItem) else ()
