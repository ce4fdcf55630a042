"""Compiles components so that it comes to an end.

wasmtime compiles for as long as it takes, in native code that nobody can stop. So a component of any size is compiled
in a process of its own, which has a bound of CPU time, of memory and of wall time, and which is killed when the wait
for it is interrupted. Small ones are compiled here: they cannot take long, and most of their time would be that
process's start.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.common.quantities import format_size
from elastic_hal.common.text import shown
from elastic_hal.runtime import errors
from elastic_hal.runtime.apart import apart
from elastic_hal.runtime.bridged import compile_guest
from elastic_hal.runtime.errors import ComponentError, LoadingError, UnlinkableImportError

MAX_CPU_SECONDS: Final = 180
"""Ten times what the largest guests take on an ordinary machine."""
MAX_WALL_SECONDS: Final = 900
MAX_MEMORY_BYTES: Final = 16 * 1024**3
"""Of address space, of which compilers reserve much more than they use."""

_SMALL_BYTES = 16 * 1024
_MAX_SAID = 500


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What the compilation of one component may take."""

    cpu_seconds: int = MAX_CPU_SECONDS
    wall_seconds: float = MAX_WALL_SECONDS
    memory_bytes: int = MAX_MEMORY_BYTES


def compiled_within(
    engine: wasmtime.Engine, content: bytes, name: str, *, bridge: bool, limits: LoadLimits
) -> wasm_component.Component:
    """Compile a component, together with an adapter if it has a use for one and `bridge` says so.

    Raises:
        LoadingError: it takes more than it may.
        ComponentError: it is no valid component.
    """
    if len(content) <= _SMALL_BYTES or not sys.executable:
        return apart(lambda: compile_guest(engine, content, name, bridge=bridge), f"compilation of {name}")
    with _memory_file("component") as source, _memory_file("compiled") as target, _lifeline() as (alive, cut):
        with open(source, "wb", closefd=False) as file:
            file.write(content)
        job = {
            "name": name,
            "bridge": bridge,
            "source": source,
            "target": target,
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
        }
        answer = apart(lambda: _run(job, alive, limits), f"compilation of {name}", cut)
        _pass_on(answer)
        return wasm_component.Component.deserialize_file(engine, f"/proc/self/fd/{target}")


@contextmanager
def _lifeline() -> Iterator[tuple[int, Callable[[], None]]]:
    """A descriptor at which another process sees that this one has ended, or that it is not wanted any more."""
    alive, ours = os.pipe()
    cut = contextlib.ExitStack()
    cut.callback(os.close, ours)
    try:
        yield alive, cut.close
    finally:
        cut.close()
        os.close(alive)


@contextmanager
def _memory_file(name: str) -> Iterator[int]:
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _run(job: dict[str, Any], alive: int, limits: LoadLimits) -> dict[str, Any]:
    """Have another process do a job, and return what it says about it."""
    name = job["name"]
    command = [sys.executable, "-P", "-m", "elastic_hal.runtime.compiling_process", json.dumps(job)]
    paths = os.pathsep.join(path for path in sys.path if os.path.isabs(path))
    with subprocess.Popen(
        command,
        stdin=alive,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
        pass_fds=(job["source"], job["target"]),
        start_new_session=True,  # Ctrl-C at a terminal is for this process, which then ends that one
    ) as process:
        try:
            said, complaints = process.communicate(timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            raise _too_long(name, f"{limits.wall_seconds:g} seconds") from None
        finally:
            process.kill()
    if process.returncode == -signal.SIGXCPU or (process.returncode == -signal.SIGKILL and not said):
        raise _too_long(name, f"{limits.cpu_seconds} seconds of CPU time")
    if process.returncode != 0:
        last = complaints.decode(errors="replace").strip().rpartition("\n")[2]
        raise LoadingError(
            f"{name}: the process that compiles this component ended with {process.returncode}"
            f"{f': {shown(last, _MAX_SAID)}' if last else ''}",
            f"it may use {format_size(limits.memory_bytes)} of memory",
        )
    answer: dict[str, Any] = json.loads(said)
    return answer


def _too_long(name: str, time: str) -> LoadingError:
    return LoadingError(
        f"{name}: compiling this component takes more than {time}, and is given up",
        "is it much larger than others, or made to be slow? Build it in several components",
    )


def _pass_on(answer: dict[str, Any]) -> None:
    """Log what the other process logged, and raise what it raised."""
    for logger, level, text in answer["log"]:
        logging.getLogger(logger).log(level, "%s", text)
    failure = answer["failure"]
    if failure is None:
        return
    if failure["kind"] == UnlinkableImportError.__name__:
        raise UnlinkableImportError(failure["message"], failure["hint"], tuple(failure["imports"]))
    kind: type[ComponentError] = getattr(errors, failure["kind"])
    raise kind(failure["message"], failure["hint"])
