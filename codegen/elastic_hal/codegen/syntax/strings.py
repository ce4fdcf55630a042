r"""What a string literal says: its escapes, and which characters it may hold as they are.

The escapes are those of WebAssembly's text format: `\t \n \r \" \' \\`, `\u{…}` for a character, and two hexadecimal
digits for a byte. The bytes of a string, however they are written, must be UTF-8.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from elastic_hal.codegen.syntax.characters import FORBIDDEN

_SIMPLE = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = {value: f"\\{letter}" for letter, value in _SIMPLE.items() if letter != "'"}
_PART = re.compile(
    r"""(?P<plain>[^\\\x00-\x1f]+)
      | \\(?P<byte>[0-9A-Fa-f]{2})
      | \\(?P<simple>[tnr"'\\])
      | \\u\{(?P<code>[0-9A-Fa-f](?:_*[0-9A-Fa-f])*)\}
      | (?P<wrong>\\u\{[0-9A-Za-z_]*\}?|\\.?|.)""",
    re.VERBOSE | re.DOTALL,
)
_FORMS = r"`\t`, `\n`, `\r`, `\"`, `\'`, `\\`, `\u{41}` and `\c3\a9`"
_BOM = "\ufeff"
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class StringProblem(NamedTuple):
    """What is wrong in a literal. `start` and `end` count from its opening quote."""

    message: str
    note: str
    start: int
    end: int


def read_string(literal: str) -> str | StringProblem:
    """What a literal says, which is given with its quotes; or the first thing that is wrong in it."""
    parts = bytearray()
    end = len(literal) - 1
    # A byte order mark right after the quote says nothing, as at the beginning of a file.
    for found in _PART.finditer(literal, 2 if literal.startswith(_BOM, 1) else 1, end):
        start, text = found.start(), found.group()
        if found["plain"] is not None:
            parts += text.encode()
        elif found["byte"] is not None:
            parts.append(int(found["byte"], 16))
        elif found["simple"] is not None:
            parts += _SIMPLE[found["simple"]].encode()
        elif found["code"] is not None:
            digits = found["code"].replace("_", "").lstrip("0") or "0"
            code_point = int(digits, 16) if len(digits) <= len(f"{_MAX_CODE_POINT:x}") else _MAX_CODE_POINT + 1
            if code_point > _MAX_CODE_POINT or code_point in _SURROGATES:
                message = f"`{_cut(text)}` is no character of Unicode"
                note = "they are 0 to 10ffff, without d800 to dfff"
                return StringProblem(message, note, start, found.end())
            parts += chr(code_point).encode()
        else:
            return _problem_of(text, start)
    try:
        return parts.decode()
    except UnicodeDecodeError as error:
        wrong = "".join(f"\\{byte:02x}" for byte in parts[error.start : error.end])
        message = f"the bytes `{wrong}` of this string are not UTF-8"
        note = r"write the character as it is or as `\u{…}`, or all the bytes of its UTF-8 form"
        return StringProblem(message, note, 0, len(literal))


def write_string(text: str) -> str:
    """A literal, with its quotes, that says `text`."""
    return f'"{"".join(_written(character) for character in text)}"'


def _written(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character < " " or character == _BOM or FORBIDDEN.match(character):
        return f"\\u{{{ord(character):x}}}"
    return character


def _problem_of(text: str, start: int) -> StringProblem:
    end = start + len(text)
    if not text.startswith("\\"):
        return StringProblem(f"{text!r} cannot stand in a string as it is", f"write `{_written(text)}`", start, end)
    if text.startswith("\\u"):
        return StringProblem(
            f"`{_cut(text)}` is no character", r"write its number in hexadecimal digits, such as `\u{41}`", start, end
        )
    if text[1:] in set("0123456789abcdefABCDEF"):
        message = f"`{text}` is half a byte"
        note = rf"a byte has two hexadecimal digits, such as `\0{text[1:]}`"
        return StringProblem(message, note, start, end)
    shown = text if text.isprintable() else repr(text)[1:-1].replace("\\\\", "\\")
    return StringProblem(f"the escape `{shown}` is unknown", f"the escapes are {_FORMS}", start, end)


def _cut(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"
