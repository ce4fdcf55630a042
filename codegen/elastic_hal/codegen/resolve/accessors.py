"""Getters and setters: what they take and return, and that every setter has its getter."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, Note
from elastic_hal.codegen.resolve.context import Scope
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.syntax import ast


def accessor_of(signature: ast.FunctionType) -> model.Accessor | None:
    """Which half of a property a function is; None for an ordinary function."""
    if signature.accessor is None:
        return None
    return model.Accessor.GETTER if signature.accessor.text == "get" else model.Accessor.SETTER


def check_accessor(signature: ast.FunctionType, scope: Scope) -> None:
    """Reports a getter or setter with the wrong parameters or result."""
    if signature.accessor is None:
        return
    parameters, result = signature.parameters, signature.result
    if accessor_of(signature) is model.Accessor.GETTER:
        if parameters:
            scope.error(Code.INVALID_ACCESSOR, "a getter has no parameters", parameters[0].name)
        if result is None:
            scope.error(Code.INVALID_ACCESSOR, "a getter returns a value, the property's", signature.accessor)
        return
    if len(parameters) != 1:
        place = parameters[1].name if parameters else signature.accessor
        scope.error(Code.INVALID_ACCESSOR, "a setter has one parameter, the property's new value", place)
    if result is not None and (result.kind != "result" or result.arguments[0] is not None):
        message = "a setter returns nothing, or `result<_, …>` where it can fail"
        scope.error(Code.INVALID_ACCESSOR, message, result)


def getters_first(names: Sequence[str]) -> list[str]:
    """The names with each setter that comes before its getter moved right after it: components need that order."""
    ordered: list[str] = []
    behind = set(names)
    waiting: set[str] = set()
    for name in names:
        behind.discard(name)
        if "[set]" in name and name.replace("[set]", "[get]", 1) in behind:
            waiting.add(name)
            continue
        ordered.append(name)
        setter = name.replace("[get]", "[set]", 1)
        if setter in waiting:
            ordered.append(setter)
    return ordered


def check_setter(name: str, names: Collection[str], span: Span, diagnostics: Diagnostics) -> None:
    """Reports the setter `name`, such as `[method][set]key.size`, where its getter is not among `names`."""
    getter = name.replace("[set]", "[get]", 1)
    if "[set]" not in name or getter in names:
        return
    plain = name.rpartition("]")[2]
    message = f"the setter of `{plain}` has no getter"
    note = Note("a property that can be set can be read; declare `get() -> …` under the same name")
    diagnostics.error(Code.INVALID_ACCESSOR, message, span, [note])
