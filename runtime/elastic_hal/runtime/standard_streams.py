"""Where a guest's standard output and standard error go.

A sink gets them through a pipe that a thread of ours reads. wasmtime could call back instead, but it does so on threads
of its own that may still run when Python ends, and that takes the process down.
"""

from __future__ import annotations

import fcntl
import os
import select
import sys
import termios
import threading
import time
from collections.abc import Callable

import wasmtime

from elastic_hal.runtime.output_meter import OutputMeter

Sink = Callable[[bytes], object]
"""Takes what a guest wrote, in order, on a thread of its own. When it raises, the guest is stopped, and what it still
writes comes to nothing. `BrokenPipeError` says that nobody reads any more.
"""

_CHUNK_BYTES = 65536
_PATIENCE_SECONDS = 0.5


class Tail:
    """Passes on what is written and keeps the end of it."""

    def __init__(self, sink: Sink, size: int = 8192) -> None:
        self._sink = sink
        self._size = size
        self._kept = b""

    def __call__(self, data: bytes) -> None:
        """Takes what was written."""
        self._kept = (self._kept + data[-self._size :])[-self._size :]
        self._sink(data)

    @property
    def text(self) -> str:
        """The end of what was written. What is not UTF-8 or not printable is replaced, so that it cannot steer a
        terminal.
        """
        text = self._kept.decode(errors="replace")
        return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)


def to_descriptor(descriptor: int) -> Sink:
    """A sink that writes to a file descriptor of the host."""

    def write(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    return write


class StandardStreams:
    """Connects one guest's output streams with their sinks; without a sink for it, standard output is the host's.

    `meter` counts what is written, and says where it is too much. `lost` is called, once for each stream, with the
    reason why a sink takes no more.
    """

    def __init__(
        self,
        output: Sink | None,
        error: Sink,
        meter: OutputMeter | None = None,
        lost: Callable[[Exception], object] = lambda error: None,
    ) -> None:
        self._output = output or to_descriptor(1)
        self._error = error
        self._meter = meter or OutputMeter(None, lambda seconds: None, lambda: None)
        self._lost = lost
        self._readers: list[_Reader] = []

    def connect(self, config: wasmtime.WasiConfig) -> None:
        """Makes the streams the guest's."""
        self._pipe("stdout_file", config, self._output)
        self._pipe("stderr_file", config, self._error)

    def settle(self) -> None:
        """Waits, for half a second at most, until the sinks have all that the guest has written so far."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for reader in self._readers:
            reader.settle(deadline)

    def last_words(self) -> str:
        """The end of what the guest wrote to standard error, where a `Tail` keeps it: what `Linker.last_words` is to
        be.
        """
        self.settle()
        return self._error.text if isinstance(self._error, Tail) else ""

    def drain(self) -> None:
        """Waits until the sinks have everything. The guest's store must be closed by then, or this never returns."""
        for reader in self._readers:
            reader.thread.join()

    @property
    def failure(self) -> Exception | None:
        """Why output was lost, where a sink could not take it; None where all of it arrived. Complete after `drain`."""
        return next((reader.failure for reader in self._readers if reader.failure is not None), None)

    def _pipe(self, stream: str, config: wasmtime.WasiConfig, sink: Sink) -> None:
        read_end, write_end = os.pipe()
        self._readers.append(_Reader(read_end, sink, self._meter, self._lost, f"guest {stream}"))
        try:
            # Opened by name, the pipe gets a descriptor that belongs to the guest's store and is closed with it.
            setattr(config, stream, f"/proc/self/fd/{write_end}")
        finally:
            os.close(write_end)


class _Reader:
    """Passes on what comes out of a pipe, on a thread of its own."""

    def __init__(
        self, descriptor: int, sink: Sink, meter: OutputMeter, lost: Callable[[Exception], object], name: str
    ) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._sink = sink
        self._meter = meter
        self.failure: Exception | None = None
        self._at_work = threading.Lock()
        self._closed = False
        self.thread = threading.Thread(target=self._forward, name=name, daemon=True)
        self.thread.start()

    def settle(self, deadline: float) -> None:
        """Waits until the pipe is empty and its last content passed on, or the deadline has come."""
        while (patience := deadline - time.monotonic()) > 0 and self._at_work.acquire(timeout=patience):
            try:
                if self._closed or not _readable_bytes(self._descriptor):
                    return
            finally:
                self._at_work.release()
            time.sleep(0.001)

    def _forward(self) -> None:
        arrival = select.poll()
        arrival.register(self._descriptor, select.POLLIN)
        spent = time.thread_time()
        with open(self._descriptor, "rb", buffering=0) as pipe:
            while not self._closed:
                arrival.poll()
                with self._at_work:
                    self._closed = not self._pass_on(pipe.read(_CHUNK_BYTES))
                before, spent = spent, time.thread_time()
                self._meter.charge(spent - before)

    def _pass_on(self, data: bytes) -> bool:
        admitted = self._meter.admit(len(data))
        if not data or not admitted:
            return False
        try:
            if self.failure is None:
                self._sink(data[:admitted])
        except Exception as error:
            # The pipe stays open, so that the guest finds no fault in its writing that it would complain of.
            self.failure = error
            self._lost(error)
        return admitted == len(data)


def _readable_bytes(descriptor: int) -> int:
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)
