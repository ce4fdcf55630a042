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
IMPORT_LENGTH = 88
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


@dataclass(frozen=True, slots=True)
class Union:
    """`A | B`, one member a line where it is too long."""

    members: tuple[Expression, ...]

    def flat(self) -> str:
        """The text on one line."""
        return " | ".join(map(flat, self.members))


Expression = str | Bracket | Union


def call(function: str, *arguments: Expression) -> Bracket:
    """`function(arguments)`."""
    return Bracket(f"{function}(", arguments, ")")


def tuple_of(*items: Expression) -> Bracket:
    """`(items)`, with the comma that a tuple of one needs."""
    return Bracket("(", items, ")")


def annotation(text: str) -> Expression:
    """A type annotation with its members and arguments apart, so that it can be broken over lines."""
    members = _split(text, " | ")
    if len(members) > 1:
        return Union(tuple(map(annotation, members)))
    if not text.endswith("]"):
        return text
    name, _, arguments = text[:-1].partition("[")
    return Bracket(f"{name}[", tuple(map(annotation, _split(arguments, ", "))), "]")


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand in no bracket."""
    parts = [""]
    depth = 0
    for piece in re.split(f"({re.escape(separator)}|[][()])", text):
        depth += (piece in ("[", "(")) - (piece in ("]", ")"))
        if piece == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def flat(expression: Expression) -> str:
    """The text of an expression on one line."""
    return expression if isinstance(expression, str) else expression.flat()


def statement(prefix: str, expression: Expression, suffix: str = "", depth: int = 0) -> str:
    """`prefix expression suffix` at an indentation of `depth` levels, broken over lines where it is too long."""
    return "\n".join(_lines(prefix, expression, suffix, depth))


def _lines(prefix: str, expression: Expression, suffix: str, depth: int) -> Iterator[str]:
    margin = INDENT * depth
    one_line = f"{margin}{prefix}{flat(expression)}{suffix}"
    if isinstance(expression, str) or len(one_line) <= LINE_LENGTH:
        yield one_line
        return
    if isinstance(expression, Union):
        *others, last = expression.members
        for number, member in enumerate(others):
            yield from _lines("| " if number else prefix, member, "", depth)
        yield from _lines("| ", last, suffix, depth)
        return
    if not expression.items:
        yield one_line
        return
    if len(f"{margin}{prefix}{expression.opening}") > LINE_LENGTH and prefix.endswith("= "):
        yield f"{margin}{prefix}("
        yield from _lines("", expression, "", depth + 1)
        yield f"{margin}){suffix}"
        return
    yield f"{margin}{prefix}{expression.opening}"
    comma = "" if expression.closing == "]" and len(expression.items) == 1 else ","
    for item in expression.items:
        yield from _lines("", item, comma, depth + 1)
    yield f"{margin}{expression.closing}{suffix}"


def definition_statement(name: str, parameters: tuple[str, ...], returns: str, depth: int = 0) -> str:
    """`def name(parameters) -> returns:`; a parameter is `name` or `name: type`."""
    items = tuple(_parameter(parameter) for parameter in parameters)
    text = statement("", Bracket(f"def {name}(", items, ")"), f" -> {returns}:", depth)
    *before, closing = text.split("\n")
    if len(closing) <= LINE_LENGTH:
        return text
    opening = closing.removesuffix(f"{returns}:")
    broken = annotation(returns)
    if isinstance(broken, Union):
        inner = statement("", broken, depth=depth + 1)
        return "\n".join([*before, f"{opening}(", inner, f"{INDENT * depth}):"])
    return "\n".join([*before, statement(opening.lstrip(), broken, ":", depth)])


def _parameter(text: str) -> Expression:
    name, colon, wanted = text.partition(": ")
    kind = annotation(wanted)
    return Union((f"{name}{colon}{flat(kind.members[0])}", *kind.members[1:])) if isinstance(kind, Union) else text


def annotated_statement(name: str, wanted: str, value: Expression) -> str:
    """`name: wanted = value`."""
    prefix = f"{name}: {wanted} = "
    broken = annotation(wanted)
    if len(prefix) < LINE_LENGTH or not isinstance(broken, Bracket):
        return statement(prefix, value)
    items = [statement("", item, "," if len(broken.items) > 1 else "", 1) for item in broken.items]
    return "\n".join([f"{name}: {broken.opening}", *items, statement("] = ", value)])


def right_side(prefix: str, value: Expression, depth: int = 0) -> str:
    """`prefix value`, where the prefix ends an assignment or a field's name: broken at the brackets that the value has,
    or in parentheses, where it is too long for a line.
    """
    margin = INDENT * depth
    is_short = len(f"{margin}{prefix}{flat(value)}") <= LINE_LENGTH
    is_helpless = isinstance(value, str) and len(f"{margin}{INDENT}{value}") > LINE_LENGTH
    if is_short or is_helpless or isinstance(value, Bracket):
        return statement(prefix, value, depth=depth)
    return "\n".join([f"{margin}{prefix}(", statement("", value, depth=depth + 1), f"{margin})"])


def class_header(name: str, base: str) -> str:
    """`class name(base):`, or `class name:` where there is no base."""
    if not base:
        return f"class {name}:"
    line = f"class {name}({base}):"
    return line if len(line) <= LINE_LENGTH else f"class {name}(\n{INDENT}{base}\n):"


def import_statement(origin: str, name: str, alias: str) -> str:
    """`from origin import name as alias`. Import sorters break lines at 88 columns unless told otherwise, and leave a
    line alone that is broken already.
    """
    line = f"from {origin} import {name} as {alias}"
    return line if len(line) <= IMPORT_LENGTH else f"from {origin} import (\n{INDENT}{name} as {alias},\n)"


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
