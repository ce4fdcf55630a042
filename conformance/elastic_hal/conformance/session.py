"""Runs the cases of one guest through an adapter and keeps what was observed; judging it is the business of `judge`.

Many cases share one process where the adapter has a batch command: it reads a JSON array of guest arguments a line,
runs each in a fresh instance, and prints `{"batch-exit": code}` after each. A process that hangs or dies is replaced
for the cases that remain. Without a batch command each case has a process of its own.

A case's own time does not count loading the component. A time that the user gives does, where every case loads it
anew: it is what a case may take in all. A runtime that hangs while it loads is not waited for again and again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.adapter import Adapter
from elastic_hal.conformance.events import parse_event
from elastic_hal.conformance.process import LONGEST_LINE, Running, RuntimeProcess

START_SECONDS = 180.0
MAX_HUNG_STARTS = 2
MOST_LINES = 20_000
MOST_BYTES = 16 * 1024 * 1024
SETTLE_SECONDS = 5.0
STDERR_SECONDS = 0.02  # the reason of a trap comes on another pipe, perhaps a moment later


@dataclass(slots=True)
class Observation:
    """What came out of one instance. `exit_code` is None where it did not end by itself."""

    command: tuple[str, ...]
    events: list[dict[str, Any]] = field(default_factory=list)
    garbage: str | None = None
    exit_code: int | None = None
    timed_out: bool = False
    runtime_died: bool = False
    never_began: bool = False
    not_run: str | None = None
    overflow: bool = False
    seconds: float = 0.0
    stderr: str = ""


def observe_cases(
    adapter: Adapter,
    component: Path,
    cases: Sequence[SuiteCase],
    timeout: float | None = None,
    running: Running | None = None,
) -> Iterator[tuple[SuiteCase, Observation]]:
    """Runs each case in a fresh instance, in order. `timeout` replaces the cases' own."""
    running = running or Running()
    batch = adapter.batch_argv(component)
    hung = 0
    session = None if batch is None else _Batch(adapter, component, batch, running)
    try:
        for case in cases:
            arguments = ["--case", case.id]
            if hung >= MAX_HUNG_STARTS:
                reason = f"not run, because the runtime hung while it started, {hung} times for this guest"
                yield case, Observation(adapter.argv(component, arguments), not_run=reason)
                continue
            if session is None:
                seen = observe_once(adapter, component, arguments, timeout, case.timeout, running)
            else:
                seen = session.observe(arguments, timeout or case.timeout)
            # With a time of the user's, nothing waits long: no case is left out.
            hung = hung + 1 if seen.never_began and (timeout is None or session is not None) else 0
            yield case, seen
    finally:
        if session is not None:
            session.close()


def observe_question(
    adapter: Adapter,
    component: Path,
    arguments: Sequence[str],
    timeout: float | None,
    own: float,
    running: Running | None = None,
) -> Observation:
    """Runs a component once; its `own` time, which does not count loading it, is replaced by `timeout`, the user's."""
    running = running or Running()
    batch = adapter.batch_argv(component)
    if batch is None:
        return observe_once(adapter, component, arguments, timeout, own, running)
    session = _Batch(adapter, component, batch, running)
    try:
        return session.observe(arguments, timeout or own)
    finally:
        session.close()


def observe_once(
    adapter: Adapter,
    component: Path,
    arguments: Sequence[str],
    timeout: float | None,
    own: float,
    running: Running | None = None,
) -> Observation:
    """Runs a component once in a process of its own, for `timeout` seconds in all; without it, for its `own` time from
    its first word on.
    """
    running = running or Running()
    observation = Observation(adapter.argv(component, arguments))
    started = time.monotonic()
    process = running.start(observation.command)
    try:
        process.end_input()
        first = started + (START_SECONDS if timeout is None else timeout)
        ended = _collect(process, observation, first, batch=False, after_first=own if timeout is None else None)
        if ended:
            observation.exit_code = process.wait(time.monotonic() + SETTLE_SECONDS)
    finally:
        code = running.end(process)
    observation.never_began = observation.timed_out and not observation.events
    observation.runtime_died = observation.exit_code is not None and code < 0
    observation.seconds = time.monotonic() - started
    observation.stderr = process.stderr_tail()
    return observation


class _Batch:
    """One process for many cases, replaced when it breaks."""

    def __init__(self, adapter: Adapter, component: Path, argv: tuple[str, ...], running: Running) -> None:
        self._running = running
        self._adapter = adapter
        self._component = component
        self._argv = argv
        self._process: RuntimeProcess | None = None

    def observe(self, arguments: Sequence[str], seconds: float) -> Observation:
        observation = Observation(self._adapter.argv(self._component, arguments))
        process = self._started(observation)
        if process is None:
            return observation
        started = time.monotonic()
        said_before = process.stderr_size
        process.write_line(json.dumps(list(arguments)))
        ended = _collect(process, observation, started + seconds, batch=True)
        observation.seconds = time.monotonic() - started
        if observation.exit_code != 0:
            time.sleep(STDERR_SECONDS)
            observation.stderr = process.stderr_tail(said_before)
        if not ended or observation.exit_code is None:
            self._abandon(process, observation, died=ended)
        return observation

    def close(self) -> None:
        """Lets the process end by itself, and ends it where it does not."""
        if self._process is not None:
            self._process.end_input()
            self._process.wait(time.monotonic() + SETTLE_SECONDS)
            self._running.end(self._process)
            self._process = None

    def _started(self, observation: Observation) -> RuntimeProcess | None:
        """The running process. A new one lists its cases first, because loading a component may take long."""
        if self._process is not None:
            return self._process
        process = self._process = self._running.start(self._argv)
        process.write_line(json.dumps(["--list"]))
        listing = Observation(self._argv)
        started = time.monotonic()
        ended = _collect(process, listing, started + START_SECONDS, batch=True)
        observation.seconds = time.monotonic() - started
        if ended and listing.exit_code is not None:
            return process
        observation.events, observation.garbage = listing.events, listing.garbage
        observation.timed_out, observation.overflow = listing.timed_out, listing.overflow
        observation.never_began = listing.timed_out
        self._abandon(process, observation, died=ended)
        return None

    def _abandon(self, process: RuntimeProcess, observation: Observation, *, died: bool) -> None:
        observation.runtime_died = died
        self._running.end(process)
        observation.stderr = process.stderr_tail()
        self._process = None


def _collect(
    process: RuntimeProcess,
    observation: Observation,
    deadline: float,
    *,
    batch: bool,
    after_first: float | None = None,
) -> bool:
    """Reads until the instance has ended; False where time or bounds ran out. A batch line sets the exit code.
    `after_first` seconds replace the deadline once something was said.
    """
    lines = size = 0
    while True:
        try:
            raw = process.read_line(deadline)
        except TimeoutError:
            observation.timed_out = True
            return False
        if raw is None:
            return True
        if lines == 0 and after_first is not None:
            deadline = time.monotonic() + after_first
        lines += 1
        size += len(raw)
        if lines > MOST_LINES or size > MOST_BYTES or len(raw) > LONGEST_LINE:
            observation.overflow = True
            return False
        event = parse_event(raw)
        if event is None:
            observation.garbage = observation.garbage or raw[:200].decode(errors="replace").rstrip("\n")
        elif batch and "batch-exit" in event:
            code = event["batch-exit"]
            observation.exit_code = code if type(code) is int else -1
            return True
        else:
            observation.events.append(event)
