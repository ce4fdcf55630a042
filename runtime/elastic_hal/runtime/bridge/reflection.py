"""Reads the types of a compiled component's imports through wasmtime's C API.

wasmtime has checked the binary by then, so nothing here parses types. wasmtime-py's own classes stop at types that they
do not know, maps for one; this reads them all, and what a bridge cannot carry is UnsupportedTypeError.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref
from typing import Any

import wasmtime
from wasmtime import _bindings, _ffi
from wasmtime import component as wasm_component

from elastic_hal.runtime.bridge.errors import BridgeError, UnsupportedTypeError
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.types import (
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    RecordOf,
    ResultOf,
    Scalar,
    TupleOf,
    Type,
    VariantOf,
)

MAX_DEPTH = 64
MAX_PARTS = 20_000
"""How much of types is read of one component. Types are read as trees, which may be far larger than their binary."""

_api: Any = _bindings
_codes: Any = _ffi


def imports(component: wasm_component.Component, engine: wasmtime.Engine) -> dict[str, Item]:
    """What a component imports."""
    reflection = _Reflection(engine)
    return {name: reflection.item(extern) for name, extern in component.type.imports(engine).items()}


class _Reflection:
    """Reads one component, giving equal resources the same number."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._resources: list[Any] = []
        self._parts = 0

    def item(self, extern: Any) -> Item:
        found = _codes.wasmtime_component_item_t()
        _api.wasmtime_component_extern_type(extern.ptr(), byref(found))
        try:
            return self._read_item(found)
        finally:
            _api.wasmtime_component_item_delete(byref(found))

    def _read_item(self, found: Any) -> Item:
        sort = _SORTS.get(found.kind)
        if sort is None:
            raise BridgeError(f"wasmtime's item number {found.kind} is not known")
        try:
            return self._read_known(found, sort)
        except UnsupportedTypeError:
            return Item(sort)

    def _read_known(self, found: Any, sort: Sort) -> Item:
        if found.kind == _codes.WASMTIME_COMPONENT_ITEM_RESOURCE.value:
            return Item(sort, resource=self._resource(found.of.resource))
        if sort is Sort.FUNCTION:
            return Item(sort, self._function(found.of.component_func))
        if sort is Sort.TYPE:
            return Item(sort, self._value_type(found.of.type, 0))
        if sort is Sort.INSTANCE:
            return Item(sort, exports=self._instance_exports(found.of.component_instance))
        return Item(sort)

    def _instance_exports(self, instance: Any) -> dict[str, Item]:
        clone = _api.wasmtime_component_instance_type_clone(instance)
        kind: Any = wasm_component.ComponentInstanceType
        return {name: self.item(extern) for name, extern in kind._from_ptr(clone).exports(self._engine).items()}

    def _function(self, function: Any) -> Function:
        if _api.wasmtime_component_func_type_async(function):
            raise UnsupportedTypeError("asynchronous functions")
        count = _api.wasmtime_component_func_type_param_count(function)
        parameters = self._named(count, function, _api.wasmtime_component_func_type_param_nth, 0)
        return Function(parameters, self._optional(function, _api.wasmtime_component_func_type_result, 0))

    def _resource(self, resource: Any) -> int:
        for number, known in enumerate(self._resources):
            if _api.wasmtime_component_resource_type_equal(known.ptr(), resource):
                return number
        kind: Any = wasm_component.ResourceType
        self._resources.append(kind._from_ptr(_api.wasmtime_component_resource_type_clone(resource)))
        return len(self._resources) - 1

    def _value_type(self, found: Any, depth: int) -> Type:
        self._parts += 1
        if depth > MAX_DEPTH or self._parts > MAX_PARTS:
            raise UnsupportedTypeError("types as deep or as large as these")
        kind = found.kind
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind not in _AGGREGATES:
            raise UnsupportedTypeError(f"wasmtime's type number {kind}")
        return self._aggregate(_AGGREGATES[kind], found.of, depth + 1)

    def _aggregate(self, kind: str, of: Any, depth: int) -> Type:
        match kind:
            case "list":
                return ListOf(self._one(of.list, _api.wasmtime_component_list_type_element, depth))
            case "map":
                key = self._one(of.map, _api.wasmtime_component_map_type_key, depth)
                return MapOf(key, self._one(of.map, _api.wasmtime_component_map_type_value, depth))
            case "record":
                count = _api.wasmtime_component_record_type_field_count(of.record)
                return RecordOf(self._named(count, of.record, _api.wasmtime_component_record_type_field_nth, depth))
            case "tuple":
                return self._tuple(of.tuple, depth)
            case "variant":
                return self._variant(of.variant, depth)
            case "enum":
                count = _api.wasmtime_component_enum_type_names_count(of.enum_)
                return EnumOf(_names(count, of.enum_, _api.wasmtime_component_enum_type_names_nth))
            case "flags":
                count = _api.wasmtime_component_flags_type_names_count(of.flags)
                return FlagsOf(_names(count, of.flags, _api.wasmtime_component_flags_type_names_nth))
            case "option":
                return OptionOf(self._one(of.option, _api.wasmtime_component_option_type_ty, depth))
            case "result":
                ok = self._optional(of.result, _api.wasmtime_component_result_type_ok, depth)
                return ResultOf(ok, self._optional(of.result, _api.wasmtime_component_result_type_err, depth))
            case "own":
                return Own(self._resource(of.own))
            case _:
                return Borrow(self._resource(of.borrow))

    def _tuple(self, of: Any, depth: int) -> Type:
        elements = []
        for place in range(_api.wasmtime_component_tuple_type_types_count(of)):
            found = _codes.wasmtime_component_valtype_t()
            _api.wasmtime_component_tuple_type_types_nth(of, place, byref(found))
            elements.append(self._taken(found, depth))
        return TupleOf(tuple(elements))

    def _variant(self, of: Any, depth: int) -> Type:
        cases: list[tuple[str, Type | None]] = []
        for place in range(_api.wasmtime_component_variant_type_case_count(of)):
            text, size, carries = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t(), ctypes.c_bool()
            found = _codes.wasmtime_component_valtype_t()
            _api.wasmtime_component_variant_type_case_nth(
                of, place, byref(text), byref(size), byref(carries), byref(found)
            )
            name = ctypes.string_at(text, size.value).decode()
            cases.append((name, self._taken(found, depth) if carries.value else None))
        return VariantOf(tuple(cases))

    def _named(self, count: int, of: Any, read: Callable[..., Any], depth: int) -> tuple[tuple[str, Type], ...]:
        found_all = []
        for place in range(count):
            text, size = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
            found = _codes.wasmtime_component_valtype_t()
            read(of, place, byref(text), byref(size), byref(found))
            name = ctypes.string_at(text, size.value).decode()
            found_all.append((name, self._taken(found, depth)))
        return tuple(found_all)

    def _one(self, of: Any, read: Callable[..., Any], depth: int) -> Type:
        found = _codes.wasmtime_component_valtype_t()
        read(of, byref(found))
        return self._taken(found, depth)

    def _optional(self, of: Any, read: Callable[..., Any], depth: int) -> Type | None:
        found = _codes.wasmtime_component_valtype_t()
        return self._taken(found, depth) if read(of, byref(found)) else None

    def _taken(self, found: Any, depth: int) -> Type:
        """Reads a type that wasmtime gave us to keep, and gives it back."""
        try:
            return self._value_type(found, depth)
        finally:
            _api.wasmtime_component_valtype_delete(byref(found))


def _names(count: int, of: Any, read: Callable[..., Any]) -> tuple[str, ...]:
    names = []
    for place in range(count):
        text, size = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
        read(of, place, byref(text), byref(size))
        names.append(ctypes.string_at(text, size.value).decode())
    return tuple(names)


_SORTS: dict[int, Sort] = {
    _codes.WASMTIME_COMPONENT_ITEM_COMPONENT.value: Sort.COMPONENT,
    _codes.WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE.value: Sort.INSTANCE,
    _codes.WASMTIME_COMPONENT_ITEM_MODULE.value: Sort.CORE_MODULE,
    _codes.WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC.value: Sort.FUNCTION,
    _codes.WASMTIME_COMPONENT_ITEM_RESOURCE.value: Sort.TYPE,
    _codes.WASMTIME_COMPONENT_ITEM_TYPE.value: Sort.TYPE,
}
_SCALARS: dict[int, Scalar] = {
    getattr(_codes, f"WASMTIME_COMPONENT_VALTYPE_{scalar.name}").value: scalar for scalar in Scalar
}
_MAP = 26  # wasmtime-py has no name for it
_AGGREGATES: dict[int, str] = {
    **{
        getattr(_codes, f"WASMTIME_COMPONENT_VALTYPE_{kind.upper()}").value: kind
        for kind in ("list", "record", "tuple", "variant", "enum", "option", "result", "flags", "own", "borrow")
    },
    _MAP: "map",
}
