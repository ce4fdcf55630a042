"""What one instance of a core module holds of the host, read from the module's binary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from elastic_hal.runtime.bridge.encoding import MODULE_HEADER
from elastic_hal.runtime.bridge.errors import UnreadableBinaryError
from elastic_hal.runtime.bridge.reader import Reader
from elastic_hal.runtime.contents.bounds import MAX_MEMORIES, MAX_MODULE_ITEMS, MAX_TABLES, TooLargeError, bound

ELEMENT_BYTES: Final = 8
"""What the host holds for each element of a table."""

_PAGE = 65536
_INSTANCE_BYTES = 4096
_ITEM_BYTES = 32  # the host's record of a function, an import, a global
_SEGMENT_FACTOR = 16  # of elements that wait for `table.init`, for each byte that they take in the binary
_CUSTOM, _TYPE, _IMPORT, _FUNCTION, _TABLE, _MEMORY, _GLOBAL, _EXPORT, _START, _ELEMENT, _CODE, _DATA = range(12)
_DATA_COUNT, _TAG = 12, 13
_FUNCTION_TYPE = 0x60
_REFERENCE, _NULLABLE_REFERENCE = 0x64, 0x63
_HAS_MAXIMUM, _IS_LONG = 0x01, 0x04


@dataclass(frozen=True, slots=True)
class Range:
    """How large a table or a memory is at first, and how large it may become (None: no bound of its own)."""

    least: int
    most: int | None

    def under(self, limit: int) -> int:
        """Return how large it can become where `limit` bounds it too."""
        return max(self.least, limit if self.most is None else min(self.most, limit))


@dataclass(frozen=True, slots=True)
class Holding:
    """What one instance holds: memories in bytes, tables in elements, and `record_bytes` of the host's own records.

    `collects` says that it may make objects, exceptions among them, which wasmtime keeps in a heap of the store.
    """

    memories: tuple[Range, ...] = ()
    tables: tuple[Range, ...] = ()
    record_bytes: int = _INSTANCE_BYTES
    collects: bool = False


def read_module(content: memoryview) -> Holding:
    """Read what an instance of a core module holds.

    Raises:
        UnreadableBinaryError: this cannot be told.
        TooLargeError: a part of it is larger than any may be.
    """
    memories: list[Range] = []
    tables: list[Range] = []
    items = segments = 0
    collects = False
    for number, section in _sections(content):
        if number in (_CUSTOM, _START, _CODE, _DATA_COUNT):
            continue
        reader = Reader(section)
        count = reader.count()
        bound("items in one section of a core module", count, MAX_MODULE_ITEMS)
        if number == _TYPE:
            collects = collects or not _only_functions(reader, count)
        elif number == _TAG:
            collects = True
        elif number == _TABLE:
            bound("tables in a core module", count + len(tables), MAX_TABLES)
            tables += [_table(reader) for _ in range(count)]
        elif number == _MEMORY:
            bound("memories in a core module", count + len(memories), MAX_MEMORIES)
            memories += [_memory(reader) for _ in range(count)]
        elif number == _ELEMENT:
            segments += len(section)
        if number in (_IMPORT, _FUNCTION, _GLOBAL, _TABLE, _MEMORY, _TAG, _ELEMENT, _DATA):
            items += count
    records = _INSTANCE_BYTES + _ITEM_BYTES * items + _SEGMENT_FACTOR * segments
    return Holding(tuple(memories), tuple(tables), records, collects)


def _sections(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    reader = Reader(content)
    if bytes(reader.take(len(MODULE_HEADER))) != MODULE_HEADER:
        raise UnreadableBinaryError("a core module begins in an unknown way")
    while not reader.at_end:
        number = reader.byte()
        yield number, reader.take(reader.number())


def _only_functions(reader: Reader, count: int) -> bool:
    """Whether types are those of functions alone: structures, arrays and groups of types begin otherwise."""
    for _ in range(count):
        if reader.byte() != _FUNCTION_TYPE:
            return False
        for _ in range(2):  # parameters, results
            for _ in range(reader.count()):
                _value_type(reader)
    return True


def _value_type(reader: Reader) -> None:
    if reader.byte() in (_REFERENCE, _NULLABLE_REFERENCE):
        reader.long_number()  # a heap type, whose sign does not matter here


def _table(reader: Reader) -> Range:
    if reader.peek() == 0x40:
        # With a first value for its elements, which is an expression whose end nobody finds without knowing all.
        reader.byte()
        if reader.byte() != 0:
            raise UnreadableBinaryError("a table of an unknown form")
        _value_type(reader)
        size = _limits(reader, 1)
        _skip_expression(reader)
        return size
    _value_type(reader)
    return _limits(reader, 1)


def _memory(reader: Reader) -> Range:
    return _limits(reader, _PAGE)


def _limits(reader: Reader, unit: int) -> Range:
    flags = reader.byte()
    if flags & ~(_HAS_MAXIMUM | _IS_LONG):
        raise TooLargeError("it has a shared memory, or pages of a size of their own, which nothing here bounds")
    least = reader.long_number()
    return Range(least * unit, reader.long_number() * unit if flags & _HAS_MAXIMUM else None)


_END, _I32, _I64, _F32, _F64, _GLOBAL_GET, _REF_NULL, _REF_FUNC = 0x0B, 0x41, 0x42, 0x43, 0x44, 0x23, 0xD0, 0xD2
_ARITHMETIC = (0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E)


def _skip_expression(reader: Reader) -> None:
    while (code := reader.byte()) != _END:
        if code in (_I32, _I64, _GLOBAL_GET, _REF_NULL, _REF_FUNC):
            reader.long_number()
        elif code == _F32:
            reader.take(4)
        elif code == _F64:
            reader.take(8)
        elif code not in _ARITHMETIC:
            raise UnreadableBinaryError(f"an expression with instruction {code:#x}")
