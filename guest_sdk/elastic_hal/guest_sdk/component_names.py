"""Gives imports and exports of a component other names, and leaves every other byte as it is.

Only the sections of the component itself that list imports and exports are read; what is nested stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .tool_errors import BuildFailedError
from .wasm_reader import COMPONENT_PREAMBLE, Reader, UnreadableError, encoded_number, framed, section, sections

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
    try:
        return _renamed(component, imports, exports)
    except UnreadableError as error:
        raise BuildFailedError(
            f"the inline interfaces of the component cannot get their names: {error}",
            "give the interfaces a name in the package, and import that",
        ) from None


def _renamed(component: bytes, imports: Mapping[str, str], exports: Mapping[str, str]) -> bytes:
    missing = {*imports, *exports}
    parts = [COMPONENT_PREAMBLE]
    for number, body in sections(component, COMPONENT_PREAMBLE):
        if number == _IMPORTS:
            parts.append(section(number, _entries(body, imports, missing, _skip_description)))
        elif number == _EXPORTS:
            parts.append(section(number, _entries(body, exports, missing, _skip_export)))
        else:
            parts.append(section(number, body))
    if missing:
        raise UnreadableError(f"it has no {sorted(missing)[0]}")
    return b"".join(parts)


def _entries(body: bytes, names: Mapping[str, str], missing: set[str], skip: Callable[[Reader], None]) -> bytes:
    """The entries of a section, each a name and what `skip` reads."""
    reader = Reader(body)
    count = reader.number()
    parts = [encoded_number(count)]
    for _ in range(count):
        kind = reader.take(1)
        name = reader.name()
        start = reader.position
        if kind == b"\x02":
            for _ in range(reader.number()):
                reader.take(1)
                reader.framed()
        skip(reader)
        missing.discard(name)
        parts += [kind, framed(names.get(name, name).encode()), reader.since(start)]
    if not reader.at_end:
        raise UnreadableError("a section has more than it says")
    return b"".join(parts)


def _skip_description(reader: Reader) -> None:
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
        raise UnreadableError(f"an import or export is of the unknown kind {kind}")


def _skip_export(reader: Reader) -> None:
    if reader.byte() == _CORE_SORT:
        reader.byte()
    reader.number()
    if reader.byte() == 1:
        _skip_description(reader)
