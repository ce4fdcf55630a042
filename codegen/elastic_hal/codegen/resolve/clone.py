"""Copies what a world includes: types and inline interfaces become the including world's own, under their new names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from elastic_hal.codegen import model
from elastic_hal.codegen.resolve.context import Context, ResolvedItem


def clone_items(
    items: Iterable[ResolvedItem],
    renames: Mapping[str, str],
    source: model.World,
    target: model.World,
    context: Context,
) -> list[ResolvedItem]:
    """The items of the world `source` as items of `target`, renamed. Interfaces with an id stay what they are."""
    items = list(items)
    cloner = _Cloner(context)
    for part in items:
        if isinstance(part.item, model.TypeItem) and part.item.type.owner is source:
            cloner.announce(part.item.type, _renamed(part.key, renames), target)
    cloner.fill()
    return [
        replace(part, key=key, item=cloner.item(part.item, key, target)) if part.is_name else part
        for part in items
        for key in [_renamed(part.key, renames) if part.is_name else part.key]
    ]


def clone_interface(interface: model.Interface, target: model.World, context: Context) -> model.Interface:
    """A copy of an interface with types of its own, in the package of the world `target`."""
    return _Cloner(context).interface(interface, target)


def _renamed(key: str, renames: Mapping[str, str]) -> str:
    """`[method]r.m` follows a renamed `r`, and `[get]p` a renamed `p`."""
    marks, bracket, rest = key.rpartition("]")
    name, dot, function = rest.partition(".")
    return f"{marks}{bracket}{renames.get(name, name)}{dot}{function}"


def plain_name(key: str) -> str:
    """What `include … with` calls the item of that key: its name without marks; a resource for its functions."""
    return key.rpartition("]")[2].partition(".")[0]


class _Cloner:
    """Maps types to their copies. Named copies exist before any is filled, so that their order makes no difference."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._copies: dict[model.TypeDef, model.TypeDef] = {}
        self._unfilled: list[tuple[model.TypeDef, model.TypeDef]] = []

    def announce(self, original: model.TypeDef, name: str, owner: model.Interface | model.World) -> model.TypeDef:
        copy = replace(original, name=name, owner=owner)
        self._copies[original] = copy
        self._unfilled.append((original, copy))
        for facts in (self._context.resources, self._context.borrowing, self._context.excluded):
            if original in facts:
                facts.add(copy)
        return copy

    def fill(self) -> None:
        for original, copy in self._unfilled:
            copy.kind = self._kind(original.kind)
        self._unfilled.clear()

    def item(self, item: model.WorldItem, key: str, target: model.World) -> model.WorldItem:
        match item:
            case model.TypeItem(definition):
                return model.TypeItem(self._copies.get(definition, definition))
            case model.FunctionItem(function):
                return model.FunctionItem(self._function(function, key))
            case model.InterfaceItem(interface, stability, external_id, docs):
                copy = interface if interface.name is not None else self.interface(interface, target)
                return model.InterfaceItem(copy, stability, external_id, docs)

    def interface(self, interface: model.Interface, target: model.World) -> model.Interface:
        """The copy of an interface, with copies of its types."""
        copy = replace(interface, package=target.package, types={}, functions={})
        for name, definition in interface.types.items():
            copy.types[name] = self.announce(definition, name, copy)
        self.fill()
        for name, function in interface.functions.items():
            copy.functions[name] = self._function(function, name)
        return copy

    def _function(self, function: model.Function, name: str) -> model.Function:
        return replace(
            function,
            name=name,
            short_name=plain_name(name) if function.resource is None else function.short_name,
            resource=None if function.resource is None else self._copies.get(function.resource, function.resource),
            parameters=tuple(model.Parameter(one.name, self._type(one.type)) for one in function.parameters),
            result=self._optional(function.result),
        )

    def _optional(self, type: model.Type | None) -> model.Type | None:
        return None if type is None else self._type(type)

    def _type(self, type: model.Type) -> model.Type:
        if isinstance(type, model.Primitive):
            return type
        if type.name is not None:
            return self._copies.get(type, type)
        copy = model.TypeDef(None, self._kind(type.kind))
        for facts in (self._context.resources, self._context.borrowing):
            if type in facts:
                facts.add(copy)
        return copy

    def _definition(self, definition: model.TypeDef) -> model.TypeDef:
        return self._copies.get(definition, definition)

    def _kind(self, kind: model.TypeKind) -> model.TypeKind:
        match kind:
            case model.Record(fields):
                return model.Record(tuple(replace(field, type=self._type(field.type)) for field in fields))
            case model.Variant(cases):
                return model.Variant(tuple(replace(case, type=self._optional(case.type)) for case in cases))
            case model.Tuple(types):
                return model.Tuple(tuple(self._type(type) for type in types))
            case model.Result(ok, err):
                return model.Result(self._optional(ok), self._optional(err))
            case model.Map(key, value):
                return model.Map(self._type(key), self._type(value))
            case model.Option(type) | model.List(type) | model.FixedLengthList(type):
                return replace(kind, type=self._type(type))
            case model.Future(payload) | model.Stream(payload):
                return replace(kind, type=self._optional(payload))
            case model.Alias(target):
                return model.Alias(self._type(target))
            case model.Own(resource) | model.Borrow(resource):
                return replace(kind, resource=self._definition(resource))
            case _:
                return kind
