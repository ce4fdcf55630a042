"""Diagnostics as text for people: the message, file:line:column, the source line, and a caret under what is meant.

Columns count characters. The line of the caret counts what a terminal shows, so that tabs, wide and combining
characters keep it in place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from elastic_hal.codegen.source import Span
from elastic_hal.common.text import MAX_MESSAGE
from elastic_hal.common.text import shown as printable

if TYPE_CHECKING:
    from elastic_hal.codegen.diagnostics import Diagnostic

TAB_WIDTH = 4
MAX_SHOWN = 100
"""Lines longer than this many characters are cut around the place that is meant, other texts at their end."""

_RED, _YELLOW, _BLUE, _BOLD, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"


def render_text(diagnostics: Sequence[Diagnostic], colour: bool) -> str:
    """All diagnostics, separated by empty lines. The text ends without a line break."""
    return "\n\n".join("\n".join(_lines(one, colour)) for one in diagnostics)


def _lines(diagnostic: Diagnostic, colour: bool) -> Iterator[str]:
    label = f"{diagnostic.severity.value}[{diagnostic.code.value}]"
    paint = _RED if diagnostic.severity.value == "error" else _YELLOW
    yield f"{_painted(label, paint, colour)}: {_painted(printable(diagnostic.message, MAX_MESSAGE), _BOLD, colour)}"
    if diagnostic.span is not None:
        yield from _place(diagnostic.span, "^", paint, colour)
    for note in diagnostic.notes:
        yield f"  {_painted('note', _BLUE, colour)}: {printable(note.message, MAX_MESSAGE)}"
        if note.span is not None:
            yield from _place(note.span, "-", _BLUE, colour)
    if diagnostic.fix is not None:
        old = diagnostic.fix.span.file.text[diagnostic.fix.span.start : diagnostic.fix.span.end]
        yield f"  {_painted('help', _BLUE, colour)}: {printable(advice(old, diagnostic.fix.replacement), MAX_MESSAGE)}"


def advice(old: str, new: str) -> str:
    """What a fix tells a person to do."""
    old, new = _shortened(old), _shortened(new)
    if not old:
        return f"insert `{new}`"
    if not new:
        return f"remove `{old}`"
    return f"write `{new}` instead of `{old}`"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _place(span: Span, mark: str, paint: str, colour: bool) -> Iterator[str]:
    line, column = span.file.position(span.start)
    text = span.file.line(line)
    begin = min(column - 1, len(text))
    end = max(begin, min(begin + span.end - span.start, len(text)))
    number = str(line)
    margin = " " * len(number)
    yield f"{margin}--> {printable(span.file.path, MAX_MESSAGE)}:{line}:{column}"
    if not span.file.text:
        return
    before, marked, after = _cut(text, begin, end)
    shown_before, shown_marked = _visible(before), _visible(marked, _width(_visible(before)))
    yield f"{margin} |"
    yield f"{number} | {shown_before}{shown_marked}{_visible(after, _width(shown_before + shown_marked))}".rstrip()
    carets = mark * max(1, _width(shown_marked))
    yield f"{margin} | {' ' * _width(shown_before)}{_painted(carets, paint, colour)}"


def _cut(text: str, begin: int, end: int) -> tuple[str, str, str]:
    if len(text) <= MAX_SHOWN:
        return text[:begin], text[begin:end], text[end:]
    first = max(0, begin - MAX_SHOWN // 2)
    last = min(len(text), first + MAX_SHOWN)
    end = min(end, last)
    return (
        ("…" if first else "") + text[first:begin],
        text[begin:end],
        text[end:last] + ("…" if last < len(text) else ""),
    )


def _visible(text: str, column: int = 0) -> str:
    """The text with tabs as spaces and anything that a terminal would obey as a visible character."""
    shown: list[str] = []
    for character in text:
        if character == "\t":
            wide = TAB_WIDTH - column % TAB_WIDTH
            shown.append(" " * wide)
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            wide = 1
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            wide = _width(character)
            shown.append(character)
        column += wide
    return "".join(shown)


def _width(text: Iterable[str]) -> int:
    """How many columns of a terminal a text takes."""
    return sum(map(_width_of_one, text))


def _width_of_one(character: str) -> int:
    if character.isascii():
        return 1
    is_joined = unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}
    if is_joined or "\u1160" <= character <= "\u11ff":  # vowels and finals of Hangul stand in their syllable
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _painted(text: str, paint: str, colour: bool) -> str:
    return f"{paint}{text}{_PLAIN}" if colour else text
