"""Turns WIT text into tokens and collects the doc comments before each.

It goes through the text once and yields tokens as they are asked for, so that hostile text costs no memory before the
parser refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.ast import Token
from elastic_hal.codegen.syntax.comments import text_of_comments
from elastic_hal.codegen.syntax.names import kebab_suggestion, problem_of_name

UNUSED_KEYWORDS = frozenset({"from"})
"""Words that WIT keeps for itself though no rule of the grammar uses them."""

MAX_ERRORS = 20
"""Lexical errors after which a file is given up."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u0149\u0673\u0f77\u0f79\u17a3\u17a4\u17b4\u17b5]"
)

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
"""What stands after the `-` or `+` of a version. A sign that nothing follows is read and means nothing."""

_TOKEN = re.compile(
    rf"""(?:[ \t\n]++|\r\n)*+(?:
      (?P<word>%?[^\W\d][\w-]*)
    | (?P<comment>//[^\n]*)
    | (?P<block>/\*)
    | (?P<punctuation>->|[=,:;(){{}}<>@./])
    | (?P<version>[0-9]+(?:\.[0-9]+)+(?:-{_IDENTIFIERS})?(?P<build>\+{_IDENTIFIERS})?)(?(build)|(?:-(?!>))?\+?)
    | (?P<integer>[0-9]+)
    | (?P<text>"[^"\r\n]*")
    | (?P<end>\Z)
    | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)

_WORD_OF_VERSION = re.compile("[A-Za-z][0-9A-Za-z-]*")

_ACCESSORS = {"get": "GET", "set": "SET"}
"""Names that are terminals of their own right before a parenthesis."""

_WRITTEN_IN_WIT = {
    "?": "; what may be absent is an `option<…>`",
    "[": "; lists are written `list<…>`",
    "&": "; a lent resource is written `borrow<…>`",
    "|": "; a choice is a `variant` or an `enum`",
    "'": '; strings stand between `"`',
    "#": "; a comment begins with `//`, an attribute with `@`",
}
"""What those who write these characters may have in mind."""
_BLOCK_MARK = re.compile(r"/\*|\*/")


class Lexer:
    """The tokens of one file. `docs` maps the start of a token to the doc comment before it."""

    def __init__(self, file: SourceFile, keywords: Mapping[str, str], diagnostics: Diagnostics) -> None:
        self.docs: dict[int, str] = {}
        self._file = file
        self._keywords = keywords
        self._diagnostics = diagnostics
        self._pending: list[str] = []
        self._errors = 0
        self._names: set[str] = set()

    def tokens(self) -> Iterator[Token]:
        """Every token up to the end of the text, or to where reading on makes no sense."""
        self._refuse_forbidden_characters()
        text = self._file.text
        position = 1 if text.startswith("\ufeff") else 0
        keywords, names, match_token = self._keywords, self._names, _TOKEN.match
        while self._errors < MAX_ERRORS:
            found = match_token(text, position)
            if found is None or (group := found.lastgroup) is None or group == "end":
                return
            start, position = found.span(group)
            if group == "comment":
                self._pending.append(text[start:position])
                continue
            if group == "block":
                position = self._skip_block_comment(start)
                continue
            if self._pending:
                self.docs[start] = text_of_comments(self._pending)
                self._pending.clear()
            lexeme = text[start:position]
            if group == "word":
                keyword = keywords.get(lexeme)
                if keyword is not None:
                    yield Token(keyword, lexeme, start, position)
                    continue
                if lexeme not in names:
                    if lexeme in _ACCESSORS and self._precedes_parenthesis(position):
                        yield Token(_ACCESSORS[lexeme], lexeme, start, position)
                        continue
                    self._check_name(lexeme, start, position)
                yield Token("ID", lexeme[1:] if lexeme[0] == "%" else lexeme, start, position)
            elif group == "punctuation":
                yield Token(keywords[lexeme], lexeme, start, position)
            elif group == "other":
                self._refuse_character(start)
            elif group == "version":
                self._check_version(lexeme, start, position)
                yield Token("VERSION", lexeme, start, position)
                position = found.end()
            else:
                yield Token(group.upper(), lexeme, start, position)

    @property
    def gave_up(self) -> bool:
        """Whether there were so many errors that the rest of the text is not read."""
        return self._errors >= MAX_ERRORS

    def _refuse_forbidden_characters(self) -> None:
        for found in _FORBIDDEN.finditer(self._file.text):
            code_point = f"U+{ord(found.group()):04X}"
            self._error(
                Code.FORBIDDEN_CHARACTER,
                f"the character {code_point} may not stand in WIT text: it can make the text look like another one",
                found.start(),
                found.end(),
            )
            if self.gave_up:
                return

    def _refuse_character(self, start: int) -> None:
        character = self._file.text[start]
        if _FORBIDDEN.match(character):
            return  # reported already
        if character == "\r":
            message = "a carriage return that no line feed follows; end lines with LF or CR LF"
        elif character == '"':
            message = "this string has no end on its line"
        else:
            message = f"unexpected character {character!r}{_WRITTEN_IN_WIT.get(character, '')}"
        self._error(Code.UNEXPECTED_CHARACTER, message, start, start + 1)

    def _check_version(self, lexeme: str, start: int, end: int) -> None:
        for word in _WORD_OF_VERSION.findall(lexeme):
            if word in self._keywords:
                message = f"`{word}` is a keyword of WIT, which a version cannot contain as a word of its own"
                self._error(Code.INVALID_VERSION, message, start, end)

    def _precedes_parenthesis(self, position: int) -> bool:
        """Whether `(` comes next, comments left aside."""
        text = self._file.text
        while True:
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup not in {"comment", "block"}:
                return found is not None and found["punctuation"] == "("
            end = _end_of_block(text, found.start("block")) if found.lastgroup == "block" else found.end()
            if end is None:
                return False
            position = end

    def _check_name(self, lexeme: str, start: int, end: int) -> None:
        if lexeme not in _ACCESSORS:
            self._names.add(lexeme)
        problem = problem_of_name(lexeme.removeprefix("%"))
        if problem is not None:
            better = kebab_suggestion(lexeme.removeprefix("%"))
            close = f"; did you mean `{better}`?" if better else ""
            self._error(Code.INVALID_NAME, f"`{lexeme}` is not a valid name: {problem}{close}", start, end)

    def _skip_block_comment(self, start: int) -> int:
        end = _end_of_block(self._file.text, start)
        if end is None:
            self._error(Code.UNTERMINATED_COMMENT, "this comment has no end; add `*/`", start, start + 2)
            return len(self._file.text)
        self._pending.append(self._file.text[start:end])
        return end

    def _error(self, code: Code, message: str, start: int, end: int) -> None:
        self._errors += 1
        self._diagnostics.error(code, message, Span(self._file, start, end))


def _end_of_block(text: str, start: int) -> int | None:
    """Where the block comment that begins at `start` ends; None where it does not."""
    depth = 0
    for mark in _BLOCK_MARK.finditer(text, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return None
