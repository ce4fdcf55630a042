"""The codec of each type as a Python expression.

Host and guest bindings both convert values with small objects that they put together when they are imported; only the
module that these come from (`abi`, `_support`) and the arguments of the named types differ.
"""

from __future__ import annotations

from collections.abc import Callable

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.facts import dealias, is_bytes, may_be_none
from elastic_hal.codegen.targets.layout import Expression, annotated_statement, call, tuple_of
from elastic_hal.codegen.targets.module_context import ModuleContext
from elastic_hal.codegen.targets.python_types import in_order_of_use

_NAMES = {model.Primitive.BOOL: "bool_"}


def codec(context: ModuleContext, wit_type: model.Type) -> Expression:
    """The codec of a type as it stands in a signature or inside another type."""
    plain = dealias(wit_type)
    support = context.support
    if isinstance(plain, model.Primitive):
        return f"{support}.{_NAMES.get(plain, plain.value)}"
    match plain.kind:
        case model.Resource():
            return call(context.handle_builder("own", plain), context.class_name(plain))
        case model.Own(resource):
            return call(context.handle_builder("own", resource), context.class_name(context.seen_resource(resource)))
        case model.Borrow(resource):
            return call(context.handle_builder("borrow", resource), context.class_name(context.seen_resource(resource)))
        case model.Record() | model.Variant() | model.Enum() | model.Flags():
            return context.codec_name(plain)
        case kind:
            return _structure(context, kind)


def _structure(context: ModuleContext, kind: model.TypeKind) -> Expression:
    support = context.support
    match kind:
        case model.List(element):
            return f"{support}.bytes_" if is_bytes(element) else call(f"{support}.list_", codec(context, element))
        case model.FixedLengthList(element, length) if is_bytes(element):
            return call(f"{support}.fixed_bytes", str(length))
        case model.FixedLengthList(element, length):
            return call(f"{support}.fixed_list", codec(context, element), str(length))
        case model.Option(inner):
            builder = "option_some" if may_be_none(inner) else "option"
            return call(f"{support}.{builder}", codec(context, inner))
        case model.Result(ok, err):
            return call(f"{support}.result", optional_codec(context, ok), optional_codec(context, err))
        case model.Tuple(types):
            return call(f"{support}.tuple_", *(codec(context, part) for part in types))
        case model.Map(key, value):
            return call(f"{support}.map_", codec(context, key), codec(context, value))
        case _:
            raise TypeError(f"{type(kind).__name__} has no codec")


def optional_codec(context: ModuleContext, wit_type: model.Type | None) -> Expression:
    """The codec of a payload that may be absent."""
    return "None" if wit_type is None else codec(context, wit_type)


def codec_tuple(context: ModuleContext, types: tuple[model.Type, ...]) -> Expression:
    """The codecs of several types as a tuple."""
    return tuple_of(*(codec(context, wit_type) for wit_type in types))


NamedCodec = Callable[[ModuleContext, model.TypeDef], Expression]
"""How a target builds the codec of a record, variant, enum or flags."""


def codec_statements(context: ModuleContext, named: NamedCodec) -> tuple[str, ...]:
    """The assignments of the codecs of a module's own types, each after the codecs that it is made of."""
    lines = []
    for wit_type in in_order_of_use(context.module.types):
        if isinstance(wit_type.kind, model.Record | model.Variant | model.Enum | model.Flags):
            names = context.names.types[wit_type]
            wanted = f"{context.support}.Codec[{names.name}]"
            lines.append(annotated_statement(names.codec, wanted, named(context, wit_type)))
    return tuple(lines)
