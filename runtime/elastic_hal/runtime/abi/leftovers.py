"""Finds the resources inside a value that could not be handed over whole.

A provider gives away what it returns. Where lowering fails half-way (one value of many does not fit, the limit of
handles is reached), the objects behind the failing one have no handle yet: nobody else would drop them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from elastic_hal.runtime.abi.resources import Resource


def resources_in(value: object) -> Iterator[Resource]:
    """Every resource inside a value as codecs take them, each once, in order."""
    seen: set[int] = set()
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Resource):
            yield part
        else:
            waiting.extend(reversed(_parts(part)))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    if isinstance(value, BaseException):
        return [getattr(value, "value", None)]
    return []
