"""Selection of cases as pytest does it: words, `and`, `or`, `not` and parentheses; a word is looked for anywhere,
whatever its case.

A word that begins with `=` is the whole id of one case: `=hash-known-abc`, or with its interface, as different
interfaces may have cases of one id, `=elastic:hal/crypto@0.2.0#hash-known-abc`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.common.errors import USAGE, ElasticHalError
from elastic_hal.common.text import shown

Predicate = Callable[[Iterable[str]], bool]
MAXIMUM_DEPTH = 100
EXACTLY = "="
_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


class ExpressionError(ValueError):
    """A selection can't be understood; the message says what and where."""


class UnknownCaseError(ElasticHalError):
    """A case that was named is not there, or not the only one of that name."""

    exit_status = USAGE


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
        f"{EXACTLY}{case.id}",
        f"{EXACTLY}{full_id(interface, case)}",
    )


def full_id(interface: str, case: SuiteCase) -> str:
    """The id of a case that no other has, such as `elastic:hal/crypto@0.2.0#hash-known-abc`."""
    return f"{interface}#{case.id}"


def any_of(expressions: Sequence[str], exact: Sequence[str] = ()) -> str | None:
    """One expression for the cases that any of several selects, or that are named exactly; None where there is none.

    Raises ExpressionError where one of them can't be understood by itself.
    """
    for text in expressions:
        compile_expression(text)
    if len(expressions) == 1 and not exact:
        return expressions[0]
    return " or ".join([*(f"({text})" for text in expressions), *(f"{EXACTLY}{name}" for name in exact)]) or None


def exact_ids(names: Iterable[str], cases: Iterable[tuple[str, SuiteCase]]) -> tuple[str, ...]:
    """The full ids of cases that are named by id, alone or after `interface#`.

    Raises UnknownCaseError for a name that no case has, or that cases of several interfaces have.
    """
    by_name: dict[str, list[str]] = {}
    for interface, case in cases:
        full = full_id(interface, case)
        by_name.setdefault(case.id, []).append(full)
        by_name.setdefault(full, []).append(full)
    return tuple(dict.fromkeys(_only(name, by_name) for name in names))


def _only(name: str, by_name: dict[str, list[str]]) -> str:
    found = by_name.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownCaseError(f"{len(found)} cases have the id {name!r}", f"name one of them: {', '.join(found)}")
    close = difflib.get_close_matches(name, by_name, 3, 0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "`elastic-hal conformance list` shows the cases"
    raise UnknownCaseError(f"there is no case {shown(name)!r}", hint)


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
        if token.startswith(EXACTLY):
            return lambda words: token in words
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
