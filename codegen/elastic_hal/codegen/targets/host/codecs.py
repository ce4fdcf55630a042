"""The codecs of named types as host bindings build them, with `elastic_hal.runtime.abi`."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.codecs import codec, codec_tuple, optional_codec
from elastic_hal.codegen.targets.facts import function_result
from elastic_hal.codegen.targets.functions import failure
from elastic_hal.codegen.targets.layout import Expression, call, string, tuple_of
from elastic_hal.codegen.targets.module_context import ModuleContext


def named_codec(context: ModuleContext, wit_type: model.TypeDef) -> Expression:
    """The codec of a record, variant, enum or flags of the module."""
    names = context.names.types[wit_type]
    match wit_type.kind:
        case model.Record(fields):
            entries = (
                tuple_of(string(field.name), string(name), codec(context, field.type))
                for name, field in zip(names.members, fields, strict=True)
            )
            return call("_abi.record", names.name, tuple_of(*entries))
        case model.Variant(cases):
            entries = (
                tuple_of(string(case.name), name, optional_codec(context, case.type))
                for name, case in zip(names.cases, cases, strict=True)
            )
            return call("_abi.variant", tuple_of(*entries))
        case model.Enum():
            return call("_abi.enum_", names.name)
        case model.Flags(flags):
            return call("_abi.flags", names.name, tuple_of(*(string(flag.name) for flag in flags)))
        case _:
            raise TypeError(f"{wit_type.name} needs no codec of its own")


def function_codecs(context: ModuleContext, function: model.Function) -> tuple[Expression, ...]:
    """The codecs of the parameters, and of the result where there is one."""
    types = tuple(parameter.type for parameter in function.parameters)
    parameters = codec_tuple(context, types) if types else "()"
    result = function_result(function)
    if result is not None:
        failed = failure(context, result)
        raised = tuple_of(failed.raised)
        internal = () if failed.internal is None else (failed.internal,)
        ok, err = optional_codec(context, result.ok), optional_codec(context, result.err)
        return (parameters, call("_abi.fallible", ok, err, raised, *internal))
    return (parameters,) if function.result is None else (parameters, codec(context, function.result))
