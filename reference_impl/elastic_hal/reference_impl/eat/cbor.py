"""A decoder for the part of CBOR (RFC 8949) that evidence uses, in its deterministic encoding (section 4.2.1) only.

It exists beside `cbor2` because a verifier must be total and unambiguous on hostile bytes: no tag is interpreted,
nothing is accepted in two spellings, and the work is bounded by the length of the input. Encoding is left to `cbor2`.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from .errors import EvidenceError

MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a CBOR tag, which the caller interprets."""

    number: int
    value: "Value"


Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[Key, Value] | Tagged | None"
Key: TypeAlias = int | str

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIMPLE_VALUES: Final = {20: False, 21: True, 22: None}


def decode(data: bytes) -> Value:
    """Decode one item that fills `data` completely, or raise `EvidenceError`."""
    reader = _Reader(data)
    value = reader.item(MAX_DEPTH)
    if reader.position != len(data):
        raise EvidenceError(f"{len(data) - reader.position} bytes follow the end of the CBOR item")
    return value


def is_integer(value: Value) -> TypeGuard[int]:
    """Tell an integer from a boolean, which Python counts as one."""
    return isinstance(value, int) and not isinstance(value, bool)


class _Reader:
    """A position in the input."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        """Give the next `count` bytes."""
        end = self.position + count
        if end > len(self.data):
            raise EvidenceError(f"the CBOR item at byte {self.position} ends after the input does")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def head(self) -> tuple[int, int]:
        """Read the initial byte of an item and its argument, which must be in its shortest form."""
        start = self.position
        initial = self.take(1)[0]
        major, short = initial >> 5, initial & 0x1F
        if short < 24:
            return major, short
        if short > 27:
            raise EvidenceError(f"the CBOR item at byte {start} has an indefinite or reserved length")
        if major == _SIMPLE:
            raise EvidenceError(f"the CBOR item at byte {start} is a float or simple value that evidence does not use")
        width = 1 << (short - 24)
        argument = int.from_bytes(self.take(width), "big")
        shortest_needs = 24 if width == 1 else 1 << (4 * width)
        if argument < shortest_needs:
            raise EvidenceError(f"the CBOR item at byte {start} is not in its shortest form")
        return major, argument

    def item(self, depth: int) -> Value:
        """Read one item, at most `depth` levels deep."""
        start = self.position
        if depth == 0:
            raise EvidenceError(f"the CBOR item at byte {start} is nested more than {MAX_DEPTH} levels deep")
        major, argument = self.head()
        if major == _UNSIGNED:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major == _BYTES:
            return self.take(argument)
        if major == _TEXT:
            return self.text(argument, start)
        if major == _ARRAY:
            self.expect_items(argument, start)
            return [self.item(depth - 1) for _ in range(argument)]
        if major == _MAP:
            self.expect_items(2 * argument, start)
            return self.mapping(argument, depth - 1)
        if major == _TAG:
            return Tagged(argument, self.item(depth - 1))
        if argument in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[argument]
        raise EvidenceError(f"the CBOR item at byte {start} is a float or simple value that evidence does not use")

    def expect_items(self, count: int, start: int) -> None:
        """Refuse a count that the rest of the input cannot hold, before any work is done for it."""
        if count > len(self.data) - self.position:
            raise EvidenceError(f"the CBOR item at byte {start} claims {count} parts, more than the input holds")

    def text(self, length: int, start: int) -> str:
        """Read a text string."""
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise EvidenceError(f"the CBOR text at byte {start} is not UTF-8") from None

    def mapping(self, count: int, depth: int) -> "dict[Key, Value]":
        """Read the pairs of a map, whose encoded keys must rise, so that none comes twice."""
        pairs: dict[Key, Value] = {}
        previous = b""
        for _ in range(count):
            start = self.position
            key = self.item(depth)
            encoded = self.data[start : self.position]
            if not (is_integer(key) or isinstance(key, str)):
                raise EvidenceError(f"the map key at byte {start} is neither an integer nor a text")
            if encoded <= previous:
                raise EvidenceError(f"the map key at byte {start} is repeated or out of order")
            previous = encoded
            pairs[key] = self.item(depth)
        return pairs
