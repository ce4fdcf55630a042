"""What to write instead of a token that does not fit: notes for a person, and fixes where no doubt is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

from elastic_hal.codegen.diagnostics import Fix, Note
from elastic_hal.codegen.similarity import closest
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.ast import Token
from elastic_hal.codegen.syntax.misplaced import WORDS_FOR_FUNC
from elastic_hal.codegen.syntax.tables import Tables

TYPE_WORDS = frozenset({"U8", "LIST", "OPTION", "TUPLE"})
"""Terminals that are expected together only where a type is."""

_GENERIC_TYPES = ("list", "option", "result", "tuple", "map", "future", "stream", "own", "borrow")
_OTHER_WORDS = {
    **{"struct": "record", "class": "resource", "object": "resource", "union": "variant", "alias": "type"},
    **{"typedef": "type", "bitflags": "flags"},
}
"""Words of other languages, and of WIT where it says the same."""
_ITEM_WORDS = ("type", "record", "variant", "enum", "flags", "resource", "use", "include", "import", "export")
_PRIMITIVES = frozenset({"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "bool", "char", "string"})
_LISTED = ", ".join(f"`{name}<…>`" for name in _GENERIC_TYPES)
_DECLARING = frozenset(
    {"INTERFACE", "WORLD", "TYPE", "RECORD", "VARIANT", "ENUM", "FLAGS", "RESOURCE", "AS", "COMMA", "LPAR"}
)
"""What stands before the name of something new, rather than before the name of something that is there."""
_USE_WITHOUT_INTERFACE = re.compile(
    r"use\s+(?P<package>%?[\w-]+:%?[\w-]+)(?P<version>@[0-9A-Za-z.+-]*[0-9A-Za-z])?\.\{(?P<names>[^{}]{0,200})\}"
)


def advice_on(
    file: SourceFile, token: Token, previous: Token | None, expected: frozenset[str], tables: Tables
) -> Iterator[Note]:
    """Notes that help with `token` where only `expected` could stand."""
    if "ID" in expected and _is_keyword(token, tables):
        yield _advice_on_keyword(file, token, expected)
    if token.type == "COLON" and "ID" in expected and previous is not None and _is_keyword(previous, tables):
        yield Note(f"`{previous.text}` is a keyword of WIT; as a name it is written `%{previous.text}`")
    if expected == {"SLASH"}:
        yield from _advice_on_path(file, token)
    if token.type == "DOT" and "AS" in expected:
        yield Note("types are brought in inside an interface or world: move this `use` there")
    if token.type == "LPAR" and expected >= TYPE_WORDS and "UNDERSCORE" in expected:
        yield Note("a result without a value is `result`, or `result<_, error>` where there is an error")
    elif token.type == "LPAR" and expected >= TYPE_WORDS:
        yield Note("a function returns one type; several values together are a record or a `tuple<…>`")
    if token.text == "<" and previous is not None and previous.type == "ID":
        found = closest(previous.text, _GENERIC_TYPES)
        yield Note(f"did you mean `{found}<…>`?" if found else f"the types with parameters are {_LISTED}")
    if expected == {"COLON"} and token.type == "ID" and previous is not None:
        found = _OTHER_WORDS.get(previous.text) or closest(previous.text, _ITEM_WORDS)
        if previous.text in WORDS_FOR_FUNC:
            yield Note(f"a function is written `{token.text}: func(…)`")
        elif found is not None:
            yield Note(f"did you mean `{found} {token.text}`?")
    if expected == {"COLON"} and token.type in {"COMMA", "RPAR"} and previous is not None and previous.text == "self":
        yield Note("a method has its resource without saying so: leave `self` out")
    if expected == {"COLON"} and token.type == "LPAR" and previous is not None:
        yield Note(f"a function is written `{previous.text}: func(…)`")
    if token.type == "COLON" and {"LPAR", "COMMA"} <= expected and previous is not None:
        yield Note(f"a case of a variant has its value in parentheses: `{previous.text}(…)`")
    if expected == {"LESSTHAN"} and previous is not None:
        yield Note(f"say of what: `{previous.text}<…>`")
    if token.type == "STATIC" and "FUNC" in expected:
        yield Note("only functions of a resource are static; other functions belong to nothing anyway")
    if token.type in {"IMPORT", "EXPORT"} and {"INTERFACE", "WORLD"} <= expected:
        yield Note("imports and exports stand in a world: `world name { … }`")
    if token.type == "ID" and _word_for_func(token, expected) is None and token.text != "default":
        words = [word for symbol in expected if (word := tables.text_of(symbol)) is not None and word.isalpha()]
        found = closest(token.text, (word for word in words if len(word) > 3))
        # A name that is followed by a colon begins a function; it is no misspelt keyword.
        if found is not None and _next_character(file, token) != ":":
            yield Note(f"did you mean `{found}`?")


def certain_fix(
    file: SourceFile, token: Token, previous: Token | None, expected: frozenset[str], tables: Tables
) -> Fix | None:
    """The change that is sure to be what was meant, if there is one."""
    span = Span(file, token.start, token.end)
    if "ID" in expected and _is_keyword(token, tables):
        is_declared = expected == {"ID"} and previous is not None and previous.type in _DECLARING
        is_listed = {"ID"} < expected <= {"ID", "RBRACE", "RPAR"}
        is_begun = "U8" not in expected and _next_character(file, token) == ":"
        return Fix(span, f"%{token.text}") if is_declared or is_listed or is_begun else None
    word = _word_for_func(token, expected)
    if word is not None:
        return Fix(span, word)
    if token.text == "default" and "WORLD" in expected:
        following = re.compile(r"\s+(?=world\b)").match(file.text, token.end)
        return None if following is None else Fix(Span(file, token.start, following.end()), "")
    if previous is None:
        return None
    if token.type in {"EQUAL", "COLON"} and file.text[previous.end : token.start].strip():
        return None  # a comment between the two must stay
    if token.type == "EQUAL" and {"->", "{"} & _texts_of(expected, tables):
        return _fix_for_equals(file, token, previous, expected, tables)
    if token.type == "COLON" and expected == {"EQUAL"}:
        return Fix(Span(file, previous.end, token.end), " =")
    before = Span(file, previous.end, previous.end)
    if token.type == "RBRACE" and "SEMICOLON" in expected:
        return Fix(before, ";")
    if token.type == "SEMICOLON":
        if {"COMMA", "RBRACE"} <= expected:
            return Fix(span, ",")
        return Fix(span, "") if previous.type == "RBRACE" and "SEMICOLON" not in expected else None
    if "COMMA" in expected and token.type == "ID":
        begins_field = _next_character(file, token) == ":"
        is_on_new_line = "\n" in file.text[previous.end : token.start]
        return Fix(before, ",") if begins_field or is_on_new_line else None
    if expected == {"COLON"} and token.text in _PRIMITIVES:
        return Fix(before, ":")
    if token.type == "COLON" and "->" in _texts_of(expected, tables) and previous.type == "RPAR":
        return Fix(Span(file, previous.end, token.end), " ->")
    return None


def _fix_for_equals(
    file: SourceFile, token: Token, previous: Token, expected: frozenset[str], tables: Tables
) -> Fix | None:
    """`=>` for an arrow, or `=` between a name and its braces."""
    if "->" in _texts_of(expected, tables):
        is_arrow = file.text.startswith("=>", token.start)
        return Fix(Span(file, token.start, token.start + 2), "->") if is_arrow else None
    is_before_braces = previous.type == "ID" and _next_character(file, token) == "{"
    return Fix(Span(file, previous.end, token.end), "") if is_before_braces else None


def _advice_on_keyword(file: SourceFile, token: Token, expected: frozenset[str]) -> Note:
    """What a keyword may mean where a name can stand: among items it is a name only before a colon."""
    if {"AT", "RBRACE"} <= expected and _next_character(file, token) != ":":
        if token.type in {"IMPORT", "EXPORT"}:
            return Note("imports and exports stand in a world: `world name { … }`")
        if token.type == "STATIC":
            return Note("only functions of a resource are static; other functions belong to nothing anyway")
        if token.type in {"INTERFACE", "WORLD", "PACKAGE"}:
            return Note("is the `}` missing that ends what stands before it?")
    return Note(f"`{token.text}` is a keyword of WIT; as a name it is written `%{token.text}`")


def _advice_on_path(file: SourceFile, token: Token) -> Iterator[Note]:
    yield Note("a path is `namespace:package/interface@version`; types are used inside an interface or world")
    line_start = file.text.rfind("use", 0, token.start)
    found = _USE_WITHOUT_INTERFACE.match(file.text, max(0, line_start))
    if found is None or found.end() < token.start:
        return
    package, version = found["package"], found["version"] or ""
    names = ", ".join(found["names"].replace(",", " ").split())
    if names and " " not in names:
        yield Note(f"if `{names}` is an interface, write `use {package}/{names}{version};`")
    kind, rest = ("types", "are") if " " in names else ("a type", "is")
    yield Note(
        f"if `{names}` {rest} {kind}, name the interface and put it inside yours: "
        f"`use {package}/INTERFACE{version}.{{{names}}};`"
    )


def _word_for_func(token: Token, expected: frozenset[str]) -> str | None:
    is_other = token.type == "ID" and token.text in WORDS_FOR_FUNC
    return "func" if is_other and "FUNC" in expected else None


def _is_keyword(token: Token, tables: Tables) -> bool:
    return tables.keywords.get(token.text) == token.type and token.text[0].isalpha()


def _texts_of(expected: frozenset[str], tables: Tables) -> set[str | None]:
    return {tables.text_of(symbol) for symbol in expected}


def _next_character(file: SourceFile, token: Token) -> str:
    """The character after the token that is no space; empty at the end of the text."""
    following = re.compile(r"\s*(.?)", re.DOTALL).match(file.text, token.end)
    return "" if following is None else following[1]
