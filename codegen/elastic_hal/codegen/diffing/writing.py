"""Writes types and functions in one line, as changes show them."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.owners import resolved
from elastic_hal.codegen.printer import type_text

_WORDS: dict[type, str] = {
    model.Record: "record",
    model.Variant: "variant",
    model.Enum: "enum",
    model.Flags: "flags",
    model.Resource: "resource",
}


def written(type: model.Type | None) -> str:
    """A type as it is written where it is used; `_` for none."""
    return "_" if type is None else type_text(type)


def type_step(definition: model.TypeDef) -> str:
    """A type in a path, such as `record key-info`; what is brought in by `use` has the word of what it is."""
    kind = resolved(definition)
    word = _WORDS.get(type(kind.kind), "type") if isinstance(kind, model.TypeDef) else "type"
    return f"{word} {definition.name}"


def type_definition_text(definition: model.TypeDef) -> str:
    """A type's declaration without the members of a record, variant, enum or flags."""
    kind = definition.kind
    word = _WORDS.get(type(kind))
    if word is not None:
        return f"{word} {definition.name}"
    if isinstance(kind, model.Alias):
        return f"type {definition.name} = {_target_text(kind.target)}"
    return f"type {definition.name} = {type_text(model.TypeDef(None, kind))}"


def function_text(function: model.Function) -> str:
    """A function as it is declared, with the resource's own parameter left out."""
    listed = ", ".join(f"{one.name}: {written(one.type)}" for one in own_parameters(function))
    returned = "" if function.result is None else f" -> {written(function.result)}"
    if function.kind is model.FunctionKind.CONSTRUCTOR:
        return f"constructor({listed}){returned}"
    static = "static " if function.kind is model.FunctionKind.STATIC else ""
    keyword = {None: "func", model.Accessor.GETTER: "get", model.Accessor.SETTER: "set"}[function.accessor]
    keyword = f"async {keyword}" if function.is_async else keyword
    return f"{function.short_name}: {static}{keyword}({listed}){returned}"


def own_parameters(function: model.Function) -> tuple[model.Parameter, ...]:
    """The parameters that the source lists."""
    return function.parameters[1:] if function.kind is model.FunctionKind.METHOD else function.parameters


def _target_text(target: model.Type) -> str:
    if isinstance(target, model.TypeDef) and isinstance(target.owner, model.Interface) and target.owner.id is not None:
        return f"{target.owner.id}.{target.name}"
    return type_text(target)
