"""Turns observed and expected values into what a line of the protocol carries: JSON, with long values cut."""

from __future__ import annotations

import json
from typing import Any

LONGEST_BYTES = 160
LONGEST_TEXT = 400
LONGEST_LIST = 40


def jsonable(neutral: Any, *, cut: bool = True) -> Any:
    """The value as JSON data. Bytes become `hex:…`, resources the name of their class; `cut` shortens what is long."""
    if isinstance(neutral, bytes):
        return _bytes(neutral, cut)
    if isinstance(neutral, str):
        return (
            neutral
            if not cut or len(neutral) <= LONGEST_TEXT
            else f"{neutral[:LONGEST_TEXT]}… ({len(neutral)} characters)"
        )
    if isinstance(neutral, list):
        kept = len(neutral) if not cut else LONGEST_LIST
        shown = [jsonable(item, cut=cut) for item in neutral[:kept]]
        return shown if len(neutral) <= kept else [*shown, f"… ({len(neutral)} elements)"]
    if isinstance(neutral, dict):
        return {name: jsonable(item, cut=cut) for name, item in neutral.items()}
    if isinstance(neutral, tuple):
        return _expression(neutral)
    if neutral is None or isinstance(neutral, bool | int | float):
        return neutral
    return f"<{type(neutral).__name__}>"


def line(event: str, **content: Any) -> str:
    """One line of the protocol."""
    return json.dumps({"event": event, **content}, ensure_ascii=True, separators=(",", ":"))


def _bytes(value: bytes, cut: bool) -> str:
    if not cut or len(value) <= LONGEST_BYTES:
        return f"hex:{value.hex()}"
    return f"hex:{value[: LONGEST_BYTES // 2].hex()}…{value[-16:].hex()} ({len(value)} bytes)"


def _expression(neutral: tuple[Any, ...]) -> Any:
    tag, *parts = neutral
    if tag == "ref":
        return "$" + ".".join(str(part) for part in parts)
    if tag == "float":
        return parts[0]
    if tag == "any":
        return "$any"
    shown = [jsonable(part) for part in parts if part is not None]
    return {f"${tag}": shown[0] if len(shown) == 1 else shown}
