"""The lines that a guest prints, as strict JSON: one object a line, nothing that JSON does not know, no name twice.

What is not so never gets further, so that nothing that a runtime says can make the reports anything but JSON.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 64
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _NotStrictError(ValueError):
    """A line is no strict JSON."""


def parse_event(raw: bytes) -> dict[str, Any] | None:
    """Return a line as the JSON object that it should be; None where it is none."""
    try:
        event = json.loads(raw, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not _shallow(event, MAX_DEPTH):
        return None
    # Half of a pair of surrogates is no text: nobody could write it down again.
    return event if not _SURROGATE.search(raw) or _is_text(event) else None


def _is_text(event: dict[str, Any]) -> bool:
    try:
        json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(name: str) -> Any:
    raise _NotStrictError(f"JSON has no {name}")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _NotStrictError(f"{digits} is more than a number can hold")
    return number


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotStrictError("a name stands twice in an object")
    return found


def _shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_shallow(item, depth - 1) for item in inner)
    return True
