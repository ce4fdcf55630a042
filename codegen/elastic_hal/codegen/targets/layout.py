"""Lays Python text out as a formatter would: on one line where it fits, else one item a line; and makes WIT docs safe
docstrings.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LINE_LENGTH = 120
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Bracket:
    """`opening item, item closing`, where the opening ends and the closing begins with a bracket."""

    opening: str
    items: tuple[Expression, ...]
    closing: str

    def flat(self) -> str:
        """The text on one line."""
        comma = "," if self.opening == "(" and len(self.items) == 1 else ""
        return f"{self.opening}{', '.join(map(flat, self.items))}{comma}{self.closing}"


Expression = str | Bracket


def call(function: str, *arguments: Expression) -> Bracket:
    """`function(arguments)`."""
    return Bracket(f"{function}(", arguments, ")")


def tuple_of(*items: Expression) -> Bracket:
    """`(items)`, with the comma that a tuple of one needs."""
    return Bracket("(", items, ")")


def flat(expression: Expression) -> str:
    """The text of an expression on one line."""
    return expression if isinstance(expression, str) else expression.flat()


def statement(prefix: str, expression: Expression, suffix: str = "", depth: int = 0) -> str:
    """`prefix expression suffix` at an indentation of `depth` levels, broken over lines where it is too long."""
    return "\n".join(_lines(prefix, expression, suffix, depth))


def _lines(prefix: str, expression: Expression, suffix: str, depth: int) -> Iterator[str]:
    margin = INDENT * depth
    one_line = f"{margin}{prefix}{flat(expression)}{suffix}"
    if isinstance(expression, str) or not expression.items or len(one_line) <= LINE_LENGTH:
        yield one_line
        return
    if len(f"{margin}{prefix}{expression.opening}") > LINE_LENGTH and prefix.endswith("= "):
        yield f"{margin}{prefix}("
        yield from _lines("", expression, "", depth + 1)
        yield f"{margin}){suffix}"
        return
    yield f"{margin}{prefix}{expression.opening}"
    for item in expression.items:
        yield from _lines("", item, ",", depth + 1)
    yield f"{margin}{expression.closing}{suffix}"


def union_statement(prefix: str, members: tuple[str, ...]) -> str:
    """`prefix A | B | C`, in parentheses where it is too long for a line."""
    one_line = prefix + " | ".join(members)
    if len(one_line) <= LINE_LENGTH or len(members) == 1:
        return one_line
    joined = " | ".join(members)
    if len(joined) + len(INDENT) <= LINE_LENGTH:
        return f"{prefix}(\n{INDENT}{joined}\n)"
    return f"{prefix}(\n{INDENT}" + f"\n{INDENT}| ".join(members) + "\n)"


def string(text: str) -> str:
    """A string literal in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_visible(character) for character in escaped).replace("\n", "\\n") + '"'


def docstring(text: str, depth: int = 0) -> str:
    """A docstring with that text at an indentation of `depth` levels, whatever the text holds."""
    margin = INDENT * depth
    room = LINE_LENGTH - len(margin) - 3
    lines = list(_wrapped(_safe(text), room))
    if len(lines) == 1 and len(lines[0]) + 3 > room:
        lines = list(_wrapped(_safe(text), room - 3))
    if len(lines) == 1:
        return f'{margin}"""{lines[0]}"""'
    body = [f'{margin}"""{lines[0]}', *(f"{margin}{line}" if line else "" for line in lines[1:]), f'{margin}"""']
    return "\n".join(body)


def _safe(text: str) -> str:
    """The text with everything escaped that would end a docstring early or change when it is read back."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    escaped = normal.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    cleaned = "".join(_visible(character) for character in escaped).strip()
    if cleaned.startswith('"'):
        cleaned = "\\" + cleaned
    if cleaned.endswith('"'):
        before = cleaned[:-1]
        is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 1
        cleaned = cleaned if is_escaped else f'{before}\\"'
    return cleaned or "No description."


def _visible(character: str) -> str:
    """Control, format and separator characters and lone surrogates as escapes, since editors and parsers disagree
    about them.
    """
    if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_STANDS_ALONE = re.compile(r"\s*([-*+>|#]|\d+[.)]|`{3}|~{3})|\s{4}")


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of the text: paragraphs filled to `width`, list items and indented lines left alone as far as they
    fit.
    """
    paragraph: list[str] = []
    fenced = False
    for line in text.split("\n"):
        stripped = line.rstrip()
        if stripped.lstrip().startswith("```"):
            fenced = not fenced
        starts_anew = fenced or not stripped or _STANDS_ALONE.match(stripped) is not None
        if starts_anew and paragraph:
            yield from _filled(paragraph, width)
            paragraph = []
        if fenced:
            yield stripped
        elif stripped:
            paragraph.append(stripped)
        else:
            yield ""
    yield from _filled(paragraph, width)


def _filled(paragraph: list[str], width: int) -> list[str]:
    if not paragraph:
        return []
    first = paragraph[0]
    margin = first[: len(first) - len(first.lstrip())]
    hanging = margin + ("  " if _STANDS_ALONE.match(first) else "")
    joined = " ".join(line.strip() for line in paragraph)
    return textwrap.wrap(
        joined,
        width,
        initial_indent=margin,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
