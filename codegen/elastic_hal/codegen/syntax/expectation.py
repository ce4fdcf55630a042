"""Says what is wrong about a token that does not fit: what was expected and what is there.

What to write instead is left to `advice.py`.
"""

from __future__ import annotations

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Fix, Severity
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.advice import TYPE_WORDS, advice_on, certain_fix
from elastic_hal.codegen.syntax.ast import Token
from elastic_hal.codegen.syntax.misplaced import misplaced_words
from elastic_hal.codegen.syntax.tables import END, Tables

MAX_SHOWN = 80
"""Characters of a token in a message."""

_CLASSES = {
    "ID": "a name",
    "VERSION": "a version",
    "INTEGER": "a number",
    "TEXT": "a string",
    END: "the end of the file",
}
_TYPE_STARTS = frozenset(
    {
        *(
            "U8",
            "U16",
            "U32",
            "U64",
            "S8",
            "S16",
            "S32",
            "S64",
            "F32",
            "F64",
            "BOOL",
            "CHAR",
            "STRING",
            "ERROR_CONTEXT",
        ),
        *("LIST", "MAP", "OPTION", "RESULT", "TUPLE", "FUTURE", "STREAM", "OWN", "BORROW", "ID"),
    }
)


def unexpected_token(
    file: SourceFile, token: Token, previous: Token | None, expected: frozenset[str], tables: Tables
) -> Diagnostic:
    """The diagnostic for `token`, which came after `previous` where only `expected` could stand."""
    misplaced = misplaced_words(file, token, previous, expected, tables.keywords)
    if misplaced is not None:
        return misplaced
    found = "the end of the file" if token.type == END else _describe_found(token)
    wanted = _describe_expected(expected, tables)
    span = Span(file, token.start, token.end)
    if "SEMICOLON" in expected and previous is not None and "\n" in file.text[previous.end : token.start]:
        # The place to look at is the end of the line before, where the semicolon belongs.
        at = Span(file, previous.end, previous.end)
        fix = Fix(at, ";") if token.type != END else None
        return Diagnostic(Code.SYNTAX, Severity.ERROR, f"expected {wanted} after `{_shown(previous)}`", at, (), fix)
    notes = tuple(advice_on(file, token, previous, expected, tables))
    fix = certain_fix(file, token, previous, expected, tables)
    return Diagnostic(Code.SYNTAX, Severity.ERROR, f"expected {wanted}, found {found}", span, notes, fix)


def _describe_found(token: Token) -> str:
    if token.type == "TEXT":
        return "a string"
    return f"`{_shown(token)}`"


def _shown(token: Token) -> str:
    """The text of a token, of a monstrous one its beginning."""
    return token.text if len(token.text) <= MAX_SHOWN else token.text[:MAX_SHOWN] + "…"


def _describe_expected(expected: frozenset[str], tables: Tables) -> str:
    names: list[str] = []
    if expected >= TYPE_WORDS:
        types = {symbol for symbol in expected if symbol in _TYPE_STARTS}
        expected = expected - types
        names.append("a type")
    for symbol in sorted(expected):
        text = tables.text_of(symbol)
        if symbol == "INTEGER" and "VERSION" in expected:
            continue
        names.append(_CLASSES[symbol] if symbol in _CLASSES and text is None else f"`{text}`")
    names.sort(key=lambda name: (not name.startswith("a "), name))
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
