"""Parses one file: walks the LALR tables over the tokens, reports what does not fit, and goes on after it.

After an error the parser gives up the innermost item that it is in, skips to where that item probably ends, and puts a
`Broken` in its place, so that one run reports every independent mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, Fix
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token
from elastic_hal.codegen.syntax.builder import builder_for
from elastic_hal.codegen.syntax.expectation import unexpected_token
from elastic_hal.codegen.syntax.lexer import Lexer
from elastic_hal.codegen.syntax.tables import END, Rule, Tables, load_tables

MAX_STACK = 1500
"""Entries of the parser's stack: far more than 100 levels of types within blocks need."""

MAX_ERRORS = 50
"""Syntax errors after which a file is given up."""

_ITEM_STARTS = frozenset(
    {
        *("INTERFACE", "WORLD", "PACKAGE", "TYPE", "RECORD", "VARIANT", "ENUM", "FLAGS", "RESOURCE", "USE", "INCLUDE"),
        *("IMPORT", "EXPORT", "CONSTRUCTOR", "AT"),
    }
)

_UNSAID = frozenset({"BROKEN", "GET", "SET"})
"""Terminals that messages do not offer: nobody writes them, or who does writes them right."""


def parse_file(file: SourceFile, diagnostics: Diagnostics) -> list[ast.TopItem] | None:
    """The items of a file. What could not be parsed is reported and stands there as `Broken`.

    None where the file was given up; then nothing can be said about what it declares.
    """
    return _Parser(file, diagnostics).parse()


def _passes_on(rule: Rule) -> bool:
    """Whether a rule's value is that of its only part, so that nothing has to be built."""
    return rule.size == 1 and rule.callback == "first"


class _Parser:
    """The stacks of one run. `_states` is one longer than `_values`."""

    def __init__(self, file: SourceFile, diagnostics: Diagnostics) -> None:
        self._file = file
        self._diagnostics = diagnostics
        self._tables: Tables = load_tables()
        self._lexer = lexer = Lexer(file, self._tables.keywords, diagnostics)
        self._tokens: Iterator[Token] = lexer.tokens()
        builder = builder_for(lexer.docs)
        self._reductions: list[tuple[int, str, Callable[[list[Any]], Any] | None]] = [
            (rule.size, rule.origin, None if _passes_on(rule) else getattr(builder, rule.callback))
            for rule in self._tables.rules
        ]
        self._states = [self._tables.first_state]
        self._values: list[Any] = []
        self._previous: Token | None = None
        self._errors = 0
        self._repaired = -1

    def parse(self) -> list[ast.TopItem] | None:
        token = self._next()
        while True:
            if self._accept(token):
                if token.type == END:
                    if self._lexer.gave_up:
                        return None
                    items: list[ast.TopItem] = self._values[0]
                    return items
                self._previous = token
                token = self._next()
                continue
            resumed = self._recover(token)
            if resumed is None:
                return None
            token = resumed

    def _next(self) -> Token:
        end = len(self._file.text)
        return next(self._tokens, Token(END, "", end, end))

    def _accept(self, token: Token) -> bool:
        """Takes a token as far as the grammar allows; False where it does not fit."""
        states, values, table, reductions = self._states, self._values, self._tables.states, self._reductions
        symbol = token.type
        while True:
            action = table[states[-1]].get(symbol)
            if action is None:
                return False
            if action >= 0:
                if len(states) > MAX_STACK:
                    return False
                states.append(action)
                values.append(token)
                return True
            size, origin, build = reductions[~action]
            if build is None:
                states[-1] = table[states[-2]][origin]
                continue
            if size:
                parts = values[-size:]
                del states[-size:], values[-size:]
            else:
                parts = []
            states.append(table[states[-1]][origin])
            values.append(build(parts))
            if symbol == END and states[-1] == self._tables.end_state:
                return True

    def _recover(self, token: Token) -> Token | None:
        """Reports a token, puts a `Broken` for the item around it; gives the token to go on with, None to give up."""
        if token.type == END and self._lexer.gave_up:
            return None
        self._errors += 1
        fix = self._report(token)
        if self._errors >= MAX_ERRORS:
            message = f"there are {MAX_ERRORS} mistakes in this file up to here; the rest of it is not read"
            self._diagnostics.error(Code.TOO_MANY_ERRORS, message, Span(self._file, token.start, token.end))
            return None
        if len(self._states) > MAX_STACK:
            return None
        if fix is not None and self._repair(token, fix):
            self._repaired = token.start
            return self._first_after(fix, token)
        names: set[str] = set()
        depth = self._give_up_item(names)
        first = token
        while token.type != END:
            if depth == 0 and (token.type == "RBRACE" and self._expects("RBRACE")):
                break
            if depth == 0 and token is not first and token.type in _ITEM_STARTS:
                break
            if token.type == "ID":
                names.add(token.text)
            depth += (token.type == "LBRACE") - (token.type == "RBRACE")
            if depth > MAX_STACK:
                return None
            finished = depth <= 0 and token.type in {"SEMICOLON", "RBRACE"}
            self._previous = token
            token = self._next()
            if finished:
                break
        if token.type == "SEMICOLON" and token is not first:
            token = self._next()  # the `;` after a `}` is part of the same mistake
        self._accept(Token("BROKEN", " ".join(sorted(names)), first.start, token.start))
        if token.type == END and not self._can_end():
            return None
        return token

    def _repair(self, token: Token, fix: Fix) -> bool:
        """Goes on as if a certain fix had been made, so that what stands around the mistake is read too."""
        text = fix.replacement.strip()
        if self._repaired == token.start:
            return False  # one repair did not help here
        while self._values and isinstance(self._values[-1], Token) and self._values[-1].start >= fix.span.start:
            self._values.pop()  # a fix may begin at a token that was taken already
            self._states.pop()
        tokens = Lexer(SourceFile(self._file.path, text), self._tables.keywords, Diagnostics()).tokens()
        return all(self._accept(one._replace(start=fix.span.start, end=fix.span.end)) for one in tokens)

    def _first_after(self, fix: Fix, token: Token) -> Token:
        """The first token from `token` on that a fix leaves in the text."""
        while token.start < fix.span.end and token.type != END:
            self._previous = token
            token = self._next()
        return token

    def _report(self, token: Token) -> Fix | None:
        """Reports a token and gives the fix, where one is certain."""
        if len(self._states) > MAX_STACK:
            span = Span(self._file, token.start, token.end)
            self._diagnostics.error(Code.NESTING_TOO_DEEP, "this is nested too deeply; no WIT text needs that", span)
            return None
        expected = frozenset(
            symbol for symbol in self._tables.states[self._states[-1]] if symbol.isupper() or symbol == END
        )
        accepted = frozenset(symbol for symbol in expected if symbol not in _UNSAID and self._expects(symbol))
        diagnostic = unexpected_token(self._file, token, self._previous, accepted, self._tables)
        self._diagnostics.add(diagnostic)
        return diagnostic.fix

    def _expects(self, symbol: str) -> bool:
        """Whether a token of that kind would be taken now, found out on a copy of the states."""
        states = list(self._states)
        table, rules = self._tables.states, self._tables.rules
        while True:
            action = table[states[-1]].get(symbol)
            if action is None:
                return False
            if action >= 0:
                return True
            rule = rules[~action]
            if rule.size:
                del states[-rule.size :]
            states.append(table[states[-1]][rule.origin])
            if symbol == END and states[-1] == self._tables.end_state:
                return True

    def _can_end(self) -> bool:
        return self._expects(END)

    def _give_up_item(self, names: set[str]) -> int:
        """Drops the stacks back to a list of items and tells how many braces of the dropped part are still open."""
        opened = 0
        while not self._expects("BROKEN"):
            self._states.pop()
            value = self._values.pop()
            if isinstance(value, Token):
                opened += value.type == "LBRACE"
                if value.type == "ID":
                    names.add(value.text)
        return opened
