"""Functions whose words stand in the order of another language: `async f: func()`, `fn f()`, `async import f: func()`.

What was meant is certain, so that there is a message of its own for it, and a fix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Fix, Note, Severity
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.ast import Token

WORDS_FOR_FUNC = frozenset({"fn", "fun", "function", "def", "fnc"})
"""What `func` is called elsewhere."""

_FUNC = "|".join(sorted(WORDS_FOR_FUNC, reverse=True))
_FUNCTION = re.compile(
    rf"""(?P<before>(?:(?:async|static|func|{_FUNC})[ \t]+)+)
         (?:(?P<direction>import|export)[ \t]+)?
         (?P<name>%?[A-Za-z][\w-]*)[ \t]*
         (?::[ \t]*(?P<after>(?:(?:async|static|{_FUNC})[ \t]+)*)(?:func|{_FUNC})\b(?!-)[ \t]*)?(?=\()""",
    re.VERBOSE,
)
_SWAPPED = re.compile(r"async[ \t]+static[ \t]+(?=func\b)")


def misplaced_words(
    file: SourceFile, token: Token, previous: Token | None, expected: frozenset[str], keywords: Mapping[str, str]
) -> Diagnostic | None:
    """The finding about a function whose words are in another order, which `token` or the token before it begins."""
    if token.type == "STATIC" and "FUNC" in expected and previous is not None and previous.type == "ASYNC":
        found = _SWAPPED.match(file.text, previous.start)
        if found is None:
            return None
        return _finding(file, found, previous.start, "static async ", "`static` stands before `async`")
    is_follower = previous is not None and token.type in {"ID", "IMPORT", "EXPORT"} and previous.text in WORDS_FOR_FUNC
    start = previous.start if previous is not None and is_follower else token.start
    found = _FUNCTION.match(file.text, start)
    if found is None or not (is_follower or token.type in {"ASYNC", "STATIC", "FUNC"}) or "LPAR" in expected:
        return None
    if "SEMICOLON" in expected and not is_follower:
        return None  # what is missing is the end of the item before
    words = {*found["before"].split(), *(found["after"] or "").split()}
    if "static" in words and "CONSTRUCTOR" not in expected:
        return None
    name = found["name"] if found["name"] not in keywords else f"%{found['name']}"
    direction = f"{found['direction']} " if found["direction"] else ""
    marks = "".join(f"{word} " for word in ("static", "async") if word in words)
    written = f"{direction}{name}: {marks}func"
    return _finding(file, found, start, written, f"a function is written `{written}(…)`")


def _finding(file: SourceFile, found: re.Match[str], start: int, written: str, message: str) -> Diagnostic:
    end = found.end()
    while file.text[end - 1] in " \t":
        end -= 1
    span = Span(file, start, end)
    first_word = re.compile(r"[\w-]+").match(file.text, start)
    note = Note("first the name and a colon, then `static` and `async` where they apply, then `func`")
    at = span if first_word is None else Span(file, start, first_word.end())
    return Diagnostic(Code.SYNTAX, Severity.ERROR, message, at, (note,), Fix(span, written.rstrip()))
