"""Makes a guest give the memory of its byte strings back, which componentize-py 0.25 keeps forever.

To pass a `list<u8>` to the host, or to return one, its runtime copies the bytes to where the host reads them; the copy
is freed by nobody. Every other value is noted with the call, and freed when the call is over. This adds a function to
the runtime's module that does what the runtime's own does and then notes the copy too, and exports it in its place.
Nothing else in the component changes.
"""

from __future__ import annotations

from importlib import metadata

from .tool_errors import BuildFailedError
from .wasm_reader import (
    COMPONENT_PREAMBLE,
    MODULE_PREAMBLE,
    Reader,
    UnreadableError,
    encoded_number,
    framed,
    section,
    sections,
)

VERSIONS = frozenset({"0.25.0", "0.25.1"})
"""Of componentize-py. Noting a copy twice would free it twice, so others are left alone."""

_COPY, _NOTE = "wit_dylib_pop_list", "wit_dylib_dealloc_bytes"
_CORE_MODULE = 1
_IMPORTS, _FUNCTIONS, _EXPORTS, _CODE = 2, 3, 7, 10
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)


def needs_release() -> bool:
    """Whether the componentize-py that is installed makes guests that keep their byte strings."""
    return metadata.version("componentize-py") in VERSIONS


def releasing(component: bytes) -> bytes:
    """The component with the runtime's module amended.

    Raises:
        BuildFailedError: it has no such module, or one of another form.
    """
    try:
        return _amended_component(component)
    except UnreadableError as error:
        raise BuildFailedError(
            f"the component cannot be made to give back the memory of byte strings: {error}",
            "pip install --force-reinstall 'componentize-py>=0.25,<0.26'",
        ) from None


def _amended_component(component: bytes) -> bytes:
    parts, amended = [COMPONENT_PREAMBLE], 0
    for number, body in sections(component, COMPONENT_PREAMBLE):
        if number == _CORE_MODULE and (places := _exported_functions(body)).keys() >= {_COPY, _NOTE}:
            parts.append(section(number, _amended_module(body, places[_COPY], places[_NOTE])))
            amended += 1
        else:
            parts.append(section(number, body))
    if amended != 1:
        raise UnreadableError(f"it has the runtime of componentize-py {amended} times")
    return b"".join(parts)


def _exported_functions(module: bytes) -> dict[str, int]:
    for number, body in sections(module, MODULE_PREAMBLE):
        if number == _EXPORTS:
            return {name: index for name, kind, index in _exports(body) if kind == _FUNCTION}
    return {}


def _exports(body: bytes) -> list[tuple[str, int, int]]:
    reader = Reader(body)
    return [(reader.name(), reader.byte(), reader.number()) for _ in range(reader.number())]


def _amended_module(module: bytes, copy: int, note: int) -> bytes:
    """The module with one function more, behind all others so that these keep their numbers."""
    bodies = dict(sections(module, MODULE_PREAMBLE))
    imported = _imported_functions(bodies.get(_IMPORTS, b"\0"))
    types = Reader(bodies.get(_FUNCTIONS, b"\0"))
    own = [types.number() for _ in range(types.number())]
    if not imported <= min(copy, note) <= max(copy, note) < imported + len(own) or _CODE not in bodies:
        raise UnreadableError("its runtime does not define what it exports")
    amended = {
        _FUNCTIONS: _appended(bodies[_FUNCTIONS], encoded_number(own[copy - imported])),
        _EXPORTS: _exported_instead(bodies[_EXPORTS], imported + len(own)),
        _CODE: _appended(bodies[_CODE], framed(_noting_copy(copy, note))),
    }
    parts = [MODULE_PREAMBLE]
    for number, body in sections(module, MODULE_PREAMBLE):
        parts.append(section(number, amended.get(number, body)))
    return b"".join(parts)


def _imported_functions(body: bytes) -> int:
    reader, functions = Reader(body), 0
    for _ in range(reader.number()):
        reader.framed()
        reader.framed()
        kind = reader.byte()
        if kind == _FUNCTION:
            functions += 1
            reader.number()
        elif kind in (_TABLE, _MEMORY):
            if kind == _TABLE:
                reader.byte()
            has_maximum = reader.byte() & 1
            reader.number()
            if has_maximum:
                reader.number()
        elif kind in (_GLOBAL, _TAG):
            reader.byte()
            reader.number()
        else:
            raise UnreadableError(f"its runtime imports something of the unknown kind {kind}")
    return functions


def _appended(body: bytes, entry: bytes) -> bytes:
    reader = Reader(body)
    return encoded_number(reader.number() + 1) + reader.rest() + entry


def _exported_instead(body: bytes, function: int) -> bytes:
    entries = [(name, kind, function if name == _COPY else index) for name, kind, index in _exports(body)]
    parts = [framed(name.encode()) + bytes([kind]) + encoded_number(index) for name, kind, index in entries]
    return encoded_number(len(parts)) + b"".join(parts)


def _noting_copy(copy: int, note: int) -> bytes:
    """`(call, type, place) -> length`: the runtime's own, and then the copy whose address is at `place` is noted.

    There is no copy where the address is 0: such a list is written value by value, and noted by who writes it.
    """
    call, kind, place, length = (b"\x20" + bytes([local]) for local in range(4))
    address = place + b"\x28\x02\x00"
    align_1, when_call_is_over = b"\x41\x01", b"\x41\x01"
    return b"".join(
        (
            b"\x01\x01\x7f",  # one variable more, the length
            call + kind + place + b"\x10" + encoded_number(copy) + b"\x21\x03",
            address + b"\x04\x40",
            call + address + length + align_1 + when_call_is_over + b"\x10" + encoded_number(note),
            b"\x0b" + length + b"\x0b",
        )
    )
