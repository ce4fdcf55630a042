"""Reads and writes what the binary forms of components and core modules have in common: numbers, names and sections."""

from __future__ import annotations

from collections.abc import Iterator

COMPONENT_PREAMBLE = b"\0asm\x0d\x00\x01\x00"
MODULE_PREAMBLE = b"\0asm\x01\x00\x00\x00"


class UnreadableError(Exception):
    """The content is not of the form that is read here."""


class Reader:
    """Takes content apart from front to back."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self._content = content
        self.position = position

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self._content)

    def take(self, length: int) -> bytes:
        """The next bytes, exactly as many."""
        taken = self._content[self.position : self.position + length]
        if len(taken) != length:
            raise UnreadableError("it ends early")
        self.position += length
        return taken

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """An unsigned LEB128 number. Signed ones are as long, so that they can be skipped with it too."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def framed(self) -> bytes:
        """Bytes that their length stands before."""
        return self.take(self.number())

    def name(self) -> str:
        """A name in UTF-8."""
        try:
            return self.framed().decode()
        except UnicodeDecodeError:
            raise UnreadableError("a name is not UTF-8") from None

    def since(self, start: int) -> bytes:
        """What was read since the position was `start`."""
        return self._content[start : self.position]

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._content) - self.position)


def sections(content: bytes, preamble: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and the body of each section."""
    if not content.startswith(preamble):
        raise UnreadableError("it does not begin like one")
    reader = Reader(content, len(preamble))
    while not reader.at_end:
        yield reader.byte(), reader.framed()


def section(number: int, body: bytes) -> bytes:
    """A section as it stands in a binary."""
    return bytes([number]) + framed(body)


def framed(body: bytes) -> bytes:
    """Bytes with their length before them."""
    return encoded_number(len(body)) + body


def encoded_number(value: int) -> bytes:
    """An unsigned LEB128 number. A signed one reads the same where it is below 64."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
