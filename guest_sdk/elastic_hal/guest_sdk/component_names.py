"""Gives imports and exports of a component other names, and leaves every other byte as it is.

Only the sections of the component itself that list imports and exports are read; what is nested stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .tool_errors import BuildFailedError

_PREAMBLE = b"\0asm\x0d\x00\x01\x00"
_IMPORTS, _EXPORTS = 10, 11
_CORE_SORT, _CORE_MODULE, _INDEXED = 0x00, 0x00, (0x01, 0x04, 0x05)
_VALUE, _TYPE = 0x02, 0x03


def renamed(component: bytes, imports: Mapping[str, str], exports: Mapping[str, str]) -> bytes:
    """The component with each import and export that is a key under the name that is its value.

    Raises:
        BuildFailedError: it is no component of the form that this reads, or lacks one of the names.
    """
    if not imports and not exports:
        return component
    if not component.startswith(_PREAMBLE):
        raise _unreadable("it does not begin like a component")
    reader = _Reader(component, len(_PREAMBLE))
    missing = {*imports, *exports}
    parts = [_PREAMBLE]
    while not reader.at_end:
        section = reader.byte()
        body = reader.take(reader.number())
        if section == _IMPORTS:
            body = _entries(body, imports, missing, _skip_description)
        elif section == _EXPORTS:
            body = _entries(body, exports, missing, _skip_export)
        parts.append(bytes([section]) + _number(len(body)) + body)
    if missing:
        raise _unreadable(f"it has no {sorted(missing)[0]}")
    return b"".join(parts)


class _Reader:
    """Takes a component's binary apart from front to back."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self._content = content
        self.position = position

    @property
    def at_end(self) -> bool:
        return self.position >= len(self._content)

    def take(self, length: int) -> bytes:
        taken = self._content[self.position : self.position + length]
        if len(taken) != length:
            raise _unreadable("it ends early")
        self.position += length
        return taken

    def byte(self) -> int:
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

    def since(self, start: int) -> bytes:
        return self._content[start : self.position]


def _entries(body: bytes, names: Mapping[str, str], missing: set[str], skip: Callable[[_Reader], None]) -> bytes:
    """The entries of a section, each a name and what `skip` reads."""
    reader = _Reader(body)
    count = reader.number()
    parts = [_number(count)]
    for _ in range(count):
        kind = reader.take(1)
        name = reader.take(reader.number()).decode()
        start = reader.position
        if kind == b"\x02":
            reader.take(reader.number())
        skip(reader)
        missing.discard(name)
        encoded = names.get(name, name).encode()
        parts += [kind, _number(len(encoded)), encoded, reader.since(start)]
    if not reader.at_end:
        raise _unreadable("a section has more than it says")
    return b"".join(parts)


def _skip_description(reader: _Reader) -> None:
    kind = reader.byte()
    if kind == _CORE_MODULE:
        reader.byte()
        reader.number()
    elif kind in _INDEXED:
        reader.number()
    elif kind in (_VALUE, _TYPE):
        is_sub_resource = reader.byte() == 1 and kind == _TYPE
        if not is_sub_resource:
            reader.number()
    else:
        raise _unreadable(f"an import or export is of the unknown kind {kind}")


def _skip_export(reader: _Reader) -> None:
    if reader.byte() == _CORE_SORT:
        reader.byte()
    reader.number()
    if reader.byte() == 1:
        _skip_description(reader)


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _unreadable(reason: str) -> BuildFailedError:
    return BuildFailedError(
        f"the inline interfaces of the component cannot get their names: {reason}",
        "give the interfaces a name in the package, and import that",
    )
