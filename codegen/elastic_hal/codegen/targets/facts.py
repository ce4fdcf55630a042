"""Questions about WIT types that several targets ask, answered through aliases and `use`."""

from __future__ import annotations

from collections.abc import Iterator

from elastic_hal.codegen import model
from elastic_hal.codegen.kinds import parts_of


def dealias(wit_type: model.Type) -> model.Type:
    """The type behind aliases and `use`."""
    while isinstance(wit_type, model.TypeDef) and isinstance(wit_type.kind, model.Alias):
        wit_type = wit_type.kind.target
    return wit_type


def kind_of(wit_type: model.Type) -> model.TypeKind | model.Primitive:
    """What a type is, aliases aside."""
    plain = dealias(wit_type)
    return plain if isinstance(plain, model.Primitive) else plain.kind


def definition(wit_type: model.Type) -> model.TypeDef:
    """The definition behind a type that is known to be none of the primitive ones."""
    plain = dealias(wit_type)
    if isinstance(plain, model.Primitive):
        raise TypeError(f"{plain.value} has no definition")
    return plain


def is_bytes(element: model.Type) -> bool:
    """Whether a list of this element is a list of bytes."""
    return dealias(element) is model.Primitive.U8


def may_be_none(wit_type: model.Type) -> bool:
    """Whether None is a value of the Python type, so that an option around it needs `Some`."""
    return isinstance(kind_of(wit_type), model.Option)


def resource_of(wit_type: model.Type) -> model.TypeDef:
    """The resource behind `own<r>`, `borrow<r>` or a name of it."""
    plain = definition(wit_type)
    while isinstance(plain.kind, model.Own | model.Borrow):
        plain = definition(plain.kind.resource)
    return plain


def function_result(function: model.Function) -> model.Result | None:
    """The `result` that a function returns, if it returns one."""
    if function.result is None:
        return None
    kind = kind_of(function.result)
    return kind if isinstance(kind, model.Result) else None


def parts(kind: model.TypeKind) -> tuple[model.Type, ...]:
    """The types that a type is directly made of. Handles lead to their resource."""
    return tuple(part for part in parts_of(kind) if part is not None)


def function_types(function: model.Function) -> tuple[model.Type, ...]:
    """The types that stand in a function's signature."""
    result = () if function.result is None else (function.result,)
    return (*(parameter.type for parameter in function.parameters), *result)


def walk(roots: tuple[model.Type, ...]) -> Iterator[tuple[model.Type, int]]:
    """Every type under the roots once, with its depth. Without recursion, so that deep nesting cannot exhaust the
    stack.
    """
    seen: set[model.TypeDef] = set()
    pending = [(root, 1) for root in reversed(roots)]
    while pending:
        wit_type, depth = pending.pop()
        if isinstance(wit_type, model.TypeDef):
            if wit_type in seen:
                continue
            seen.add(wit_type)
            pending.extend((part, depth + 1) for part in reversed(parts(wit_type.kind)))
        yield wit_type, depth


def all_functions(resolve: model.Resolve) -> Iterator[model.Function]:
    """Every function of every package that was read."""
    for package in resolve.packages:
        for interface in package.interfaces.values():
            yield from interface.functions.values()
        for world in package.worlds.values():
            yield from own_functions(world)


def own_functions(world: model.World) -> Iterator[model.Function]:
    """The functions of a world that belong to no interface with a name."""
    for item in (*world.imports.values(), *world.exports.values()):
        if isinstance(item, model.FunctionItem):
            yield item.function
        elif isinstance(item, model.InterfaceItem) and item.interface.name is None:
            yield from item.interface.functions.values()


def error_types(resolve: model.Resolve, world: model.World) -> frozenset[model.TypeDef]:
    """The variants and enums that are the `err` of some function's result. They become exceptions.

    All packages that were read count, so that a type has the same form in the bindings of every world; and `world`,
    which may have interfaces that stand in no package.
    """
    found = set()
    for function in (*all_functions(resolve), *own_functions(world)):
        result = function_result(function)
        if result is not None and result.err is not None:
            error = dealias(result.err)
            if isinstance(error, model.TypeDef) and isinstance(error.kind, model.Variant | model.Enum):
                found.add(error)
    return frozenset(found)
