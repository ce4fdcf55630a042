"""As much of DER (X.690) as it takes to find a part of a structure: where an element begins, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
FIRST_TAGGED: Final = 0xA0
_MOST_LENGTH_BYTES: Final = 4
# What is read is anybody's bytes, and a structure that is well meant has far fewer parts, and shorter names of them.
_MOST_CHILDREN: Final = 1024
_MOST_IDENTIFIER_BYTES: Final = 64


class DerError(ValueError):
    """The bytes are no element of DER, or another one than was expected."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, its contents, and all of its bytes. It may be a private key, so that it shows none."""

    tag: int
    content: bytes = field(repr=False)
    whole: bytes = field(repr=False)

    def children(self) -> Iterator[Element]:
        """The elements inside, or `DerError` where the contents are none."""
        at, count = 0, 0
        while at < len(self.content):
            if count == _MOST_CHILDREN:
                raise DerError(f"more than {_MOST_CHILDREN} elements in one")
            element = first_element(self.content, at)
            yield element
            at, count = at + len(element.whole), count + 1

    def expect(self, tag: int) -> Element:
        """This element, or `DerError` where it has another tag."""
        if self.tag != tag:
            raise DerError(f"an element with the tag {self.tag:#x} stands where {tag:#x} was expected")
        return self


def first_element(data: bytes, at: int = 0) -> Element:
    """Read the element that begins there."""
    if len(data) < at + 2 or data[at] & 0x1F == 0x1F:
        raise DerError("no element")
    size, start = data[at + 1], at + 2
    if size >= 0x80:
        count = size & 0x7F
        if not 1 <= count <= _MOST_LENGTH_BYTES:
            raise DerError("a length that is not of DER")
        start += count
        size = int.from_bytes(data[start - count : start], "big")
        if size < 0x80 or size.bit_length() <= 8 * (count - 1):
            raise DerError("a length in more bytes than it needs")
    if start + size > len(data):
        raise DerError("an element that is cut off")
    return Element(data[at], data[start : start + size], data[at : start + size])


def only_element(data: bytes) -> Element:
    """Read bytes that are one element and nothing else."""
    element = first_element(data)
    if len(element.whole) != len(data):
        raise DerError("bytes after the end")
    return element


def object_identifier(element: Element) -> str:
    """Spell an object identifier with dots."""
    numbers, number = [], 0
    encoded = element.expect(OBJECT_IDENTIFIER).content
    if len(encoded) > _MOST_IDENTIFIER_BYTES:
        raise DerError(f"an object identifier of more than {_MOST_IDENTIFIER_BYTES} bytes")
    for byte in encoded:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        raise DerError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(str(part) for part in (first, numbers[0] - 40 * first, *numbers[1:]))


def whole_number(element: Element) -> int:
    """Read an integer that is not negative."""
    number = int.from_bytes(element.expect(INTEGER).content, "big", signed=True)
    if number < 0 or not element.content:
        raise DerError("a negative number")
    return number
