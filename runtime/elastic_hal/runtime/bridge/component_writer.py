"""Writes a component item by item, and counts the indices that each item gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER, name, section, sized, unsigned, vector
from elastic_hal.runtime.bridge.outline import SectionNumber, Sort

CORE_FUNCTION = b"\x00"
CORE_MEMORY = b"\x02"
_CORE_INSTANCE = b"\x12"
_PLAIN_NAME = b"\x00"
_UTF8 = b"\x00"


class ComponentWriter:
    """A component that begins with a hull; `counts` are the items that the hull defines."""

    def __init__(self, hull: bytes = COMPONENT_HEADER, counts: Mapping[Sort, int] | None = None) -> None:
        self._content = bytearray(hull)
        self._counts = dict.fromkeys(Sort, 0) | dict(counts or {})
        self._core_instances = self._core_functions = self._core_memories = 0
        self._open: SectionNumber | None = None
        self._items: list[bytes] = []

    def finish(self) -> bytes:
        """The component's bytes."""
        self._close()
        return bytes(self._content)

    def custom(self, label: str, content: bytes) -> None:
        """Adds a custom section."""
        self._close()
        self._content += section(SectionNumber.CUSTOM, name(label) + content)

    def define_type(self, definition: bytes) -> int:
        """Adds a type."""
        return self._add(SectionNumber.TYPE, definition, Sort.TYPE)

    def import_instance(self, label: str, type_: int) -> int:
        """Imports an instance of a type."""
        description = bytes([Sort.INSTANCE]) + unsigned(type_)
        return self._add(SectionNumber.IMPORT, extern_name(label) + description, Sort.INSTANCE)

    def alias(self, instance: int, sort: Sort, label: str) -> int:
        """Names something that an instance exports."""
        return self._add(SectionNumber.ALIAS, sort_code(sort) + b"\x00" + unsigned(instance) + name(label), sort)

    def component(self, content: bytes) -> int:
        """Nests a component."""
        self._close()
        self._content += section(SectionNumber.COMPONENT, content)
        return self._counted(Sort.COMPONENT)

    def instantiate(self, component: int, arguments: Iterable[tuple[str, Sort, int]]) -> int:
        """Instantiates a nested component."""
        given = vector(name(label) + sort_code(sort) + unsigned(index) for label, sort, index in arguments)
        return self._add(SectionNumber.INSTANCE, b"\x00" + unsigned(component) + given, Sort.INSTANCE)

    def bundle(self, items: Iterable[tuple[str, Sort, int]]) -> int:
        """Makes an instance of items that are there already."""
        given = vector(extern_name(label) + sort_code(sort) + unsigned(index) for label, sort, index in items)
        return self._add(SectionNumber.INSTANCE, b"\x01" + given, Sort.INSTANCE)

    def export(self, label: str, sort: Sort, index: int) -> int:
        """Exports an item."""
        return self._add(SectionNumber.EXPORT, extern_name(label) + sort_code(sort) + unsigned(index) + b"\x00", sort)

    def export_as(self, label: str, function: int, type_: int) -> int:
        """Exports a function as one of another type that mentions equal types by other names."""
        item = extern_name(label) + sort_code(Sort.FUNCTION) + unsigned(function)
        return self._add(SectionNumber.EXPORT, item + b"\x01\x01" + unsigned(type_), Sort.FUNCTION)

    def core_module(self, content: bytes) -> int:
        """Nests a core module."""
        self._close()
        self._content += section(SectionNumber.CORE_MODULE, content)
        return self._counted(Sort.CORE_MODULE)

    def core_instantiate(self, module: int, arguments: Iterable[tuple[str, int]]) -> int:
        """Instantiates a core module with core instances."""
        given = vector(name(label) + _CORE_INSTANCE + unsigned(instance) for label, instance in arguments)
        return self._add_core_instance(b"\x00" + unsigned(module) + given)

    def core_bundle(self, items: Iterable[tuple[str, bytes, int]]) -> int:
        """Makes a core instance of core items that are there already."""
        given = vector(name(label) + sort + unsigned(index) for label, sort, index in items)
        return self._add_core_instance(b"\x01" + given)

    def core_alias(self, instance: int, sort: bytes, label: str) -> int:
        """Names something that a core instance exports."""
        self._append(SectionNumber.ALIAS, b"\x00" + sort + b"\x01" + unsigned(instance) + name(label))
        if sort == CORE_MEMORY:
            self._core_memories += 1
            return self._core_memories - 1
        return self._add_core_function()

    def lower(self, function: int, memory: int | None = None, realloc: int | None = None) -> int:
        """Makes a core function of a function."""
        options = _options(memory, realloc, None)
        self._append(SectionNumber.CANONICAL, b"\x01\x00" + unsigned(function) + options)
        return self._add_core_function()

    def lift(self, function: int, type_: int, memory: int, realloc: int, post_return: int | None) -> int:
        """Makes a function of a core function."""
        options = _options(memory, realloc, post_return)
        item = b"\x00\x00" + unsigned(function) + options + unsigned(type_)
        return self._add(SectionNumber.CANONICAL, item, Sort.FUNCTION)

    def drop_function(self, resource: int) -> int:
        """The core function that drops handles of a resource."""
        self._append(SectionNumber.CANONICAL, b"\x03" + unsigned(resource))
        return self._add_core_function()

    def _add(self, number: SectionNumber, item: bytes, sort: Sort) -> int:
        self._append(number, item)
        return self._counted(sort)

    def _append(self, number: SectionNumber, item: bytes) -> None:
        if self._open is not number:
            self._close()
            self._open = number
        self._items.append(item)

    def _close(self) -> None:
        if self._open is not None:
            self._content += section(self._open, vector(self._items))
        self._open = None
        self._items = []

    def _counted(self, sort: Sort) -> int:
        self._counts[sort] += 1
        return self._counts[sort] - 1

    def _add_core_instance(self, item: bytes) -> int:
        self._append(SectionNumber.CORE_INSTANCE, item)
        self._core_instances += 1
        return self._core_instances - 1

    def _add_core_function(self) -> int:
        self._core_functions += 1
        return self._core_functions - 1


def extern_name(label: str) -> bytes:
    """The name of an import or an export."""
    return _PLAIN_NAME + sized(label.encode())


def sort_code(sort: Sort) -> bytes:
    """How a sort is written before an index."""
    return b"\x00\x11" if sort is Sort.CORE_MODULE else bytes([sort])


def _options(memory: int | None, realloc: int | None, post_return: int | None) -> bytes:
    options = [] if memory is None else [_UTF8, b"\x03" + unsigned(memory)]
    if realloc is not None:
        options.append(b"\x04" + unsigned(realloc))
    if post_return is not None:
        options.append(b"\x05" + unsigned(post_return))
    return vector(options)
