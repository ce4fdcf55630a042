"""Text of unknown origin, made fit to stand in a message."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_SHOWN: Final = 200
MAX_MESSAGE: Final = 4000
_INDENT: Final = "    "

# Controls, format characters (which turn the direction of writing around), surrogates, line and paragraph separators.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(text: object, most: int = MAX_SHOWN) -> str:
    """Return text as one line for a message: what does not print is escaped, what is longer than `most` is cut.

    A file name, a key or a name that somebody else chose cannot forge lines of output or steer a terminal by it.
    """
    line = str(text)
    cut = line if len(line) <= most else f"{line[: most // 2]}…{line[-(most - most // 2 - 1) :]}"
    return "".join(_escaped(character) for character in cut)


def message_text(text: str, most: int = MAX_MESSAGE) -> str:
    """Return a message as it may be printed: lines after the first are indented, and nothing in it steers a terminal.

    Whatever names or texts of strangers are in it, no line of it looks like the first one of another message.
    """
    first, *others = text.split("\n")
    return "\n".join([shown(first, most), *(f"{_INDENT}{shown(line, most)}" for line in others)])


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun: `1 package`, `2 packages`. `several` is a plural that takes more than an s."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNPRINTABLE:
        return character
    return character.encode("unicode_escape").decode("ascii")
