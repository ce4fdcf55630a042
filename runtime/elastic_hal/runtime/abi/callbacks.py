"""How wasmtime comes back to functions and resources of the host: callbacks that live as long as the process.

Which function or workload is meant travels as a number, the key; wasmtime tells when a key is no longer needed.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from ctypes import c_size_t, c_uint32, c_void_p
from typing import Any, cast

from wasmtime import _bindings

from elastic_hal.runtime.abi.cells import immortal
from elastic_hal.runtime.abi.functions import BoundFunction, HostState, trap

_bound: dict[int, BoundFunction] = {}
_states: dict[int, HostState] = {}
_keys = itertools.count(1)


def function_key(function: BoundFunction) -> int:
    """Keeps a function until wasmtime releases its key, and gives the key."""
    key = next(_keys)
    _bound[key] = function
    return key


def resource_key(state: HostState) -> int:
    """Keeps the state of a workload for one resource until wasmtime releases its key, and gives the key."""
    key = next(_keys)
    _states[key] = state
    return key


def _call(key: int, store: int, _type: int, first: int, count: int, results: int, result_count: int) -> int:
    try:
        return _bound[key](store, first, count, results, result_count)
    except BaseException as error:  # an exception here would be lost, and wasmtime would go on with no result
        return trap(f"the host failed: {type(error).__name__}")


def _drop(key: int, store: int, rep: int) -> int:
    state = _states[key]
    try:
        if not state.closed:
            state.table.drop(rep)
    except BaseException as error:  # as in _call; Exceptions of a provider's drop are logged before they come here
        return state.stop("drop", error)
    return 0


# The dictionaries are bound as defaults, because finalizers still run while the interpreter clears modules at exit.
def _release_function(key: int, forget: Callable[[int, object], object] = _bound.pop) -> None:
    forget(key, None)


def _release_resource(key: int, forget: Callable[[int, object], object] = _states.pop) -> None:
    forget(key, None)


CALL = ctypes.cast(
    immortal(ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, c_size_t, c_size_t, c_size_t)(_call)),
    cast(Any, _bindings).wasmtime_component_func_callback_t,
)
DROP = ctypes.cast(
    immortal(ctypes.CFUNCTYPE(c_size_t, c_void_p, c_size_t, c_uint32)(_drop)),
    cast(Any, _bindings).wasmtime_component_resource_destructor_t,
)
_finalizer = ctypes.CFUNCTYPE(None, c_void_p)
RELEASE_FUNCTION = immortal(_finalizer(_release_function))
RELEASE_RESOURCE = immortal(_finalizer(_release_resource))
