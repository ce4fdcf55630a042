"""Where a guest's standard output and standard error go.

A sink gets them through a pipe that a thread of ours reads. wasmtime could call back instead, but it does so on threads
of its own that may still run when Python ends, and that takes the process down.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

import wasmtime

Sink = Callable[[bytes], object]
"""Takes what a guest wrote, in order, on a thread of its own. When it raises, the guest's later writes fail."""

_log = logging.getLogger(__name__)
_CHUNK_BYTES = 65536


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
    """Connects one guest's output streams with their sinks; without a sink for it, standard output is the host's."""

    def __init__(self, output: Sink | None, error: Sink) -> None:
        self._output = output
        self._error = error
        self._readers: list[threading.Thread] = []

    def connect(self, config: wasmtime.WasiConfig) -> None:
        """Makes the streams the guest's."""
        if self._output is None:
            config.inherit_stdout()
        else:
            self._pipe("stdout_file", config, self._output)
        self._pipe("stderr_file", config, self._error)

    def drain(self) -> None:
        """Waits until the sinks have everything. The guest's store must be closed by then, or this never returns."""
        for reader in self._readers:
            reader.join()

    def _pipe(self, stream: str, config: wasmtime.WasiConfig, sink: Sink) -> None:
        read_end, write_end = os.pipe()
        reader = threading.Thread(target=_forward, args=(read_end, sink), name=f"guest {stream}", daemon=True)
        self._readers.append(reader)
        reader.start()
        try:
            # Opened by name, the pipe gets a descriptor that belongs to the guest's store and is closed with it.
            setattr(config, stream, f"/proc/self/fd/{write_end}")
        finally:
            os.close(write_end)


def _forward(descriptor: int, sink: Sink) -> None:
    with open(descriptor, "rb", buffering=0) as pipe:
        while data := pipe.read(_CHUNK_BYTES):
            try:
                sink(data)
            except Exception as error:
                _log.error("the output of a guest could not be passed on: %s", type(error).__name__)
                return
