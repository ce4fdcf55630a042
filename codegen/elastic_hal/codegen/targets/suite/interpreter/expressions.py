"""Gives expressions their value: references to what earlier steps bound, and bytes, strings and lists made out of
others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def evaluate(neutral: Any, bound: Mapping[str, Any]) -> Any:
    """The neutral value of something that may hold expressions."""
    if isinstance(neutral, tuple):
        return _OPERATIONS[neutral[0]](neutral, bound)
    if isinstance(neutral, list):
        return [evaluate(item, bound) for item in neutral]
    if isinstance(neutral, dict):
        return {name: evaluate(item, bound) for name, item in neutral.items()}
    return neutral


def _reference(expression: Any, bound: Mapping[str, Any]) -> Any:
    _, name, *path = expression
    value = bound[name]
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _repeat(expression: Any, bound: Mapping[str, Any]) -> Any:
    return evaluate(expression[1], bound) * expression[2]


def _concat(expression: Any, bound: Mapping[str, Any]) -> Any:
    first, *rest = [evaluate(part, bound) for part in expression[1]]
    for part in rest:
        first = first + part
    return first


def _truncate(expression: Any, bound: Mapping[str, Any]) -> Any:
    value = evaluate(expression[1], bound)
    return value[: max(0, len(value) - expression[2])]


def _slice(expression: Any, bound: Mapping[str, Any]) -> Any:
    return evaluate(expression[1], bound)[expression[2] : expression[3]]


def _flip_bit(expression: Any, bound: Mapping[str, Any]) -> Any:
    value = bytearray(evaluate(expression[1], bound))
    index = expression[2] + (8 * len(value) if expression[2] < 0 else 0)
    value[index // 8] ^= 1 << (index % 8)
    return bytes(value)


def _zero(expression: Any, bound: Mapping[str, Any]) -> Any:
    return bytes(len(evaluate(expression[1], bound)))


def _float(expression: Any, bound: Mapping[str, Any]) -> Any:
    return expression


_OPERATIONS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "ref": _reference,
    "repeat": _repeat,
    "concat": _concat,
    "truncate": _truncate,
    "slice": _slice,
    "flip-bit": _flip_bit,
    "zero": _zero,
    "float": _float,
}
EXPRESSIONS = frozenset(_OPERATIONS)
