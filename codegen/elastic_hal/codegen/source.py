"""Source texts and places in them, with lines and columns as a person counts them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class SourceFile:
    """One text that was read. `path` is what messages show."""

    path: str
    text: str
    _line_starts: list[int] = field(default_factory=list, repr=False)

    def _starts(self) -> list[int]:
        if not self._line_starts:
            self._line_starts.append(0)
            position = self.text.find("\n")
            while position != -1:
                self._line_starts.append(position + 1)
                position = self.text.find("\n", position + 1)
        return self._line_starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both counted from 1, columns in characters."""
        starts = self._starts()
        line = bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line break."""
        starts = self._starts()
        begin = starts[number - 1]
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[begin:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a file."""

    file: SourceFile
    start: int
    end: int
