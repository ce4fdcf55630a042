"""What componentize-py cannot carry, in one table for all that makes guests in Python.

The generator of bindings refuses it with the construct and the place, and so does the build of a guest, because the
tool itself stops with a panic of its own or leaves something out without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from elastic_hal.codegen import model
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.targets.facts import function_types, walk


class Limit(NamedTuple):
    """A construct, and what to write instead."""

    construct: str
    advice: str


MAP = Limit("a map", "let it be a `list` of tuples, or leave the interface out of the guest's world")
FIXED_LENGTH_LIST = Limit(
    "a list of a fixed length", "let it be a `list` or a `tuple`, or leave the interface out of the guest's world"
)
ACCESSOR = Limit("a getter or setter", "let it be a function, or leave the interface out of the guest's world")
WORLD_RESOURCE = Limit("a resource of the world itself", "put it into an interface, and let the world import that")


class BeyondLimit(NamedTuple):
    """One thing in a world that a guest in Python cannot have. `place` is where, in words of the contract."""

    limit: Limit
    place: str
    span: Span | None

    @property
    def whole_place(self) -> str:
        """The place with its file, line and column."""
        if self.span is None:
            return self.place
        line, column = self.span.file.position(self.span.start)
        return f"{self.place} ({self.span.file.path}:{line}:{column})"

    @property
    def hint(self) -> str:
        """What to do about it."""
        return f"componentize-py does not carry it: {self.limit.advice}"


def beyond_limits(world: model.World) -> BeyondLimit | None:
    """The first thing that the world imports or exports and that a guest in Python cannot have."""
    return next(_all_beyond(world), None)


def _all_beyond(world: model.World) -> Iterator[BeyondLimit]:
    for key, item in (*world.imports.items(), *world.exports.items()):
        match item:
            case model.InterfaceItem(interface):
                for wit_type in interface.types.values():
                    yield from _in_type(wit_type, f"type {wit_type.name} of {key}")
                for function in interface.functions.values():
                    yield from _in_function(function, f"function {function.name} of {key}")
            case model.FunctionItem(function):
                yield from _in_function(function, f"function {function.name} of world {world.name}")
            case model.TypeItem(wit_type):
                place = f"type {wit_type.name} of world {world.name}"
                if isinstance(wit_type.kind, model.Resource):
                    yield BeyondLimit(WORLD_RESOURCE, place, wit_type.span)
                yield from _in_type(wit_type, place)


def _in_function(function: model.Function, place: str) -> Iterator[BeyondLimit]:
    if function.accessor is not None:
        yield BeyondLimit(ACCESSOR, place, function.span)
    for wit_type in function_types(function):
        yield from _in_type(wit_type, place, function.span)


def _in_type(root: model.Type, place: str, span: Span | None = None) -> Iterator[BeyondLimit]:
    for wit_type, _ in walk((root,)):
        if isinstance(wit_type, model.TypeDef) and isinstance(wit_type.kind, model.Map | model.FixedLengthList):
            limit = MAP if isinstance(wit_type.kind, model.Map) else FIXED_LENGTH_LIST
            yield BeyondLimit(limit, place, span or (root.span if isinstance(root, model.TypeDef) else None))
