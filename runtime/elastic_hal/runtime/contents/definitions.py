"""A component as the list of those of its definitions that decide how often which core module is instantiated.

Every index of a core module, a component or an instance is accounted for; functions, types and values are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER
from elastic_hal.runtime.bridge.errors import UnreadableBinaryError
from elastic_hal.runtime.bridge.outline import SectionNumber, Sort
from elastic_hal.runtime.bridge.reader import Reader
from elastic_hal.runtime.contents.bounds import (
    MAX_DEPTH,
    MAX_EXPORTS,
    MAX_IMPORTS,
    MAX_ITEMS,
    MAX_MODULES,
    MAX_NAME_BYTES,
    MAX_TYPE_BYTES,
    TooLargeError,
    bound,
)
from elastic_hal.runtime.contents.core_module import Holding, read_module

COUNTED = (Sort.CORE_MODULE, Sort.COMPONENT, Sort.INSTANCE)
_EXPORT_ALIAS, _CORE_EXPORT_ALIAS, _OUTER_ALIAS = 0, 1, 2
Named = tuple[str, Sort, int]


@dataclass(frozen=True, slots=True)
class Imported:
    """Something under a name that whoever instantiates the component gives."""

    name: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Exported:
    """Something that an instance exports."""

    instance: int
    name: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Outer:
    """Something of the component that so many levels further out."""

    levels: int
    index: int
    sort: Sort


@dataclass(frozen=True, slots=True)
class Again:
    """A further index of something that has one: what an export definition makes."""

    index: int
    sort: Sort


@dataclass(frozen=True, slots=True)
class Instantiated:
    """An instance of a component."""

    component: int
    arguments: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Bundled:
    """An instance made of what is there."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class CoreInstantiated:
    """An instance of a core module."""

    module: int


@dataclass(slots=True)
class Definitions:
    """A component: its definitions in order, and its exports of sorts that count."""

    steps: list[Definition] = field(default_factory=list)
    exports: list[Named] = field(default_factory=list)


Definition = Holding | Definitions | Imported | Exported | Outer | Again | Instantiated | Bundled | CoreInstantiated


def read_definitions(content: bytes) -> Definitions:
    """Read a component.

    Raises:
        UnreadableBinaryError: the binary ends early or has something that is not known here.
        TooLargeError: a part of it is beyond its bound.
    """
    return _Parser().component(memoryview(content), 0)


class _Parser:
    def __init__(self) -> None:
        self._items = self._modules = self._type_bytes = 0

    def component(self, content: memoryview, depth: int) -> Definitions:
        bound("levels of components within components", depth, MAX_DEPTH)
        reader = Reader(content)
        if bytes(reader.take(len(COMPONENT_HEADER))) != COMPONENT_HEADER:
            raise UnreadableBinaryError("a component begins in an unknown way")
        found = Definitions()
        counts = {SectionNumber.IMPORT: 0, SectionNumber.EXPORT: 0}
        while not reader.at_end:
            number = reader.byte()
            section = reader.take(reader.number())
            if number == SectionNumber.CUSTOM:
                continue
            if number == SectionNumber.CORE_MODULE:
                self._modules += 1
                bound("core modules", self._modules, MAX_MODULES)
                found.steps.append(read_module(section))
            elif number == SectionNumber.COMPONENT:
                self._add(1)
                found.steps.append(self.component(section, depth + 1))
            else:
                self._section(number, section, found, counts)
        return found

    def _section(self, number: int, section: memoryview, found: Definitions, counts: dict[SectionNumber, int]) -> None:
        if number in (SectionNumber.TYPE, SectionNumber.CORE_TYPE):
            self._type_bytes += len(section)
            bound("bytes of type definitions", self._type_bytes, MAX_TYPE_BYTES)
        if number == SectionNumber.START:
            self._add(1)
            return
        reader = Reader(section)
        count = reader.count()
        if number == SectionNumber.IMPORT:
            counts[SectionNumber.IMPORT] += count
            bound("imports", counts[SectionNumber.IMPORT], MAX_IMPORTS)
        elif number == SectionNumber.EXPORT:
            counts[SectionNumber.EXPORT] += count
            bound("exports", counts[SectionNumber.EXPORT], MAX_EXPORTS)
        self._add(count)
        read = _READERS.get(number)
        if read is not None:
            for _ in range(count):
                read(reader, found)

    def _add(self, count: int) -> None:
        self._items += count
        bound("definitions", self._items, MAX_ITEMS)


def _import(reader: Reader, found: Definitions) -> None:
    name, sort = _name(reader), _described_sort(reader)
    if sort in COUNTED:
        found.steps.append(Imported(name, sort))


def _export(reader: Reader, found: Definitions) -> None:
    name, sort, index = _name(reader), _sort(reader), reader.number()
    if reader.byte() == 1:
        _described_sort(reader)
    if sort in COUNTED:
        found.steps.append(Again(index, sort))
        found.exports.append((name, sort, index))


def _alias(reader: Reader, found: Definitions) -> None:
    sort, target = _sort(reader), reader.byte()
    if target in (_EXPORT_ALIAS, _CORE_EXPORT_ALIAS):
        instance, name = reader.number(), _plain_name(reader)
        if target == _EXPORT_ALIAS and sort in COUNTED:
            found.steps.append(Exported(instance, name, sort))
    elif target == _OUTER_ALIAS:
        levels, index = reader.number(), reader.number()
        if sort in COUNTED:
            found.steps.append(Outer(levels, index, sort))
    else:
        raise UnreadableBinaryError(f"an alias of kind {target}")


def _instance(reader: Reader, found: Definitions) -> None:
    kind = reader.byte()
    if kind == 0:
        component = reader.number()
        found.steps.append(Instantiated(component, _named(reader, _plain_name)))
    elif kind == 1:
        found.steps.append(Bundled(_named(reader, _name)))
    else:
        raise UnreadableBinaryError(f"an instance of kind {kind}")


def _named(reader: Reader, read_name: Callable[[Reader], str]) -> tuple[Named, ...]:
    every = [(read_name(reader), _sort(reader), reader.number()) for _ in range(reader.count())]
    return tuple((name, sort, index) for name, sort, index in every if sort is not None and sort in COUNTED)


def _core_instance(reader: Reader, found: Definitions) -> None:
    kind = reader.byte()
    module = reader.number() if kind == 0 else None
    for _ in range(reader.count()):
        _plain_name(reader)
        reader.byte()
        reader.number()
    if module is not None:
        found.steps.append(CoreInstantiated(module))
    elif kind != 1:
        raise UnreadableBinaryError(f"a core instance of kind {kind}")


_READERS: dict[int, Callable[[Reader, Definitions], None]] = {
    SectionNumber.CORE_INSTANCE: _core_instance,
    SectionNumber.INSTANCE: _instance,
    SectionNumber.ALIAS: _alias,
    SectionNumber.IMPORT: _import,
    SectionNumber.EXPORT: _export,
}


def _name(reader: Reader) -> str:
    return _bounded(reader.extern_name())


def _plain_name(reader: Reader) -> str:
    return _bounded(reader.name())


def _bounded(name: str) -> str:
    if len(name) > MAX_NAME_BYTES:
        raise TooLargeError(f"it has a name of {len(name)} characters, and a name may have {MAX_NAME_BYTES}")
    return name


def _described_sort(reader: Reader) -> Sort | None:
    sort = _sort(reader)
    if sort in (Sort.TYPE, Sort.VALUE):
        if reader.byte() == 0 or sort is Sort.VALUE:
            reader.number()
    else:
        reader.number()
    return sort


def _sort(reader: Reader) -> Sort | None:
    """Read a sort; None for what lives in core instances."""
    number = reader.byte()
    if number == 0:
        return Sort.CORE_MODULE if reader.byte() == Sort.CORE_MODULE else None
    try:
        return Sort(number)
    except ValueError:
        raise UnreadableBinaryError(f"the sort {number} is not known") from None
