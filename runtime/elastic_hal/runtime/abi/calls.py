"""Calls from the host into a guest's exported functions, with the same codecs."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, cast

import wasmtime
from wasmtime import _bindings
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import CELL_SIZE
from elastic_hal.runtime.abi.codec import Codec
from elastic_hal.runtime.abi.errors import LinkError
from elastic_hal.runtime.abi.linker import Linker

_CELLS = ctypes.POINTER(cast(Any, _bindings).wasmtime_component_val_t)


class GuestFunction:
    """An exported function of an instantiated component.

    `interface` is the exported instance that has the function, or None for a function that the world exports itself.

    Raises:
        LinkError: the component has no such export.
    """

    def __init__(
        self,
        linker: Linker,
        store: wasmtime.Store,
        instance: wasm_component.Instance,
        name: tuple[str | None, str],
        *,
        parameters: Sequence[Codec[Any]] = (),
        result: Codec[Any] | None = None,
    ) -> None:
        interface, function = name
        outer = instance.get_export_index(store, interface) if interface is not None else None
        index = None
        if interface is None or outer is not None:
            index = instance.get_export_index(store, function, outer)
        found = instance.get_func(store, index) if index is not None else None
        if found is None:
            raise LinkError(f"the component does not export {f'{interface}.' if interface else ''}{function}")
        self._function = found
        self._linker = linker
        self._store = store
        self._parameters = tuple(parameters)
        self._result = result

    def __call__(self, *arguments: Any) -> Any:
        """Calls the guest.

        Raises:
            wasmtime.WasmtimeError: the guest trapped; ExitTrap where it asked to exit.
            LoweringError: an argument does not fit its type.
            BaseException: what a host function kept because it must not be lost.
        """
        if len(arguments) != len(self._parameters):
            raise TypeError(f"{len(self._parameters)} arguments expected, {len(arguments)} given")
        context = self._linker.state.context
        context.pointer = ctypes.cast(cast(Any, self._store._context()), ctypes.c_void_p).value or 0
        count = len(arguments)
        memory = ctypes.create_string_buffer(CELL_SIZE * (count + 1))
        first = ctypes.addressof(memory)
        result_cell = first + CELL_SIZE * count
        try:
            for index, (codec, argument) in enumerate(zip(self._parameters, arguments, strict=True)):
                codec.lower(argument, first + CELL_SIZE * index, context)
            context.given = []
            self._enter(first, count, result_cell)
            value = self._result.lift(result_cell, context) if self._result is not None else None
            context.received = []
        except BaseException:
            self._linker.state.undo()
            raise
        finally:
            for cell in range(first, result_cell + CELL_SIZE, CELL_SIZE):
                cells.reset(cell)
        self._function.post_return(self._store)
        return value

    def _enter(self, first: int, count: int, result_cell: int) -> None:
        error = _bindings.wasmtime_component_func_call(
            ctypes.byref(self._function._func),
            self._store._context(),
            ctypes.cast(first, _CELLS),
            count,
            ctypes.cast(result_cell, _CELLS),
            0 if self._result is None else 1,
        )
        if error:
            failure = wasmtime.WasmtimeError._from_ptr(error)
            self._linker.raise_pending()
            raise failure
