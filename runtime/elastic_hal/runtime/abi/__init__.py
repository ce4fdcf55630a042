"""The calling convention under generated host bindings.

Generated code describes the types of an interface with codecs and links providers with a `Linker`; nothing else in
this package is needed for that. What a value means is the provider's business, which functions a workload may call is
the policy's.
"""

from elastic_hal.runtime.abi.aggregates import list_, map_, option, option_some, result, tuple_
from elastic_hal.runtime.abi.codec import Codec, Context
from elastic_hal.runtime.abi.errors import (
    AbiError,
    HandleError,
    HandleLimitError,
    LayoutError,
    LiftingError,
    LinkError,
    LoweringError,
    ResultError,
)
from elastic_hal.runtime.abi.functions import Fallible, HostFailure, fallible
from elastic_hal.runtime.abi.linker import InstanceLinker, Linker
from elastic_hal.runtime.abi.named import enum_, flags, record, variant
from elastic_hal.runtime.abi.resources import Resource, ResourceTable, borrow, own
from elastic_hal.runtime.abi.scalars import (
    bool_,
    bytes_,
    char,
    f32,
    f64,
    s8,
    s16,
    s32,
    s64,
    string,
    u8,
    u16,
    u32,
    u64,
)
from elastic_hal.runtime.abi.values import Err, Ok, Some

__all__ = [
    "AbiError",
    "Codec",
    "Context",
    "Err",
    "Fallible",
    "HandleError",
    "HandleLimitError",
    "HostFailure",
    "InstanceLinker",
    "LayoutError",
    "LiftingError",
    "LinkError",
    "Linker",
    "LoweringError",
    "Ok",
    "Resource",
    "ResourceTable",
    "ResultError",
    "Some",
    "bool_",
    "borrow",
    "bytes_",
    "char",
    "enum_",
    "f32",
    "f64",
    "fallible",
    "flags",
    "list_",
    "map_",
    "option",
    "option_some",
    "own",
    "record",
    "result",
    "s8",
    "s16",
    "s32",
    "s64",
    "string",
    "tuple_",
    "u8",
    "u16",
    "u32",
    "u64",
    "variant",
]
