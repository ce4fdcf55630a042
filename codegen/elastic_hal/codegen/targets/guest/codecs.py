"""The codecs of named types as guest bindings build them, with the generated `_support`."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.codecs import codec, optional_codec
from elastic_hal.codegen.targets.guest import raw_names
from elastic_hal.codegen.targets.layout import Expression, call, string, tuple_of
from elastic_hal.codegen.targets.module_context import ModuleContext


def named_codec(context: ModuleContext, wit_type: model.TypeDef) -> Expression:
    """The codec of a record, variant, enum or flags of the module."""
    names = context.names.types[wit_type]
    raw = f"_raw.{raw_names.type_class(wit_type)}"
    match wit_type.kind:
        case model.Record(fields):
            entries = (
                tuple_of(string(raw_names.attribute(field.name)), string(name), codec(context, field.type))
                for name, field in zip(names.members, fields, strict=True)
            )
            return call("_support.record", names.name, raw, tuple_of(*entries))
        case model.Variant(cases):
            entries = (
                tuple_of(name, f"_raw.{raw_names.case(wit_type, case)}", optional_codec(context, case.type))
                for name, case in zip(names.cases, cases, strict=True)
            )
            return call("_support.variant", string(names.name), tuple_of(*entries))
        case model.Enum():
            return call("_support.enum_", names.name, raw)
        case model.Flags():
            return call("_support.flags", names.name, raw)
        case _:
            raise TypeError(f"{wit_type.name} needs no codec of its own")
