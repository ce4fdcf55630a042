"""What componentize-py cannot carry: said before it runs, with the construct and the place, because it says neither."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.targets.facts import function_types, walk

from .tool_errors import BuildFailedError


def check_world(world: model.World) -> None:
    """Raises BuildFailedError where a function that the world imports or exports has a type that cannot be built."""
    for key, item in (*world.imports.items(), *world.exports.items()):
        match item:
            case model.InterfaceItem(interface):
                for function in interface.functions.values():
                    _check(function, f"function {function.name} of {key}")
            case model.FunctionItem(function):
                _check(function, f"function {function.name} of world {world.name}")
            case model.TypeItem():
                pass


def _check(function: model.Function, place: str) -> None:
    for wit_type, _ in walk(function_types(function)):
        kind = wit_type.kind if isinstance(wit_type, model.TypeDef) else None
        if isinstance(kind, model.Map | model.FixedLengthList):
            construct = "a map" if isinstance(kind, model.Map) else "a list of a fixed length"
            raise BuildFailedError(
                f"{construct} in {place}{_at(function.span)} cannot be in a guest in Python",
                "componentize-py does not carry it: let the function take a list, or leave the interface out of the "
                "guest's world",
            )


def _at(span: Span | None) -> str:
    if span is None:
        return ""
    line, column = span.file.position(span.start)
    return f" ({span.file.path}:{line}:{column})"
