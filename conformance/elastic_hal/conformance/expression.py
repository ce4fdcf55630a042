"""Selection of cases as pytest does it: words, `and`, `or`, `not` and parentheses; a word is looked for anywhere,
whatever its case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from elastic_hal.codegen.targets.suite.cases import SuiteCase

Predicate = Callable[[Iterable[str]], bool]
MAXIMUM_DEPTH = 100
_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


class ExpressionError(ValueError):
    """A selection can't be understood; the message says what and where."""


def compile_expression(text: str) -> Predicate:
    """A function that tells whether words, such as a case's id and title, are selected."""
    parser = _Parser(text)
    predicate = parser.alternatives(0)
    parser.expect_end()
    return predicate


def case_words(interface: str, case: SuiteCase) -> tuple[str, ...]:
    """What a selection looks at: interface, id, functions, catalogue ids, title, source and origin."""
    return (
        interface,
        case.id,
        *case.functions,
        *case.catalogue,
        case.title,
        case.source or "",
        f"origin:{case.origin}",
    )


class _Parser:
    """Recursive descent over the words of an expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(match.group(1), match.start(1)) for match in _TOKEN.finditer(text)]
        self.position = 0
        if not self.tokens:
            raise ExpressionError("the selection is empty; give words, joined by and, or, not")

    def alternatives(self, depth: int) -> Predicate:
        parts = [self._conjunction(depth)]
        while self._take("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda words: any(part(words) for part in parts)

    def expect_end(self) -> None:
        if self.position < len(self.tokens):
            raise self._error("and, or, or the end")

    def _conjunction(self, depth: int) -> Predicate:
        parts = [self._negation(depth)]
        while self._take("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else lambda words: all(part(words) for part in parts)

    def _negation(self, depth: int) -> Predicate:
        if depth > MAXIMUM_DEPTH:
            raise ExpressionError("the selection is nested too deeply")
        if self._take("not"):
            inner = self._negation(depth + 1)
            return lambda words: not inner(words)
        if self._take("("):
            inner = self.alternatives(depth + 1)
            if not self._take(")"):
                raise self._error("a closing parenthesis")
            return inner
        return self._word()

    def _word(self) -> Predicate:
        token = self.tokens[self.position][0] if self.position < len(self.tokens) else None
        if token is None or token in {")", "(", "and", "or", "not"}:
            raise self._error("a word")
        self.position += 1
        wanted = token.lower()
        return lambda words: any(wanted in word.lower() for word in words)

    def _take(self, token: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position][0] == token:
            self.position += 1
            return True
        return False

    def _error(self, wanted: str) -> ExpressionError:
        if self.position >= len(self.tokens):
            return ExpressionError(f"the selection {self.text!r} ends where {wanted} is expected")
        token, column = self.tokens[self.position]
        return ExpressionError(
            f"the selection {self.text!r} has {token!r} at column {column + 1} where {wanted} is expected"
        )
