"""Turns WIT text into tokens and collects the doc comments before each.

It goes through the text once and yields tokens as they are asked for, so that hostile text costs no memory before the
parser refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, Note
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.ast import Token
from elastic_hal.codegen.syntax.characters import FORBIDDEN
from elastic_hal.codegen.syntax.comments import text_of_comments
from elastic_hal.codegen.syntax.names import kebab_suggestion, problem_of_name
from elastic_hal.codegen.syntax.strings import StringProblem, read_string

UNUSED_KEYWORDS = frozenset({"from"})
"""Words that WIT keeps for itself though no rule of the grammar uses them."""

MAX_ERRORS = 20
"""Lexical errors after which a file is given up."""

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
"""What stands after the `-` or `+` of a version. A sign that nothing follows is read and means nothing."""

_TOKEN = re.compile(
    rf"""(?:[ \t\n]++|\r\n)*+(?:
      (?m:^)(?P<conflict>(?:<{{7}}|={{7}}|>{{7}}|\|{{7}})(?=[\ \r\n]|\Z)[^\n]*)
    | (?P<word>%?[^\W\d][\w-]*)
    | (?P<comment>//[^\n]*)
    | (?P<block>/\*)
    | (?P<punctuation>->|[=,:;(){{}}<>@./])
    | (?P<version>[0-9]+(?:\.[0-9]+)+(?:-{_IDENTIFIERS})?(?P<build>\+{_IDENTIFIERS})?)(?(build)|(?:-(?!>))?\+?)
    | (?P<integer>[0-9]+)
    | (?P<text>"(?:[^"\\\r\n]|\\[^\r\n])*+")
    | (?P<end>\Z)
    | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)

_CONFLICT = re.compile(
    r"<{7}[^\n]*\n(?:(?!<{7}[ \r\n]|[|=>]{7}[ \r\n])[^\n]*\n)*"
    r"(?P<second>(?:\|{7}|={7})[^\n]*\n(?:(?![<>]{7}[ \r\n])[^\n]*\n)*(?P<last>>{7}(?=[ \r\n]|\Z)[^\r\n]*))"
)
"""A merge conflict with both sides, as version control leaves it; `second` is what follows the first side."""

_REST_OF_LINE = re.compile(r"[^\r\n]*(?=\)[^)\r\n]*(?:\r?\n|\Z))|[^\r\n]*")

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
        self._is_cut_short = False
        self._other_side: tuple[int, int] | None = None
        self._names: set[str] = set()

    def tokens(self) -> Iterator[Token]:
        """Every token up to the end of the text, or to where reading on makes no sense."""
        self._refuse_forbidden_characters()
        text = self._file.text
        position = 1 if text.startswith("\ufeff") else 0
        keywords, names, match_token = self._keywords, self._names, _TOKEN.match
        while not self.gave_up:
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
            if group == "conflict":
                position = self._skip_conflict(start, position)
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
            elif group == "other" and text[start] == '"':
                position = self._refuse_open_string(start)
                yield Token("TEXT", text[start:position], start, position)
            elif group == "other":
                self._refuse_character(start)
            elif group == "version":
                self._check_version(lexeme, start, position)
                yield Token("VERSION", lexeme, start, position)
                position = found.end()
            else:
                if group == "text":
                    self._check_string(lexeme, start)
                yield Token(group.upper(), lexeme, start, position)

    @property
    def gave_up(self) -> bool:
        """Whether the rest of the text is not read, because of too many errors or a comment without its end."""
        return self._errors >= MAX_ERRORS or self._is_cut_short

    def _refuse_forbidden_characters(self) -> None:
        for found in FORBIDDEN.finditer(self._file.text):
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
        if FORBIDDEN.match(character):
            return  # reported already
        if character == "\r":
            message = "a carriage return that no line feed follows; end lines with LF or CR LF"
        else:
            message = f"unexpected character {character!r}{_WRITTEN_IN_WIT.get(character, '')}"
        self._error(Code.UNEXPECTED_CHARACTER, message, start, start + 1)

    def _check_version(self, lexeme: str, start: int, end: int) -> None:
        for word in _WORD_OF_VERSION.findall(lexeme):
            if word in self._keywords:
                message = f"`{word}` is a keyword of WIT, which a version cannot contain as a word of its own"
                self._error(Code.INVALID_VERSION, message, start, end)

    def _check_string(self, literal: str, start: int) -> None:
        found = read_string(literal)
        if isinstance(found, StringProblem) and not FORBIDDEN.search(literal, found.start, found.end):
            notes = [Note(found.note)]
            self._error(Code.INVALID_STRING, found.message, start + found.start, start + found.end, notes)

    def _refuse_open_string(self, start: int) -> int:
        """Reports a string without its end; gives where it probably ends, so that no more is said of its line."""
        self._error(Code.INVALID_STRING, "this string has no end on its line", start, start + 1, [Note('add `"`')])
        line = _REST_OF_LINE.match(self._file.text, start + 1)
        return start + 1 if line is None else line.end()

    def _skip_conflict(self, start: int, end: int) -> int:
        """Reports a merge conflict once; of its two sides the first is read. Gives where reading goes on."""
        if self._other_side is not None and self._other_side[0] <= start < self._other_side[1]:
            return self._other_side[1]
        text = self._file.text
        message = "this line is left over from a merge conflict"
        notes = [Note("remove it")]
        if text.startswith("<", start) and (found := _CONFLICT.match(text, start)) is not None:
            self._other_side = found.start("second"), found.end()
            message = "a merge conflict begins here that nobody has resolved"
            last = Span(self._file, found.start("last"), found.end("last"))
            notes = [
                Note("choose between the two sides, or join them, and remove the lines that mark them"),
                Note("it ends here; up to then only the first side is checked", last),
            ]
        self._error(Code.MERGE_CONFLICT, message, start, start + len(text[start:end].rstrip()), notes)
        return end

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
            notes = []
            if (inner := self._file.text.find("/*", start + 2)) >= 0:
                span = Span(self._file, inner, inner + 2)
                notes = [Note("comments nest: each `/*` within one needs a `*/` of its own, such as this one", span)]
            self._error(Code.UNTERMINATED_COMMENT, "this comment has no end; add `*/`", start, start + 2, notes)
            self._is_cut_short = True
            return len(self._file.text)
        self._pending.append(self._file.text[start:end])
        return end

    def _error(self, code: Code, message: str, start: int, end: int, notes: Sequence[Note] = ()) -> None:
        self._errors += 1
        self._diagnostics.error(code, message, Span(self._file, start, end), notes)


def _end_of_block(text: str, start: int) -> int | None:
    """Where the block comment that begins at `start` ends; None where it does not."""
    depth = 0
    for mark in _BLOCK_MARK.finditer(text, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return None
