"""The calling convention under generated host bindings.

Generated code describes the types of an interface with codecs, links providers with a `Linker` and calls what a guest
exports through a `GuestInstance`; nothing else in this package is needed for that. What a value means is the
provider's business, which functions a workload may call is the policy's.
"""

from wasmtime import Store
from wasmtime.component import Instance

from elastic_hal.runtime.abi.aggregates import list_, map_, option, option_some, result, tuple_
from elastic_hal.runtime.abi.calls import GuestInstance
from elastic_hal.runtime.abi.codec import Codec, Context
from elastic_hal.runtime.abi.errors import (
    AbiError,
    CallTooLargeError,
    GuestBusyError,
    GuestEndedError,
    GuestError,
    GuestExit,
    GuestResourceError,
    GuestResultTooLargeError,
    HandleError,
    HandleLimitError,
    InstantiationError,
    LayoutError,
    LiftingError,
    LinkError,
    LoweringError,
    ResultError,
)
from elastic_hal.runtime.abi.exports import Export
from elastic_hal.runtime.abi.fixed import fixed_bytes, fixed_list
from elastic_hal.runtime.abi.functions import Fallible, HostFailure, fallible
from elastic_hal.runtime.abi.guest_errors import GuestTrap
from elastic_hal.runtime.abi.guest_resources import GuestResource, guest_borrow, guest_own
from elastic_hal.runtime.abi.guests import GuestFunction, guest_instance
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
from elastic_hal.runtime.abi.traps import Frame, TrapKind
from elastic_hal.runtime.abi.values import Err, Ok, Some

__all__ = [
    "AbiError",
    "CallTooLargeError",
    "Codec",
    "Context",
    "Err",
    "Export",
    "Fallible",
    "Frame",
    "GuestBusyError",
    "GuestEndedError",
    "GuestError",
    "GuestExit",
    "GuestFunction",
    "GuestInstance",
    "GuestResource",
    "GuestResourceError",
    "GuestResultTooLargeError",
    "GuestTrap",
    "HandleError",
    "HandleLimitError",
    "HostFailure",
    "Instance",
    "InstanceLinker",
    "InstantiationError",
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
    "Store",
    "TrapKind",
    "bool_",
    "borrow",
    "bytes_",
    "char",
    "enum_",
    "f32",
    "f64",
    "fallible",
    "fixed_bytes",
    "fixed_list",
    "flags",
    "guest_borrow",
    "guest_instance",
    "guest_own",
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
