"""From the resolved model of WIT to what adapters are made from.

The runtime, which writes adapters, knows nothing of WIT; the generator knows nothing of adapters.
"""

from __future__ import annotations

from collections.abc import Mapping

from elastic_hal.codegen import model
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.targets.errors import GenerationError
from elastic_hal.runtime.bridge import types
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.outline import Sort

_SYNCHRONOUS = "adapters carry synchronous functions and values that end with the call; leave this interface out"


def interface_items(interfaces: Mapping[str, model.Interface]) -> dict[str, Item]:
    """Interfaces under the names that they are imported as, each after those whose types it mentions, which are added
    where they are missing.

    Raises:
        GenerationError: one uses what an adapter cannot carry.
    """
    items = _Items()
    for name, interface in interfaces.items():
        items.add(name, interface)
    return items.found


class _Items:
    """Converts interfaces, giving each resource one number."""

    def __init__(self) -> None:
        self.found: dict[str, Item] = {}
        self._resources: dict[int, int] = {}
        self._types: dict[int, types.Type] = {}
        self._place = ""

    def add(self, name: str, interface: model.Interface) -> None:
        """Adds an interface, unless it is there already because another mentions its types."""
        if name in self.found:
            return
        for definition in interface.types.values():
            target = _target(definition)
            owner = target.owner
            if (
                isinstance(owner, model.Interface)
                and owner is not interface
                and isinstance(target.kind, model.Resource)
            ):
                self._add_owner(owner)
        exports = {label: self._type_item(definition, name) for label, definition in interface.types.items()}
        for label, function in interface.functions.items():
            exports[label] = Item(Sort.FUNCTION, self._function(function, name))
        self.found[name] = Item(Sort.INSTANCE, exports=exports)

    def _add_owner(self, owner: model.Interface | model.World | None) -> None:
        if isinstance(owner, model.Interface) and owner.id is not None:
            self.add(owner.id, owner)

    def _type_item(self, definition: model.TypeDef, interface: str) -> Item:
        self._place = _place(f"type {definition.name} of {interface}", definition.span)
        target = _target(definition)
        if isinstance(target.kind, model.Resource):
            return Item(Sort.TYPE, resource=self._resource(target))
        return Item(Sort.TYPE, self._type(definition))

    def _function(self, function: model.Function, interface: str) -> types.Function:
        self._place = _place(f"function {function.name} of {interface}", function.span)
        if function.is_async:
            raise GenerationError("`async`", self._place, _SYNCHRONOUS)
        parameters = tuple((parameter.name, self._type(parameter.type)) for parameter in function.parameters)
        return types.Function(parameters, self._optional(function.result))

    def _resource(self, target: model.TypeDef) -> int:
        return self._resources.setdefault(id(target), len(self._resources))

    def _type(self, type_: model.Type) -> types.Type:
        if isinstance(type_, model.Primitive):
            return types.Scalar[type_.name]
        if id(type_) not in self._types:
            self._types[id(type_)] = self._definition(type_)
        return self._types[id(type_)]

    def _definition(self, definition: model.TypeDef) -> types.Type:
        match definition.kind:
            case model.Alias(target):
                return self._type(target)
            case model.Record(fields):
                return types.RecordOf(tuple((field.name, self._type(field.type)) for field in fields))
            case model.Variant(cases):
                return types.VariantOf(tuple((case.name, self._optional(case.type)) for case in cases))
            case model.Enum(cases):
                return types.EnumOf(tuple(case.name for case in cases))
            case model.Flags(flags):
                return types.FlagsOf(tuple(flag.name for flag in flags))
            case model.Tuple(elements):
                return types.TupleOf(tuple(map(self._type, elements)))
            case model.Option(payload):
                return types.OptionOf(self._type(payload))
            case model.Result(ok, error):
                return types.ResultOf(self._optional(ok), self._optional(error))
            case model.List(element):
                return types.ListOf(self._type(element))
            case model.Map(key, value):
                return types.MapOf(self._type(key), self._type(value))
            case model.Own(resource):
                return types.Own(self._resource(_target(resource)))
            case model.Borrow(resource):
                return types.Borrow(self._resource(_target(resource)))
            case model.Resource():
                return types.Own(self._resource(definition))
            case model.FixedLengthList() | model.Future() | model.Stream() as unknown:
                raise GenerationError(f"`{_WORDS[type(unknown)]}`", self._place, _SYNCHRONOUS)

    def _optional(self, type_: model.Type | None) -> types.Type | None:
        return None if type_ is None else self._type(type_)


_WORDS: dict[type, str] = {
    model.FixedLengthList: "list of fixed length",
    model.Future: "future",
    model.Stream: "stream",
}


def _place(what: str, span: Span | None) -> str:
    if span is None:
        return what
    line, column = span.file.position(span.start)
    return f"{what} ({span.file.path}:{line}:{column})"


def _target(definition: model.TypeDef) -> model.TypeDef:
    """The type that a name stands for in the end."""
    while isinstance(definition.kind, model.Alias) and isinstance(definition.kind.target, model.TypeDef):
        definition = definition.kind.target
    return definition
