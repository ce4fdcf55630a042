"""The core module with an adapter's functions.

Each passes its parameters on to the host and the host's result back, as they are: windows and lists of bytes look the
same here. Around that it gives the host the memory that pending results need, gives lent handles back, and frees what
the call has used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elastic_hal.runtime.bridge import layout as abi
from elastic_hal.runtime.bridge.drops import DropCode, borrows_in_memory, has_borrows
from elastic_hal.runtime.bridge.instructions import Code, CoreModule, call, constant, get, put, read, when, write
from elastic_hal.runtime.bridge.memory_module import (
    CAPACITY,
    HEAP,
    MEMORY,
    NONCE,
    PENDING,
    RESERVE,
    RETURN_AREA,
    TOP,
    heap_start,
)
from elastic_hal.runtime.bridge.names import NAMESPACE
from elastic_hal.runtime.bridge.types import BYTES, Borrow, Function, walk

GIVEN = "host"
NONCE_CALL, ATTACH_CALL, FILL_CALL = "nonce", "attach", "fill"


@dataclass(frozen=True, slots=True)
class Plan:
    """An adapter's functions and what follows from their types; resources are those with handles to give back."""

    functions: tuple[Function, ...]
    resources: tuple[int, ...]
    return_area: int


def plan(functions: Sequence[Function]) -> Plan:
    """What modules an adapter for these functions needs."""
    lent = {
        part.resource
        for function in functions
        for _, type_ in function.parameters
        for part in walk(type_)
        if isinstance(part, Borrow)
    }
    returned = [call_ for call_ in map(abi.call, functions) if call_.returned]
    area = max((call_.result_layout.size for call_ in returned if call_.result_layout), default=0)
    return Plan(tuple(functions), tuple(sorted(lent)), area)


def function_label(place: int) -> str:
    """What the function at a place is called among the module's imports and exports."""
    return f"function{place}"


def drop_label(resource: int) -> str:
    """What the import is called that drops handles of a resource."""
    return f"drop{resource}"


def functions_module(wanted: Plan) -> bytes:
    """The module."""
    module = CoreModule(f"{NAMESPACE}:functions")
    module.import_memory(GIVEN, MEMORY)
    nonce = module.import_function(GIVEN, NONCE_CALL, ["i32"])
    attach = module.import_function(GIVEN, ATTACH_CALL, ["i32"])
    fill = module.import_function(GIVEN, FILL_CALL, [])
    reserve = module.import_function(GIVEN, RESERVE, ["i32"])
    drops = {resource: module.import_function(GIVEN, drop_label(resource), ["i32"]) for resource in wanted.resources}
    hosts = [_import_host(module, place, function) for place, function in enumerate(wanted.functions)]

    begin = constant(NONCE) + call(nonce) + read(CAPACITY) + call(attach)
    module.start(module.function(Code((), (), (), begin), "begin", export=False))
    settle = when(read(PENDING), read(TOP) + call(reserve) + call(fill) + write(PENDING, constant(0)))
    settle_function = module.function(Code((), (), (), settle), "settle", export=False)
    heap = heap_start(wanted.return_area)
    for place, function in enumerate(wanted.functions):
        code = _adapter(function, hosts[place], settle_function, drops.__getitem__, heap)
        module.function(code, function_label(place))
    return module.finish()


def _import_host(module: CoreModule, place: int, function: Function) -> int:
    how = abi.call(function)
    given = (*how.parameters, abi.I32) if how.returned else how.parameters
    results = () if how.result is None else (how.result,)
    return module.import_function(GIVEN, function_label(place), given, results)


def _adapter(function: Function, host: int, settle: int, drop: Callable[[int], int], heap: int) -> Code:
    how = abi.call(function)
    width = len(how.parameters)
    kept = () if how.result is None else (how.result,)
    dropping = DropCode(drop, width + len(kept))
    drops = _drops(function, how, dropping)
    keep_parameters = _read_after_call(function, how)

    code = write(HEAP, read(TOP)) if keep_parameters else b""
    code += b"".join(map(get, range(width)))
    code += constant(RETURN_AREA) if how.returned else b""
    code += call(host)
    code += put(width) if kept else b""
    if function.result is not None and BYTES in walk(function.result):
        code += call(settle)
    code += drops
    code += write(HEAP, constant(heap)) if keep_parameters else b""
    if how.returned:
        code += constant(RETURN_AREA)
        results: tuple[str, ...] = (abi.I32,)
    else:
        code += write(TOP, read(HEAP)) + (get(width) if kept else b"")
        results = kept
    return Code(how.parameters, results, kept + (abi.I32,) * dropping.locals, code)


def _drops(function: Function, how: abi.Call, dropping: DropCode) -> bytes:
    types = tuple(type_ for _, type_ in function.parameters)
    if how.spilled:
        return b"".join(dropping.memory(type_, get(0), place) for place, type_ in abi.offsets(types))
    code, first = b"", 0
    for type_ in types:
        kinds = abi.layout(type_).flat
        code += dropping.flat(type_, kinds, first)
        first += len(kinds)
    return code


def _read_after_call(function: Function, how: abi.Call) -> bool:
    """Whether parameters in memory are still needed when the host has written its results."""
    needed = has_borrows if how.spilled else borrows_in_memory
    return any(needed(type_) for _, type_ in function.parameters)
