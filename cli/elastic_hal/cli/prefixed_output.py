"""The output of several workloads on one terminal or in one log: whole lines, each after the name of who wrote it."""

from __future__ import annotations

import os
import sys
import threading
import zlib

_LONGEST_LINE_BYTES = 64 * 1024
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class PrefixedOutput:
    """Takes what one workload writes to one of its streams. Lines of different workloads never mix."""

    def __init__(self, name: str, descriptor: int, lock: threading.Lock, width: int) -> None:
        self._descriptor = descriptor
        self._lock = lock
        self._terminal = _is_terminal(descriptor)
        self._prefix = _prefix(name, width, colour=self._terminal and "NO_COLOR" not in os.environ)
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        """Takes what was written, and passes on the lines that are whole."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > _LONGEST_LINE_BYTES:
            lines.append(rest[:_LONGEST_LINE_BYTES])
            rest = rest[_LONGEST_LINE_BYTES:]
        self._rest = rest
        self._write(lines)

    def finish(self) -> None:
        """Passes on a last line that was not ended."""
        rest, self._rest = self._rest, b""
        if rest:
            self._write([rest])

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        text = b"".join(self._prefix + self._shown(line) + b"\n" for line in lines)
        with self._lock:
            left = memoryview(text)
            while left:
                left = left[os.write(self._descriptor, left) :]

    def _shown(self, line: bytes) -> bytes:
        """On a terminal without what could steer it, and so pretend to be another workload."""
        if not self._terminal:
            return line
        text = line.decode(errors="replace")
        return "".join(letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in text).encode()


def _prefix(name: str, width: int, *, colour: bool) -> bytes:
    text = f"{name:<{width}} | "
    if colour:
        # The same name has the same colour in every run.
        text = f"\x1b[{_COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)]}m{text}\x1b[0m"
    return text.encode()


def _is_terminal(descriptor: int) -> bool:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    return stream is not None and stream.isatty()
