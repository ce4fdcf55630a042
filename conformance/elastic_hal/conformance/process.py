"""A runtime as a child process, read a line at a time with a deadline and bounds, and really gone when it is killed."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import IO

LONGEST_LINE = 1024 * 1024
MOST_LINES_WAITING = 10_000
STDERR_KEPT = 16 * 1024
END = None


class RuntimeProcess:
    """A started runtime. `read_line` gives its output; `close` ends it together with everything that it started."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._stdin, stdout, stderr = (_opened(stream) for stream in self._streams())
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES_WAITING)
        self._stderr: deque[bytes] = deque()
        self._stderr_size = 0
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._read_stdout, args=(stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def write_line(self, text: str) -> bool:
        """Sends a line; False where nobody reads any more."""
        try:
            self._stdin.write(text.encode() + b"\n")
            self._stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def end_input(self) -> None:
        """Tells the runtime that nothing more comes."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def read_line(self, deadline: float) -> bytes | None:
        """The next line, None at the end; raises TimeoutError when `deadline` (on the monotonic clock) has passed."""
        try:
            return self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None

    @property
    def stderr_size(self) -> int:
        """How many bytes the runtime has written to stderr so far."""
        return self._stderr_size

    def stderr_tail(self, since: int = 0) -> str:
        """The last of what the runtime said on stderr, at most from byte `since` on."""
        wanted = min(STDERR_KEPT, self._stderr_size - since)
        return b"".join(list(self._stderr))[-wanted:].decode(errors="replace") if wanted > 0 else ""

    def wait(self, deadline: float) -> int | None:
        """The exit code, or None where the process still runs at the deadline."""
        try:
            return self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> int:
        """Ends the process and its children, and gives its exit code."""
        self._closing.set()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self.end_input()
        for thread in self._threads:
            thread.join(5)
        for stream in self._streams()[1:]:
            _opened(stream).close()
        return code

    def _streams(self) -> tuple[IO[bytes] | None, IO[bytes] | None, IO[bytes] | None]:
        return self._process.stdin, self._process.stdout, self._process.stderr

    def _read_stdout(self, stream: IO[bytes]) -> None:
        while True:
            line = stream.readline(LONGEST_LINE + 1)
            if not line or not self._hand_over(line):
                break
        self._hand_over(END)

    def _hand_over(self, line: bytes | None) -> bool:
        """Waits while the reader is slow, so that output without end can't fill the memory."""
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return True
        return False

    def _read_stderr(self, stream: IO[bytes]) -> None:
        kept = 0
        while chunk := os.read(stream.fileno(), 4096):
            self._stderr.append(chunk)
            self._stderr_size += len(chunk)
            kept += len(chunk)
            while kept > 2 * STDERR_KEPT:
                kept -= len(self._stderr.popleft())


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    """The stream, which is there because the process was started with a pipe for it."""
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream
