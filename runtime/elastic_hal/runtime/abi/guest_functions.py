"""Functions of an instance as wasmtime has them: where they are, whether they fit, and memory for their values."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_bool, c_size_t
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import CELL_SIZE
from elastic_hal.runtime.abi.errors import LinkError
from elastic_hal.runtime.abi.exports import Export, lift_of, may_grow, may_own

# Bound apart from `_bindings`, so that addresses are passed as numbers. These run guest code: they give up the lock.
_library = ctypes.CDLL(cast(str, cast(Any, _bindings).dll._name))


def _function(name: str, *parameters: Any, result: Any = c_size_t) -> Callable[..., int]:
    function = _library[name]
    function.restype = result
    function.argtypes = parameters
    return cast("Callable[..., int]", function)


_TYPE_SIZE = ctypes.sizeof(cast(Any, _bindings).wasmtime_component_valtype_t)
_type = _function("wasmtime_component_func_type", c_size_t, c_size_t)
_type_parameters = _function("wasmtime_component_func_type_param_count", c_size_t)
_type_result = _function("wasmtime_component_func_type_result", c_size_t, c_size_t, result=c_bool)
_delete_type = _function("wasmtime_component_valtype_delete", c_size_t, result=None)
_delete_function_type = _function("wasmtime_component_func_type_delete", c_size_t, result=None)
call_function = _function("wasmtime_component_func_call", *[c_size_t] * 6)
drop_handle = _function("wasmtime_component_resource_any_drop", c_size_t, c_size_t)


def find_function(
    store: wasmtime.Store, pointer: int, instance: wasm_component.Instance, export: Export[Any]
) -> ExportedFunction:
    """Looks an exported function up; `pointer` is the address of the store's context.

    Raises:
        LinkError: it is not there, or has other parameters or another result.
    """
    outer = None
    if export.interface is not None:
        outer = instance.get_export_index(store, export.interface)
    index = None
    if export.interface is None or outer is not None:
        index = instance.get_export_index(store, export.name, outer)
    found = instance.get_func(store, index) if index is not None else None
    if found is None:
        raise LinkError(f"the component does not export {export.label}")
    if _shape(found, pointer) != (len(export.parameters), export.result is not None):
        raise LinkError(f"the component exports {export.label} with other parameters or another result")
    return ExportedFunction(found, export)


class ExportedFunction:
    """An exported function that was found, with memory for its arguments and its result. `owning` are those of its
    `cells` that own memory after a call that fits; those of numbers never do. `weighed` are the arguments that may be
    too large for the way back.
    """

    __slots__ = (
        *("_memory", "_raw", "address", "arity", "cells", "finish", "first", "label", "lift", "lowers", "owning"),
        *("result", "results", "weighed"),
    )

    def __init__(self, found: wasm_component.Func, export: Export[Any]) -> None:
        self.label = export.label
        self.arity = len(export.parameters)
        self.results = 0 if export.result is None else 1
        self._raw = found._func
        self._memory = ctypes.create_string_buffer(CELL_SIZE * (self.arity + 1))
        self.address = ctypes.addressof(self._raw)
        self.first = ctypes.addressof(self._memory)
        self.result = self.first + CELL_SIZE * self.arity
        self.cells = tuple(range(self.first, self.result + CELL_SIZE * self.results, CELL_SIZE))
        owners = [*(codec.kind > cells.CHAR for codec in export.parameters), may_own(export.result)]
        self.owning = tuple(cell for cell, owns in zip(self.cells, owners, strict=False) if owns)
        growing = [cell for cell, codec in zip(self.cells, export.parameters, strict=False) if codec.grows]
        self.weighed = tuple(growing) if may_grow(export.result) else ()
        self.lowers = tuple(
            (self.first + CELL_SIZE * index, codec.lower) for index, codec in enumerate(export.parameters)
        )
        self.lift, self.finish = lift_of(export.result)


def _shape(found: wasm_component.Func, store: int) -> tuple[int, bool]:
    """How many parameters an exported function has, and whether it has a result."""
    shape = _type(ctypes.addressof(found._func), store)
    result = ctypes.create_string_buffer(_TYPE_SIZE)
    has_result = bool(_type_result(shape, ctypes.addressof(result)))
    if has_result:
        _delete_type(ctypes.addressof(result))
    parameters = _type_parameters(shape)
    _delete_function_type(shape)
    return parameters, has_result
