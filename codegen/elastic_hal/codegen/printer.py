"""Prints the resolved model as WIT text that resolves to the same model.

The text has what is there: nothing behind closed gates, worlds with everything that they include and import indirectly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from elastic_hal.codegen import model
from elastic_hal.codegen.syntax.comments import comments_of_text
from elastic_hal.codegen.syntax.strings import write_string
from elastic_hal.codegen.syntax.tables import load_tables

_INDENT = "  "


def print_resolve(resolve: model.Resolve) -> str:
    """Everything that was loaded as one file: the main package, and the others as blocks after it."""
    parts = [print_package(resolve.main)]
    for package in sorted(resolve.packages, key=lambda one: str(one.name)):
        if package is not resolve.main:
            body = _indented(_package_items(package))
            parts.append("\n".join([*_docs(package.docs), f"package {_package_id(package)} {{", *body, "}", ""]))
    return "\n".join(parts)


def print_package(package: model.Package) -> str:
    """The package as one file. What it uses of other packages must be there to resolve it."""
    lines = [*_docs(package.docs), f"package {_package_id(package)};"]
    items = list(_package_items(package))
    return "\n".join([*lines, "", *items, ""] if items else [*lines, ""])


def print_world(world: model.World) -> str:
    """The world alone, as it stands in a file of its package."""
    return "\n".join([*_world(world), ""])


def type_text(type: model.Type) -> str:
    """A type as it is written where it is used, such as `list<u8>`."""
    if isinstance(type, model.Primitive):
        return type.value
    if type.name is not None:
        return _name(type.name)
    if isinstance(type.kind, model.Own):
        return _name(type.kind.resource.name or "")
    return _kind_text(type.kind)


def function_text(function: model.Function) -> str:
    """A function as it is written in an interface, on one line and without its docs and gates."""
    return _signature(function)


def definition_text(definition: model.TypeDef) -> str:
    """A named type as it is written in an interface, without docs and gates, and a resource without its functions."""
    return "\n".join(_definition(definition, with_docs=False))


def _package_items(package: model.Package) -> Iterator[str]:
    blocks = [_interface(interface) for interface in package.interfaces.values()]
    blocks += [_world(world) for world in package.worlds.values()]
    yield from _separated(list(block) for block in blocks)


def _interface(interface: model.Interface) -> Iterator[str]:
    yield from _docs(interface.docs)
    yield from _gates(interface.stability, None)
    yield f"interface {_name(interface.name or '')} {{"
    yield from _indented(_interface_items(interface))
    yield "}"


def _interface_items(interface: model.Interface) -> Iterator[str]:
    """Types before functions, except for functions that come before those of a resource: their order stays."""
    functions = list(interface.functions.values())
    resources = {function.resource for function in functions}
    items: list[Iterator[str]] = []
    position = 0
    for definition in interface.types.values():
        if definition in resources:
            first = next(number for number, function in enumerate(functions) if function.resource is definition)
            items += [_function(function) for function in functions[position:first] if function.resource is None]
            position = max(position, first)
        items.append(_type_item(definition, interface, functions))
    items += [_function(function) for function in functions[position:] if function.resource is None]
    yield from _separated(list(item) for item in items)


def _world(world: model.World) -> Iterator[str]:
    yield from _docs(world.docs)
    yield from _gates(world.stability, None)
    yield f"world {_name(world.name)} {{"
    items: list[Iterator[str]] = []
    functions = [item.function for item in world.imports.values() if isinstance(item, model.FunctionItem)]
    for key, item in world.imports.items():
        if isinstance(item, model.TypeItem):
            items.append(_type_item(item.type, world, functions))
        else:
            items.append(_extern("import", key, item, world))
    items += [_extern("export", key, item, world) for key, item in world.exports.items()]
    yield from _indented(_separated(list(item) for item in items))
    yield "}"


def _extern(direction: str, key: str, item: model.WorldItem, world: model.World) -> Iterator[str]:
    match item:
        case model.FunctionItem(function):
            if function.resource is None:
                yield from _function(function, f"{direction} ")
        case model.InterfaceItem(interface, stability, external_id) if interface.name is None:
            yield from _docs(interface.docs)
            yield from _gates(stability, external_id)
            yield f"{direction} {_name(key)}: interface {{"
            yield from _indented(_interface_items(interface))
            yield "}"
        case model.InterfaceItem(interface, stability, external_id, docs):
            yield from _docs(docs)
            yield from _gates(stability, external_id)
            label = "" if key == interface.id else f"{_name(key)}: "
            yield f"{direction} {label}{_path(interface, world.package)};"
        case model.TypeItem():
            return


def _type_item(
    definition: model.TypeDef, owner: model.Interface | model.World, functions: Iterable[model.Function]
) -> Iterator[str]:
    name = _name(definition.name or "")
    source = _used_from(definition, owner)
    if source is None:
        yield from _docs(definition.docs)
    yield from _gates(definition.stability, definition.external_id)
    if source is not None:
        interface, original = source
        brought = _name(original) if original == definition.name else f"{_name(original)} as {name}"
        yield f"use {_path(interface, owner.package)}.{{{brought}}};"
        return
    methods = [list(_function(function)) for function in functions if function.resource is definition]
    if methods:
        yield f"resource {name} {{"
        yield from _indented(_separated(methods))
        yield "}"
    else:
        yield from _definition(definition, with_docs=True)


def _definition(definition: model.TypeDef, *, with_docs: bool) -> Iterator[str]:
    name = _name(definition.name or "")
    parts: list[tuple[str | None, str]]
    match definition.kind:
        case model.Record(fields):
            parts = [(field.docs, f"{_name(field.name)}: {type_text(field.type)},") for field in fields]
            yield from _block(f"record {name}", parts, with_docs=with_docs)
        case model.Variant(cases):
            parts = [
                (case.docs, f"{_name(case.name)}{'' if case.type is None else f'({type_text(case.type)})'},")
                for case in cases
            ]
            yield from _block(f"variant {name}", parts, with_docs=with_docs)
        case model.Enum(labels):
            parts = [(label.docs, f"{_name(label.name)},") for label in labels]
            yield from _block(f"enum {name}", parts, with_docs=with_docs)
        case model.Flags(flags):
            parts = [(flag.docs, f"{_name(flag.name)},") for flag in flags]
            yield from _block(f"flags {name}", parts, with_docs=with_docs)
        case model.Resource():
            yield f"resource {name};"
        case model.Alias(target):
            yield f"type {name} = {type_text(target)};"
        case kind:
            yield f"type {name} = {_kind_text(kind)};"


def _used_from(definition: model.TypeDef, owner: object) -> tuple[model.Interface, str] | None:
    """The interface that a type was brought in from, and its name there."""
    kind = definition.kind
    if not isinstance(kind, model.Alias) or isinstance(kind.target, model.Primitive):
        return None
    origin, name = kind.target.owner, kind.target.name
    if isinstance(origin, model.Interface) and origin is not owner and name is not None:
        return origin, name
    return None


def _function(function: model.Function, before: str = "") -> Iterator[str]:
    yield from _docs(function.docs)
    yield from _gates(function.stability, function.external_id)
    yield _signature(function, before)


def _signature(function: model.Function, before: str = "") -> str:
    parameters = function.parameters[1:] if function.kind is model.FunctionKind.METHOD else function.parameters
    listed = ", ".join(f"{_name(parameter.name)}: {type_text(parameter.type)}" for parameter in parameters)
    result = function.result
    if function.kind is model.FunctionKind.CONSTRUCTOR:
        is_plain = isinstance(result, model.TypeDef) and isinstance(result.kind, model.Own)
        returned = "" if is_plain or result is None else f" -> {type_text(result)}"
        return f"constructor({listed}){returned};"
    returned = "" if result is None else f" -> {type_text(result)}"
    static = "static " if function.kind is model.FunctionKind.STATIC else ""
    if function.accessor is not None:
        keyword = "get" if function.accessor is model.Accessor.GETTER else "set"
    else:
        keyword = "async func" if function.is_async else "func"
    return f"{before}{_name(function.short_name)}: {static}{keyword}({listed}){returned};"


def _kind_text(kind: model.TypeKind) -> str:
    match kind:
        case model.Own(resource):
            return f"own<{_name(resource.name or '')}>"
        case model.Borrow(resource):
            return f"borrow<{_name(resource.name or '')}>"
        case model.Tuple(types):
            return f"tuple<{', '.join(type_text(type) for type in types)}>"
        case model.Option(type):
            return f"option<{type_text(type)}>"
        case model.List(type):
            return f"list<{type_text(type)}>"
        case model.FixedLengthList(type, length):
            return f"list<{type_text(type)}, {length}>"
        case model.Map(key, value):
            return f"map<{type_text(key)}, {type_text(value)}>"
        case model.Future(payload):
            return "future" if payload is None else f"future<{type_text(payload)}>"
        case model.Stream(payload):
            return "stream" if payload is None else f"stream<{type_text(payload)}>"
        case model.Result(None, None):
            return "result"
        case model.Result(ok, None) if ok is not None:
            return f"result<{type_text(ok)}>"
        case model.Result(ok, err) if err is not None:
            return f"result<{'_' if ok is None else type_text(ok)}, {type_text(err)}>"
    raise TypeError(f"a {kind.__class__.__name__.lower()} always has a name")


def _gates(stability: model.Stability, external_id: str | None) -> Iterator[str]:
    if isinstance(stability, model.Since):
        yield f"@since(version = {stability.version})"
    elif isinstance(stability, model.Unstable):
        yield f"@unstable(feature = {_name(stability.feature)})"
    if stability is not None and stability.deprecated is not None:
        yield f"@deprecated(version = {stability.deprecated})"
    if external_id is not None:
        yield f"@external-id({write_string(external_id)})"


def _path(interface: model.Interface, package: model.Package) -> str:
    name = _name(interface.name or "")
    if interface.package is package:
        return name
    other = interface.package.name
    version = "" if other.version is None else f"@{other.version}"
    return f"{_name(other.namespace)}:{_name(other.name)}/{name}{version}"


def _package_id(package: model.Package) -> str:
    name = package.name
    version = "" if name.version is None else f"@{name.version}"
    return f"{_name(name.namespace)}:{_name(name.name)}{version}"


def _name(name: str) -> str:
    return f"%{name}" if name in load_tables().keywords else name


def _docs(docs: str | None) -> Iterator[str]:
    if docs is not None:
        yield from comments_of_text(docs)


def _block(head: str, parts: Iterable[tuple[str | None, str]], *, with_docs: bool) -> Iterator[str]:
    yield f"{head} {{"
    for docs, line in parts:
        if with_docs:
            yield from _indented(_docs(docs))
        yield _INDENT + line
    yield "}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    # A line break within a line is one of a block comment, which indentation would change.
    return (_INDENT + line if line else line for line in lines)


def _separated(blocks: Iterable[list[str]]) -> Iterator[str]:
    """Blocks with an empty line around those that have more than one line; empty ones vanish."""
    previous: list[str] = []
    for block in blocks:
        if not block:
            continue
        if previous and (len(block) > 1 or len(previous) > 1):
            yield ""
        yield from block
        previous = block
