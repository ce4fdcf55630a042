"""Runs the parts of CI side by side, and ends with one line that counts what passed and what failed.

Two cores have two parts at a time; more have more. Parts that need the guests of the suite wait for the one that
builds them first: guests and compiled code are in a cache that all parts share. Each part has a log in `build/ci`; that
of a part that fails is printed. With names as arguments, only these parts are run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOGS = REPOSITORY / "build" / "ci"
PYTHON, ELASTIC_HAL = ".venv/bin/python", ".venv/bin/elastic-hal"
LIMIT_SECONDS = 45 * 60
HEARTBEAT_SECONDS = 60
MAX_PRINTED = 60_000
SUMMARY = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.:]+s?.*$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One command. `after` names parts that must have ended before, well or not."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()


@dataclass
class Ended:
    """How a part ended."""

    part: Part
    status: int
    seconds: float
    passed: int
    failed: int


GUEST_TESTS = ("tests/cli", "tests/codegen_targets", "tests/guest_sdk", "tests/new_family", "tests/object_storage")
"""Tests that spend most of their time building guests; the others are the second half."""

CAN_EMULATE = Path("/dev/fuse").exists() and shutil.which("fusermount3") is not None
"""Whether SEV-SNP and TDX can be emulated here, by FUSE. Elsewhere the suite runs on the simulated platform."""

PARTS = (
    Part("tests", (PYTHON, "-m", "pytest", *(f"--ignore={folder}" for folder in GUEST_TESTS))),
    Part("platforms", (ELASTIC_HAL, "conformance", *(["platforms"] if CAN_EMULATE else ["run"]))),
    Part("mutants", (ELASTIC_HAL, "conformance", "mutants"), after=("platforms",)),
    Part("tests with guests", (PYTHON, "-m", "pytest", *GUEST_TESTS)),
    Part("demo", ("make", "demo"), after=("platforms",)),
    Part(
        "commands of docs",
        (PYTHON, "-m", "pytest", "--docs", "-m", "docs_run", "tests/docs_commands"),
        after=("platforms", "demo"),
    ),
    Part("check", ("make", "check")),
)


@dataclass
class Run:
    """The parts that wait, run and have ended; `change` guards all of it."""

    waiting: list[Part]
    running: dict[str, float] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    groups: set[int] = field(default_factory=set)
    change: threading.Condition = field(default_factory=threading.Condition)

    def work(self) -> None:
        """Runs one part after another, until none is left."""
        while (part := self._next()) is not None:
            began = time.monotonic()
            status = self._run(part)
            result = Ended(part, status, time.monotonic() - began, *_counts(part, status))
            with self.change:
                del self.running[part.name]
                self.ended.append(result)
                self.change.notify_all()
            _say(f"{'passed' if status == 0 else 'FAILED'}: {part.name} in {_time(result.seconds)}")

    def _next(self) -> Part | None:
        with self.change:
            while self.waiting:
                open_names = {part.name for part in self.waiting} | set(self.running)
                for part in self.waiting:
                    if not open_names & set(part.after):
                        self.waiting.remove(part)
                        self.running[part.name] = time.monotonic()
                        return part
                self.change.wait()
            return None

    def _run(self, part: Part) -> int:
        with _log(part).open("wb") as sink:
            process = subprocess.Popen(
                part.command,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.groups.add(process.pid)
            try:
                return process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                sink.write(f"\nended after {LIMIT_SECONDS} s\n".encode())
                return 124
            finally:
                _end(process.pid)
                process.wait()
                self.groups.discard(process.pid)


def main(names: list[str]) -> int:
    """Runs all parts, or those with these names."""
    unknown = set(names) - {part.name for part in PARTS}
    if unknown:
        print(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(part.name for part in PARTS)}")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    if not CAN_EMULATE:
        _say("there is no FUSE: the suite runs on the simulated platform alone")
    run = Run([part for part in PARTS if not names or part.name in names])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lanes = [threading.Thread(target=run.work, daemon=True) for _ in range(max(2, os.cpu_count() or 1))]
    began = time.monotonic()
    try:
        for lane in lanes:
            lane.start()
        _wait(run, lanes)
    finally:
        for group in tuple(run.groups):
            _end(group)
    for result in run.ended:
        if result.status != 0:
            _print_log(result)
    _say(f"all parts in {_time(time.monotonic() - began)}")
    for result in run.ended:
        print(f"  {result.part.name:<18} {_time(result.seconds):>6}  {result.passed} passed, {result.failed} failed")
    passed, failed = sum(result.passed for result in run.ended), sum(result.failed for result in run.ended)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _wait(run: Run, lanes: list[threading.Thread]) -> None:
    """Waits for the lanes, and says now and then what is running: some runners take silence for a hang."""
    spoke = time.monotonic()
    while any(lane.is_alive() for lane in lanes):
        for lane in lanes:
            lane.join(1)
        if time.monotonic() - spoke >= HEARTBEAT_SECONDS:
            spoke = time.monotonic()
            with run.change:
                _say("running: " + ", ".join(f"{name} {_time(spoke - began)}" for name, began in run.running.items()))


def _counts(part: Part, status: int) -> tuple[int, int]:
    """Passed and failed: of a part that runs pytest, what its last line says; any other part counts as one."""
    found = SUMMARY.findall(_log(part).read_text(encoding="utf-8", errors="replace"))
    if "pytest" not in part.command or not found:
        return (1, 0) if status == 0 else (0, 1)
    counts = {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", found[-1])}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return counts.get("passed", 0), max(failed, 0 if status == 0 else 1)


def _print_log(result: Ended) -> None:
    text = _log(result.part).read_text(encoding="utf-8", errors="replace")
    left_out = max(0, len(text) - MAX_PRINTED)
    print(f"\n{'=' * 20} {result.part.name}: left with {result.status} {'=' * 20}")
    if left_out:
        print(f"[the first {left_out} characters are in {_log(result.part)}]")
    print(text[left_out:], flush=True)


def _log(part: Part) -> Path:
    return LOGS / f"{part.name.replace(' ', '-')}.log"


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(50):
            time.sleep(0.1)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _say(text: str) -> None:
    print(f"[ci] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
