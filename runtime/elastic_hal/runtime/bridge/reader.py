"""Reads WebAssembly binaries that nobody has checked: whatever the bytes, the only error is UnreadableBinaryError."""

from collections.abc import Iterator
from dataclasses import dataclass

from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER
from elastic_hal.runtime.bridge.errors import UnreadableBinaryError

_LONGEST_NUMBER = 5  # bytes of a 32-bit number
_ANNOTATED = 2  # the kind of a name that something is said about
_LONGEST_LONG_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a component: its number, where it starts with its header, and its content."""

    number: int
    start: int
    content: memoryview

    def reader(self) -> "Reader":
        """A reader at the start of the content."""
        return Reader(self.content)


def sections(component: bytes) -> Iterator[Section]:
    """The sections of a component at its top level."""
    if not component.startswith(COMPONENT_HEADER):
        raise UnreadableBinaryError("this is no component in the known format")
    reader = Reader(memoryview(component))
    reader.take(len(COMPONENT_HEADER))
    while not reader.at_end:
        start = reader.position
        number = reader.byte()
        yield Section(number, start, reader.take(reader.number()))


class Reader:
    """A position in bytes."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self.position = 0

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.position == len(self._content)

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        end = self.position + size
        if end > len(self._content):
            raise UnreadableBinaryError("the binary ends early")
        taken = self._content[self.position : end]
        self.position = end
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """The next natural number of 32 bits."""
        value = 0
        for place in range(_LONGEST_NUMBER):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                if value >> 32:
                    break
                return value
        raise UnreadableBinaryError("a number is too long")

    def long_number(self) -> int:
        """The next natural number of 64 bits."""
        value = 0
        for place in range(_LONGEST_LONG_NUMBER):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                return value
        raise UnreadableBinaryError("a number is too long")

    def peek(self) -> int:
        """The next byte, which stays the next one."""
        found = self.byte()
        self.position -= 1
        return found

    def count(self) -> int:
        """The number of items in a list; each takes at least a byte."""
        count = self.number()
        if count > len(self._content) - self.position:
            raise UnreadableBinaryError("a list is longer than the binary")
        return count

    def name(self) -> str:
        """The next name."""
        try:
            return bytes(self.take(self.number())).decode()
        except UnicodeDecodeError as error:
            raise UnreadableBinaryError("a name is not UTF-8") from error

    def extern_name(self) -> str:
        """The next name of an import or an export, without what a component says about it: which interface stands
        under that label, or its external id.
        """
        kind = self.byte()
        if kind not in (0, 1, _ANNOTATED):
            raise UnreadableBinaryError(f"names of kind {kind} are not known")
        label = self.name()
        for _ in range(self.count() if kind == _ANNOTATED else 0):
            self.byte()
            self.name()
        return label
