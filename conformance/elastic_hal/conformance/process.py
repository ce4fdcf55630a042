"""A runtime as a child process, read a line at a time with a deadline and bounds, and really gone when it is killed.

Between the runner and the runtime stands a supervisor (`supervisor`), which ends whatever the runtime leaves behind.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

LONGEST_LINE = 1024 * 1024
MOST_LINES_WAITING = 10_000
STDERR_KEPT = 16 * 1024
MAX_ENDING_SECONDS = 15.0
END = None
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_CHUNK = 64 * 1024


class StoppedError(Exception):
    """Nothing more is started, because the run was given up."""


class RuntimeProcess:
    """A started runtime. `read_line` gives its output; `close` ends it together with everything that it started."""

    def __init__(self, argv: Sequence[str]) -> None:
        ours, theirs = os.pipe()
        # The runner holds the writing end alone: when it lets go, or dies, the supervisor ends everything.
        self._control = theirs
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), str(ours), "--", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(ours,),
                start_new_session=True,
            )
        except BaseException:
            os.close(theirs)
            raise
        finally:
            os.close(ours)
        self._stdin, self._stdout, self._stderr_pipe = (_opened(stream) for stream in self._streams())
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES_WAITING)
        self._stderr: deque[bytes] = deque()
        self._stderr_size = 0
        self._closing = threading.Event()
        self._closed = threading.Lock()
        self._wake, self._waker = os.pipe()
        self._threads = [
            threading.Thread(target=self._read_stdout, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
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
        """Ends the process and all that descends from it, and gives its exit code. It may be called again."""
        with self._closed:
            if not self._closing.is_set():
                self._end()
        return self._process.returncode

    def _end(self) -> None:
        self._closing.set()
        os.close(self._control)
        try:
            self._process.wait(MAX_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.end_input()
        os.write(self._waker, b"!")
        # The readers wait for nothing but the pipes and that byte, so that nobody who holds a pipe open keeps them.
        for thread in self._threads:
            thread.join()
        for descriptor in (self._wake, self._waker):
            os.close(descriptor)
        self._stdout.close()
        self._stderr_pipe.close()
        # Whoever still waits for a line gets the end; what is left to read, nobody wants any more.
        if self._lines.full():
            with self._lines.mutex:
                self._lines.queue.clear()
        self._lines.put_nowait(END)

    def _streams(self) -> tuple[IO[bytes] | None, IO[bytes] | None, IO[bytes] | None]:
        return self._process.stdin, self._process.stdout, self._process.stderr

    def _read_stdout(self) -> None:
        line = bytearray()
        while chunk := self._read(self._stdout):
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                line += part + b"\n"
                if not self._hand_over(bytes(line)):
                    return
                line.clear()
            line += rest
            if len(line) > LONGEST_LINE:
                if not self._hand_over(bytes(line)):
                    return
                line.clear()
        if line:
            self._hand_over(bytes(line))
        self._hand_over(END)

    def _hand_over(self, line: bytes | None) -> bool:
        """Waits while the reader is slow, so that output without end can't fill the memory."""
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return True
        return False

    def _read_stderr(self) -> None:
        kept = 0
        while chunk := self._read(self._stderr_pipe):
            self._stderr.append(chunk)
            self._stderr_size += len(chunk)
            kept += len(chunk)
            while kept - len(self._stderr[0]) > STDERR_KEPT:
                kept -= len(self._stderr.popleft())

    def _read(self, stream: IO[bytes]) -> bytes:
        """Waits for what comes; gives nothing at the end, or where the process is closed and nothing is there."""
        waiting = select.poll()
        waiting.register(stream, select.POLLIN)
        waiting.register(self._wake, select.POLLIN)
        ready = {descriptor for descriptor, _ in waiting.poll()}
        return os.read(stream.fileno(), _CHUNK) if stream.fileno() in ready else b""


class Running:
    """The processes of a run, so that whoever gives the run up can end them all from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[RuntimeProcess] = set()
        self._stopped = False

    @contextlib.contextmanager
    def started(self, argv: Sequence[str]) -> Iterator[RuntimeProcess]:
        """A process for the time of a `with`; raises StoppedError after `stop`."""
        process = self.start(argv)
        try:
            yield process
        finally:
            self.end(process)

    def start(self, argv: Sequence[str]) -> RuntimeProcess:
        """Starts a process; raises StoppedError after `stop`."""
        with self._lock:
            if self._stopped:
                raise StoppedError
            process = RuntimeProcess(argv)
            self._processes.add(process)
        return process

    def end(self, process: RuntimeProcess) -> int:
        """Ends a process, and gives its exit code."""
        code = process.close()
        with self._lock:
            self._processes.discard(process)
        return code

    def stop(self) -> None:
        """Ends every process and lets none begin."""
        with self._lock:
            self._stopped = True
            processes = tuple(self._processes)
        for process in processes:
            process.close()


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    """The stream, which is there because the process was started with a pipe for it."""
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream
