"""TOML of unknown origin: bounded before it is parsed, because Python's parser takes too long for some texts.

Names of keys and tables with many parts take time that is quadratic in their number, and deep nesting takes a stack.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from .errors import USAGE, ElasticHalError
from .files import read_text
from .text import shown

MAX_TOML_BYTES: Final = 1 << 20
MAX_KEY_PARTS: Final = 16
MAX_DEPTH: Final = 64
MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1

# Strings need no end: what is left open is taken as a whole, so that no text is looked at twice.
_TOKEN: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}.\n=,]",
    re.DOTALL,
)


class TomlError(ElasticHalError, ValueError):
    """A text is not TOML, or more of it than anybody writes. The text says where, as far as it is known."""

    exit_status = USAGE


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a document.

    Raises:
        TomlError: It is not TOML; a key has more than 16 parts, or values are nested more than 64 deep; a
            number is outside of 64 bits.
    """
    _check_shape(text)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits are refused by Python, not by the parser.
        raise TomlError(shown(error)) from None
    _check_integers(document)
    return document


def read_toml(path: Path, max_bytes: int = MAX_TOML_BYTES) -> dict[str, Any]:
    """Read a file and parse it.

    Raises:
        FileError: As `read_text`.
        TomlError: As `parse_toml`.
    """
    return parse_toml(read_text(path, max_bytes))


def _check_shape(text: str) -> None:
    """Bound depth and parts of keys, by the characters that stand outside of strings and comments."""
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth, dots = depth + 1, 0
        elif mark in "]}":
            depth, dots = max(0, depth - 1), 0
        elif mark == ".":
            dots += 1
        elif mark in "\n=,":
            dots = 0
        if depth > MAX_DEPTH or dots >= MAX_KEY_PARTS:
            what = f"nested more than {MAX_DEPTH} deep" if depth > MAX_DEPTH else f"a key of over {MAX_KEY_PARTS} parts"
            raise TomlError(f"{what} (at line {text.count(chr(10), 0, token.start()) + 1})")


def _check_integers(document: dict[str, Any]) -> None:
    """Refuse integers that TOML does not promise. Python writes none of thousands of digits, in any message."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
            raise TomlError("a number is outside of the 64 bits that TOML has for integers")
