"""The atoms of WebAssembly binaries: numbers in LEB128, names, lists and sections, written as bytes."""

from collections.abc import Iterable

COMPONENT_HEADER = b"\0asm\x0d\0\x01\0"
MODULE_HEADER = b"\0asm\x01\0\0\0"


def unsigned(number: int) -> bytes:
    """A natural number."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def signed(number: int) -> bytes:
    """A number of either sign."""
    encoded = bytearray()
    while not -0x40 <= number <= 0x3F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number & 0x7F)
    return bytes(encoded)


def sized(content: bytes) -> bytes:
    """Bytes after their length."""
    return unsigned(len(content)) + content


def name(text: str) -> bytes:
    """A name."""
    return sized(text.encode())


def vector(items: Iterable[bytes]) -> bytes:
    """Encoded items after their number."""
    encoded = list(items)
    return unsigned(len(encoded)) + b"".join(encoded)


def section(number: int, content: bytes) -> bytes:
    """A section with its number and size."""
    return bytes([number]) + sized(content)
