"""The memory of wasmtime's component values, by address.

wasmtime's C API passes a value as a cell of 32 bytes: its kind in the first byte, its payload from byte 8 on. Codecs
read and write cells by address, because that is several times faster than ctypes structures and unions. Memory that a
cell owns comes from the C API's own allocators, so that wasmtime can free it.

One rule keeps every path free of leaks: *a cell is valid at all times*. New children start as `bool false`, and a
parent points to its children before they are filled. Whoever owns the outermost cell can therefore free it whenever
something fails half-way.

Functions here that neither block nor call back are bound with PyDLL: they keep the interpreter lock, which makes them
cheaper and keeps chatty guests on several threads from handing it to and fro.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_bool, c_char_p, c_double, c_float, c_size_t, c_ssize_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any, Final, cast

from wasmtime import _bindings

from elastic_hal.runtime.abi.errors import LayoutError

CELL_SIZE: Final = 32
PAYLOAD: Final = 8
RECORD_ENTRY_SIZE: Final = 48
RECORD_ENTRY_VALUE: Final = 16
NAME_SIZE: Final = 16
MAP_ENTRY_SIZE: Final = 64

BOOL: Final = 0
S8: Final = 1
U8: Final = 2
S16: Final = 3
U16: Final = 4
S32: Final = 5
U32: Final = 6
S64: Final = 7
U64: Final = 8
F32: Final = 9
F64: Final = 10
CHAR: Final = 11
STRING: Final = 12
LIST: Final = 13
RECORD: Final = 14
TUPLE: Final = 15
VARIANT: Final = 16
ENUM: Final = 17
OPTION: Final = 18
RESULT: Final = 19
FLAGS: Final = 20
RESOURCE: Final = 21
MAP: Final = 22

KIND_NAMES: Final = (
    *("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string", "list", "record"),
    *("tuple", "variant", "enum", "option", "result", "flags", "resource", "map"),
)


def cell_type(payload: Any) -> Any:
    """Makes the ctypes view `kind` and `value` of a cell with one plain payload."""

    class Cell(ctypes.Structure):
        _fields_ = (("kind", c_uint8), ("padding", c_uint8 * 7), ("value", payload))

    return Cell


class _Span(ctypes.Structure):
    """A cell that holds a counted pointer: string, list, record, tuple, enum, flags, map."""

    _fields_ = (
        ("kind", c_uint8),
        ("padding", c_uint8 * 7),
        ("size", c_size_t),
        ("data", c_size_t),
        ("extra", c_size_t),
    )


class _Result(ctypes.Structure):
    """A cell that holds a result: which case, and its payload if it has one."""

    _fields_ = (
        ("kind", c_uint8),
        ("padding", c_uint8 * 7),
        ("is_ok", c_uint8),
        ("padding_2", c_uint8 * 7),
        ("data", c_size_t),
    )


kind_at: Callable[[int], Any] = c_uint8.from_address
word_at: Callable[[int], Any] = c_size_t.from_address
pointer_cell: Callable[[int], Any] = cell_type(c_size_t).from_address
span_cell: Callable[[int], Any] = _Span.from_address
result_cell: Callable[[int], Any] = _Result.from_address
bytes_at: Callable[[int, int], bytes] = ctypes.string_at
clear: Callable[[int, int, int], object] = ctypes.memset

_keeping_lock = ctypes.PyDLL(cast(str, cast(Any, _bindings).dll._name))


def _function(name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    function = _keeping_lock[name]
    function.restype = result
    function.argtypes = parameters
    return function


new_bytes = _function("wasm_byte_vec_new", None, c_size_t, c_size_t, c_char_p)
new_list = _function("wasmtime_component_vallist_new_uninit", None, c_size_t, c_size_t)
new_record = _function("wasmtime_component_valrecord_new_uninit", None, c_size_t, c_size_t)
new_tuple = _function("wasmtime_component_valtuple_new_uninit", None, c_size_t, c_size_t)
new_flags = _function("wasmtime_component_valflags_new_uninit", None, c_size_t, c_size_t)
new_map = _function("wasmtime_component_valmap_new_uninit", None, c_size_t, c_size_t)
_new_boxed = _function("wasmtime_component_val_new", c_size_t, c_void_p)
_delete = _function("wasmtime_component_val_delete", None, c_size_t)
new_error = _function("wasmtime_error_new", c_size_t, c_char_p)
delete_error = _function("wasmtime_error_delete", None, c_size_t)
new_host_resource = _function("wasmtime_component_resource_host_new", c_size_t, c_bool, c_uint32, c_uint32)
host_resource_rep = _function("wasmtime_component_resource_host_rep", c_uint32, c_size_t)
delete_host_resource = _function("wasmtime_component_resource_host_delete", None, c_size_t)
resource_to_host = _function("wasmtime_component_resource_any_to_host", c_size_t, c_size_t, c_size_t, c_void_p)
resource_from_host = _function("wasmtime_component_resource_host_to_any", c_size_t, c_size_t, c_size_t, c_size_t)

_memory_view: Callable[[int, int, int], memoryview] = ctypes.PYFUNCTYPE(
    ctypes.py_object, c_void_p, c_ssize_t, ctypes.c_int
)(("PyMemoryView_FromMemory", ctypes.pythonapi))
_READ: Final = 0x100
_WRITE: Final = 0x200
_FALSE = ctypes.create_string_buffer(CELL_SIZE)


def readable(address: int, size: int) -> memoryview:
    """A view of foreign memory, to be used before the call that it belongs to returns."""
    return _memory_view(address, size, _READ)


def writable(address: int, size: int) -> memoryview:
    """A view of foreign memory that can be written."""
    return _memory_view(address, size, _WRITE)


def new_boxed() -> int:
    """Allocates a cell of its own, holding `bool false`, and gives its address."""
    return cast(int, _new_boxed(_FALSE))


def reset(cell: int) -> None:
    """Frees what a cell owns and leaves `bool false` in it."""
    _delete(cell)
    clear(cell, 0, CELL_SIZE)


def new_array(allocate: Callable[[int, int], object], kind: int, count: int, item_size: int, cell: int) -> int:
    """Makes `cell` an aggregate of `count` empty items and gives the address of the first."""
    view = span_cell(cell)
    allocate(cell + PAYLOAD, count)
    view.kind = kind
    data: int = view.data
    if count:
        clear(data, 0, count * item_size)
    return data


def kind_name(cell: int) -> str:
    """Names the kind that a cell holds, for messages."""
    kind = kind_at(cell).value
    return KIND_NAMES[kind] if kind < len(KIND_NAMES) else f"unknown kind {kind}"


def check_layout() -> None:
    """Compares the offsets above with those of the installed wasmtime.

    Raises:
        LayoutError: they differ, so that reading values by address would be unsafe.
    """
    bindings = cast(Any, _bindings)
    value, union = bindings.wasmtime_component_val, bindings.wasmtime_component_valunion
    entry, pair = bindings.wasmtime_component_valrecord_entry, bindings.wasmtime_component_valmap_entry
    found = (
        *(ctypes.sizeof(value), value.kind.offset, value.of.offset),
        *(ctypes.sizeof(entry), entry.name.offset, entry.val.offset),
        *(ctypes.sizeof(pair), pair.value.offset, ctypes.sizeof(bindings.wasm_byte_vec_t)),
        *(bindings.wasmtime_component_valresult.val.offset, bindings.wasmtime_component_valvariant.val.offset),
        *(union.u32.offset, union.list.offset, union.resource.offset, union.option.offset),
        *(bindings.wasmtime_component_vallist.data.offset, ctypes.sizeof(ctypes.c_void_p), ctypes.sizeof(c_uint64)),
        *(ctypes.sizeof(c_float), ctypes.sizeof(c_double)),
    )
    wanted = (CELL_SIZE, 0, PAYLOAD, 48, 0, 16, 64, 32, 16, 8, 16, 0, 0, 0, 0, 8, 8, 8, 4, 8)
    if found != wanted:
        raise LayoutError(
            f"the installed wasmtime lays component values out as {found}, expected {wanted}; "
            "install the wasmtime version that this package requires"
        )


check_layout()
