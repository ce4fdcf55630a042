"""The cases as a guest carries them: packed, and read one at a time when they are run.

A guest is a picture of its memory at the time it was built. Cases as Python values, and what compiling them leaves
behind, would make most of that picture; compressed text is a few hundred kilobytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any


class PackedCase(Mapping[str, Any]):
    """One case: its `id`, and its `steps`, which are unpacked each time that they are asked for."""

    def __init__(self, identifier: str, *parts: str) -> None:
        self._identifier = identifier
        self._parts = parts

    def __getitem__(self, name: str) -> Any:
        if name == "id":
            return self._identifier
        if name == "steps":
            return unpacked(self._parts)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("id", "steps"))

    def __len__(self) -> int:
        return 2


def unpacked(parts: tuple[str, ...]) -> Any:
    """The neutral value in these parts: JSON, compressed, in base 85."""
    return _value(json.loads(zlib.decompress(base64.b85decode("".join(parts)))))


def _value(item: Any) -> Any:
    """JSON has no bytes and tuples; these and dictionaries are objects whose one key says what they are."""
    if isinstance(item, list):
        return [_value(part) for part in item]
    if isinstance(item, dict):
        ((kind, content),) = item.items()
        if kind == "bytes":
            return bytes.fromhex(content)
        if kind == "tuple":
            return tuple(_value(part) for part in content)
        return {name: _value(part) for name, part in content.items()}
    return item
