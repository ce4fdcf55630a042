"""Compares what was observed with what a case expects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .expressions import EXPRESSIONS, evaluate


def matches(expected: Any, observed: Any, bound: Mapping[str, Any]) -> bool:
    """Whether an observed neutral value is what a matcher, expression or value demands."""
    if isinstance(expected, tuple):
        if expected[0] in EXPRESSIONS:
            return _equal(evaluate(expected, bound), observed)
        return _MATCHERS[expected[0]](expected, observed, bound)
    if isinstance(expected, list):
        return (
            isinstance(observed, list)
            and len(expected) == len(observed)
            and all(matches(left, right, bound) for left, right in zip(expected, observed, strict=True))
        )
    if isinstance(expected, dict):
        return isinstance(observed, dict) and all(
            name in observed and matches(part, observed[name], bound) for name, part in expected.items()
        )
    return _equal(expected, observed)


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _is_zero(expected: Any, observed: Any, bound: Mapping[str, Any]) -> bool:
    return not any(observed) if isinstance(observed, bytes) else observed == 0


def _distinct(expected: Any, observed: Any, bound: Mapping[str, Any]) -> bool:
    keys = [repr(item if expected[1] is None else item[expected[1]]) for item in observed]
    return len(set(keys)) == len(keys)


def _contains(expected: Any, observed: Any, bound: Mapping[str, Any]) -> bool:
    if isinstance(observed, str | bytes):
        return evaluate(expected[1], bound) in observed
    return any(matches(expected[1], item, bound) for item in observed)


def _starts_with(expected: Any, observed: Any, bound: Mapping[str, Any]) -> bool:
    return bool(observed.startswith(evaluate(expected[1], bound)))


_MATCHERS: dict[str, Callable[[Any, Any, Mapping[str, Any]], bool]] = {
    "any": lambda expected, observed, bound: True,
    "length": lambda expected, observed, bound: expected[1] <= len(observed) <= expected[2],
    "not": lambda expected, observed, bound: not matches(expected[1], observed, bound),
    "is-zero": _is_zero,
    "distinct": _distinct,
    "contains": _contains,
    "each": lambda expected, observed, bound: all(matches(expected[1], item, bound) for item in observed),
    "one-of": lambda expected, observed, bound: any(matches(item, observed, bound) for item in expected[1]),
    "all": lambda expected, observed, bound: all(matches(item, observed, bound) for item in expected[1]),
    "at-least": lambda expected, observed, bound: bool(observed >= evaluate(expected[1], bound)),
    "at-most": lambda expected, observed, bound: bool(observed <= evaluate(expected[1], bound)),
    "starts-with": _starts_with,
    "matches": lambda expected, observed, bound: re.match(expected[1], observed, re.DOTALL) is not None,
}
