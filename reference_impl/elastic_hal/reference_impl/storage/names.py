"""Names of containers and objects: their bounds, and the cursors of listings."""

import base64
import binascii
from typing import Final

from elastic_hal.common.text import counted

from ..bindings.elastic_hal import types

MAX_CONTAINER_NAME_BYTES: Final = 64
MAX_OBJECT_NAME_BYTES: Final = 512
MAX_VERSION_BYTES: Final = 128
MAX_PAGE: Final = 1_000
MAX_NAMES: Final = 1_000


def check_container_name(name: str) -> None:
    """Raise `invalid-argument` for a name that no container can have."""
    _check("name", name, MAX_CONTAINER_NAME_BYTES)


def object_name(place: str, name: str) -> bytes:
    """Give the bytes of an object's name, or raise `invalid-argument` for one that no object can have."""
    return _check(place, name, MAX_OBJECT_NAME_BYTES)


def prefix_of_names(prefix: str) -> bytes:
    """Give the bytes of a prefix, which may be empty."""
    return _check("prefix", prefix, MAX_OBJECT_NAME_BYTES) if prefix else b""


def cursor_after(name: bytes) -> str:
    """Make the cursor of a listing that goes on after `name`. It says nothing that the listing did not."""
    return base64.urlsafe_b64encode(name).decode()


def name_in_cursor(cursor: str) -> bytes:
    """Give the name that a cursor goes on after, or raise `invalid-argument`."""
    try:
        name = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        name.decode()
    except (binascii.Error, ValueError):
        name = b""
    if not 0 < len(name) <= MAX_OBJECT_NAME_BYTES or cursor_after(name) != cursor:
        raise types.Error_InvalidArgument("cursor: no listing gave it")
    return name


def _check(place: str, name: str, most: int) -> bytes:
    encoded = name.encode()
    if not 0 < len(encoded) <= most:
        raise types.Error_InvalidArgument(f"{place}: has {counted(len(encoded), 'byte')}, not 1 to {most}")
    if b"\0" in encoded:
        raise types.Error_InvalidArgument(f"{place}: holds a NUL")
    return encoded
