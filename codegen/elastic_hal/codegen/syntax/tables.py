"""The LALR tables of `grammar.lark`, computed by lark once a process, in the compact form that `parser.py` walks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from sys import intern
from typing import Any, NamedTuple

from lark import Lark
from lark.lexer import Lexer as LarkLexer
from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

from elastic_hal.codegen.syntax.lexer import UNUSED_KEYWORDS

END = "$END"


class Rule(NamedTuple):
    """One alternative of the grammar: how many parts it has, what it makes, and the builder's method for it."""

    size: int
    origin: str
    callback: str


@dataclass(frozen=True, slots=True)
class Tables:
    """`states[state][symbol]` is the next state, or `~number` of the rule to reduce by."""

    states: list[dict[str, int]]
    rules: list[Rule]
    first_state: int
    end_state: int
    keywords: dict[str, str]
    """From the text of a fixed token, such as `interface` or `{`, to its terminal."""

    def text_of(self, terminal: str) -> str | None:
        """The text of a fixed token; None for classes of tokens such as identifiers."""
        return next((text for text, name in self.keywords.items() if name == terminal), None)


class _NoLexer(LarkLexer):
    """Stands where lark expects a lexer: the parser is fed by `parser.py`, and lark itself reads no text."""

    def __init__(self, _configuration: Any) -> None:
        pass

    def lex(self, _lexer_state: Any, _parser_state: Any) -> Iterator[Any]:
        return iter(())


@cache
def load_tables() -> Tables:
    """The tables, computed at the first call."""
    grammar = resources.files("elastic_hal.codegen.syntax").joinpath("grammar.lark").read_text("utf-8")
    lark = Lark(grammar, parser="lalr", lexer=_NoLexer, keep_all_tokens=True, maybe_placeholders=False)
    configuration = lark.parse_interactive().parser_state.parse_conf
    numbers: dict[Any, int] = {state: number for number, state in enumerate(configuration.states)}
    rules: dict[Any, int] = {}
    states: list[dict[str, int]] = []
    for row in configuration.states.values():
        entries: dict[str, int] = {}
        for symbol, (action, target) in row.items():
            # lark's own strings compare slowly.
            entries[intern(str(symbol))] = numbers[target] if action is Shift else ~rules.setdefault(target, len(rules))
        states.append(entries)
    keywords = {
        str(terminal.pattern.value): intern(str(terminal.name))
        for terminal in lark.terminals
        if isinstance(terminal.pattern, PatternStr)
    }
    return Tables(
        states,
        [
            Rule(len(rule.expansion), intern(str(rule.origin.name)), str(rule.alias or rule.origin.name))
            for rule in rules
        ],
        numbers[configuration.start_state],
        numbers[configuration.end_state],
        keywords | dict.fromkeys(UNUSED_KEYWORDS, "RESERVED"),
    )
