"""The outline of a component: what it imports and exports, and its *hull*.

The hull is all that stands before its last import, as bytes: types, aliases and imports, nothing that runs. Alone it is
a valid component with the same imports, and a component that starts with it can number them as the original does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.reader import Reader, Section, sections


class Sort(IntEnum):
    """What an index counts. CORE_MODULE stands for two bytes in a binary."""

    FUNCTION = 1
    VALUE = 2
    TYPE = 3
    COMPONENT = 4
    INSTANCE = 5
    CORE_MODULE = 0x11


class SectionNumber(IntEnum):
    """The sections of components."""

    CUSTOM = 0
    CORE_MODULE = 1
    CORE_INSTANCE = 2
    CORE_TYPE = 3
    COMPONENT = 4
    INSTANCE = 5
    ALIAS = 6
    TYPE = 7
    CANONICAL = 8
    START = 9
    IMPORT = 10
    EXPORT = 11


@dataclass(frozen=True, slots=True)
class Extern:
    """An import or an export: its name, its sort, and its index among those of its sort."""

    name: str
    sort: Sort
    index: int


@dataclass(frozen=True, slots=True)
class Outline:
    """A component seen from outside. `counts` says how many items of each sort the hull defines."""

    hull: bytes
    imports: tuple[Extern, ...]
    exports: tuple[Extern, ...]
    counts: dict[Sort, int]


_IN_HULL = {SectionNumber.CORE_TYPE, SectionNumber.ALIAS, SectionNumber.TYPE, SectionNumber.IMPORT}
_EXPORT_ALIAS, _CORE_EXPORT_ALIAS, _OUTER_ALIAS = 0, 1, 2


@dataclass(slots=True)
class _Hull:
    imports: list[Extern] = field(default_factory=list)
    counts: dict[Sort, int] = field(default_factory=lambda: dict.fromkeys(Sort, 0))

    def define(self, sort: Sort) -> int:
        index = self.counts[sort]
        self.counts[sort] += 1
        return index


def outline(component: bytes) -> Outline:
    """Reads the outline of a component.

    Raises:
        BridgeError: the binary cannot be read, or something that runs stands before an import.
    """
    found = list(sections(component))
    last_import = max(
        (place for place, section in enumerate(found) if section.number == SectionNumber.IMPORT), default=-1
    )
    hull, content = _Hull(), [COMPONENT_HEADER]
    for place, section in enumerate(found[: last_import + 1]):
        if section.number == SectionNumber.CUSTOM:
            continue
        if section.number not in _IN_HULL:
            raise BridgeError(f"section {section.number} stands before an import")
        _read_hull_section(section, hull)
        end = found[place + 1].start if place + 1 < len(found) else len(component)
        content.append(component[section.start : end])
    exports = [export for section in found if section.number == SectionNumber.EXPORT for export in _exports(section)]
    return Outline(b"".join(content), tuple(hull.imports), tuple(exports), hull.counts)


def _read_hull_section(section: Section, hull: _Hull) -> None:
    reader = section.reader()
    count = reader.count()
    if section.number == SectionNumber.TYPE:
        hull.counts[Sort.TYPE] += count
    elif section.number == SectionNumber.ALIAS:
        for _ in range(count):
            _read_alias(reader, hull)
    elif section.number == SectionNumber.IMPORT:
        for _ in range(count):
            name = reader.extern_name()
            sort = _described_sort(reader)
            hull.imports.append(Extern(name, sort, hull.define(sort)))


def _read_alias(reader: Reader, hull: _Hull) -> None:
    sort, target = _sort(reader), reader.byte()
    if target == _EXPORT_ALIAS:
        reader.number()
        reader.name()
    elif target == _OUTER_ALIAS:
        reader.number()
        reader.number()
    else:
        raise BridgeError("an alias of a core instance stands before an import")
    hull.define(sort)


def _described_sort(reader: Reader) -> Sort:
    """Reads the description of an import or an export, and says of which sort it is."""
    sort = _sort(reader)
    if sort is Sort.TYPE:
        bound = reader.byte()
        if bound == 0:
            reader.number()
        elif bound != 1:
            raise BridgeError(f"type bounds of kind {bound} are not known")
        return sort
    if sort is Sort.VALUE:
        raise BridgeError("imported and exported values are not known")
    reader.number()
    return sort


def _exports(section: Section) -> Iterator[Extern]:
    reader = section.reader()
    for _ in range(reader.count()):
        name, sort = reader.extern_name(), _sort(reader)
        yield Extern(name, sort, reader.number())
        if reader.byte() == 1:
            _described_sort(reader)


def _sort(reader: Reader) -> Sort:
    number = reader.byte()
    if number == 0:
        number = reader.byte()
        if number != Sort.CORE_MODULE:
            raise BridgeError(f"the core sort {number} is not known outside of core instances")
    elif number == Sort.CORE_MODULE:
        raise BridgeError("an unknown sort")
    try:
        return Sort(number)
    except ValueError:
        raise BridgeError(f"the sort {number} is not known") from None
