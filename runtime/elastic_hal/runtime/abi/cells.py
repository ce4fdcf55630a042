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
import struct
from collections.abc import Callable, Sequence
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
_keeping_lock = ctypes.PyDLL(cast(str, cast(Any, _bindings).dll._name))


def _function(name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    function = _keeping_lock[name]
    function.restype = result
    function.argtypes = parameters
    return function


new_bytes = _function("wasm_byte_vec_new", None, c_size_t, c_size_t, c_char_p)
_copy_record = _function("wasmtime_component_valrecord_copy", None, c_size_t, c_char_p)
new_tuple_of = _function("wasmtime_component_valtuple_new", None, c_size_t, c_size_t, c_char_p)
"""Called with the address of a payload, a count and the bytes of that many cells, which own nothing."""
_copy_flags = _function("wasmtime_component_valflags_copy", None, c_size_t, c_char_p)
_new_boxed = _function("wasmtime_component_val_new", c_size_t, c_void_p)
_delete = _function("wasmtime_component_val_delete", None, c_size_t)
new_error = _function("wasmtime_error_new", c_size_t, c_char_p)
delete_error = _function("wasmtime_error_delete", None, c_size_t)
new_host_resource = _function("wasmtime_component_resource_host_new", c_size_t, c_bool, c_uint32, c_uint32)
host_resource_rep = _function("wasmtime_component_resource_host_rep", c_uint32, c_size_t)
delete_host_resource = _function("wasmtime_component_resource_host_delete", None, c_size_t)
resource_to_host = _function("wasmtime_component_resource_any_to_host", c_size_t, c_size_t, c_size_t, c_void_p)
resource_from_host = _function("wasmtime_component_resource_host_to_any", c_size_t, c_size_t, c_size_t, c_size_t)
clone_guest_handle = _function("wasmtime_component_resource_any_clone", c_size_t, c_size_t)
delete_guest_handle = _function("wasmtime_component_resource_any_delete", None, c_size_t)
_drop_handle = _function("wasmtime_component_resource_any_drop", c_size_t, c_size_t, c_size_t)

_memory_view: Callable[[int, int, int], memoryview] = ctypes.PYFUNCTYPE(
    ctypes.py_object, c_void_p, c_ssize_t, ctypes.c_int
)(("PyMemoryView_FromMemory", ctypes.pythonapi))
_READ: Final = 0x100
_WRITE: Final = 0x200
_FALSE = ctypes.create_string_buffer(CELL_SIZE)


class _Array:
    """How wasmtime allocates one kind of counted value: as a copy of a few empty items, or without contents."""

    def __init__(self, name: str, item_size: int) -> None:
        self.copy = _function(f"wasmtime_component_val{name}_new", None, c_size_t, c_size_t, c_size_t)
        self.uninitialized = _function(f"wasmtime_component_val{name}_new_uninit", None, c_size_t, c_size_t)
        self.item_size = item_size


_ARRAYS: Final = {
    LIST: _Array("list", CELL_SIZE),
    TUPLE: _Array("tuple", CELL_SIZE),
    MAP: _Array("map", MAP_ENTRY_SIZE),
}
_COPIED_ITEMS: Final = 64
_EMPTY_ITEMS = ctypes.create_string_buffer(_COPIED_ITEMS * MAP_ENTRY_SIZE)
_EMPTY_ADDRESS: Final = ctypes.addressof(_EMPTY_ITEMS)


_SHORT: Final = 128
_short: tuple[Callable[[int], Any], ...] = tuple((ctypes.c_char * size).from_address for size in range(_SHORT + 1))


def bytes_at(address: int, size: int) -> bytes:
    """A copy of foreign memory. Short pieces, such as names, are read without a call into C, three times as fast."""
    if size <= _SHORT:
        data: bytes = _short[size](address).raw
        return data
    return ctypes.string_at(address, size)


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
    view = pointer_cell(cell)
    view.kind = BOOL
    view.value = 0


def drop_host_handle(store: int, handle: int) -> None:
    """Ends a handle to an object of the host that no guest has (any more)."""
    error = _drop_handle(store, handle)
    if error:
        delete_error(error)


def new_array(kind: int, count: int, cell: int) -> int:
    """Makes `cell` a list, a tuple or a map of `count` empty items and gives the address of the first.

    Few items are copied from empty ones, which is one call; many are cleared after they are allocated.
    """
    array = _ARRAYS[kind]
    view = span_cell(cell)
    if count <= _COPIED_ITEMS:
        array.copy(cell + PAYLOAD, count, _EMPTY_ADDRESS)
        view.kind = kind
        return cast(int, view.data)
    array.uninitialized(cell + PAYLOAD, count)
    data: int = view.data
    ctypes.memset(data, 0, count * array.item_size)
    view.kind = kind
    return data


def _name_entry(name: ctypes.Array[ctypes.c_char]) -> bytes:
    """A name as wasmtime has it in a value: its length and its address."""
    return struct.pack("NN", len(name), ctypes.addressof(name))


class RecordTemplate:
    """The names of a record's fields, laid out so that one call makes an empty record of them."""

    def __init__(self, names: Sequence[bytes]) -> None:
        self._names = tuple(ctypes.create_string_buffer(name, len(name)) for name in names)
        entries = b"".join(_name_entry(name).ljust(RECORD_ENTRY_SIZE, b"\0") for name in self._names)
        self._entries = ctypes.create_string_buffer(entries, len(entries))
        self._vector = struct.pack("NN", len(names), ctypes.addressof(self._entries))

    def copy(self, cell: int) -> int:
        """Makes `cell` a record whose fields are empty and gives the address of the first entry."""
        view = span_cell(cell)
        _copy_record(cell + PAYLOAD, self._vector)
        view.kind = RECORD
        data: int = view.data
        return data


class FlagsTemplate:
    """The names of flags, laid out so that one call makes the value that holds some of them."""

    def __init__(self, names: Sequence[bytes]) -> None:
        self._names = tuple(ctypes.create_string_buffer(name, len(name)) for name in names)
        self._entries = tuple((1 << index, _name_entry(name)) for index, name in enumerate(self._names))

    def copy(self, cell: int, bits: int) -> None:
        """Makes `cell` the flags whose bits are set."""
        present = [entry for bit, entry in self._entries if bits & bit]
        entries = ctypes.create_string_buffer(b"".join(present), len(present) * NAME_SIZE)
        _copy_flags(cell + PAYLOAD, struct.pack("NN", len(present), ctypes.addressof(entries)))
        span_cell(cell).kind = FLAGS


def immortal(callback: Any) -> Any:
    """Makes a callback that is never freed: wasmtime may call it when the interpreter exits and modules are gone."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))
    return callback


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
