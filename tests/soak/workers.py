"""Runs guests of the mixed load, in this process or in one of its own, and judges what they say and how they end."""

from __future__ import annotations

import dataclasses
import itertools
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import Ledger, Snapshot

from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.group import Group
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.policy import Grant, ResourceGrant
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant
from elastic_hal.runtime.workload import Workload

PATIENCE_SECONDS = 120.0
"""No guest of the load needs that long; one that takes longer is stuck."""
_FULL_DISK = frozenset({"limit-exceeded"})
_BOX_RIGHTS = frozenset(CONTAINER_RIGHTS)


class Lines:
    """Collects output, and gives it on in whole lines, as words."""

    def __init__(self, take: Any) -> None:
        self._take = take
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + bytes(data)).split(b"\n")
        for line in lines:
            self._take(line.decode().split())


@dataclass
class Load:
    """What all lanes share. `problems` is what should not have happened."""

    engine: Engine
    host: ReferenceHost
    component: LoadedComponent
    trap: LoadedComponent
    component_path: Path
    state: Path
    policy: Path
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    disk_fills: bool = False
    numbers: Any = field(default_factory=lambda: itertools.count(1, 1000))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)

    def count(self, what: str, times: int = 1) -> None:
        with self.lock:
            self.counts[what] += times

    def ledger(self, name: str) -> Ledger:
        with self.lock:
            return self.ledgers.setdefault(name, Ledger())

    def workload(self, name: str, grant: Grant, *arguments: str, component: LoadedComponent | None = None) -> Workload:
        """A guest whose standard error goes nowhere: what it says there is in the outcome."""
        component = component or self.component
        identity = Identity(name, component.digest)
        return Workload(
            self.engine, component, identity, grant, link=self.host.link, arguments=arguments, error=lambda _data: None
        )

    def refused(self, lane: str, case: str) -> None:
        """A refusal that a full disk explains, or a problem."""
        self.count(f"{lane}: {case}")
        if not (self.disk_fills and case in _FULL_DISK):
            self.problem(f"{lane}: refused with {case}")

    def ended(self, lane: str, outcome: Outcome, said: list[list[str]]) -> bool:
        """Whether a guest came to its end in order, or at least was refused for a reason that was to be expected."""
        self.count(f"{lane}: {'ok' if outcome.succeeded else outcome.reason}")
        if outcome.succeeded:
            return True
        cases = [words[1] for words in said if words[0] == "error"]
        if cases:
            self.refused(lane, cases[0])
        else:
            self.problem(f"{lane}: {outcome.reason}: {outcome.message}: {outcome.standard_error[-1500:]}")
        return False


def storage_grant(*, anchored: bool) -> Grant:
    containers = tuple(ContainerGrant(name, _BOX_RIGHTS, anchored=anchored) for name in ("keys", "ledger"))
    return Grant(sealing=True, containers=containers, limits=Limits(deadline_seconds=PATIENCE_SECONDS))


def write(load: Load, name: str, count: int, largest: int) -> None:
    """A writer in this process."""
    ledger, said = load.ledger(name), []

    def take(words: list[str]) -> None:
        if words[0] == "failed":
            load.refused("write", words[2])
        if not ledger.line(words):
            said.append(words)

    seed, first = random.getrandbits(32), next(load.numbers)
    grant = storage_grant(anchored=name == "anchored")
    workload = load.workload(name, grant, "write", str(seed), str(first), str(count), str(largest))
    load.ended("write", dataclasses.replace(workload, output=Lines(take)).run(), said)


def read(load: Load, name: str, times: int) -> list[tuple[Snapshot, dict[str, str]]]:
    """A reader of what a writer of the same name has written; gives what it found, to be judged when the writer is
    done.
    """
    looks: list[tuple[Snapshot, dict[str, str]]] = []
    said: list[list[str]] = []
    found: dict[str, str] = {}
    before = load.ledger(name).snapshot()

    def take(words: list[str]) -> None:
        nonlocal found
        match words:
            case ["has", at, number]:
                found[at] = number
            case ["looked"]:
                looks.append((before, found))
                found = {}
            case _:
                said.append(words)

    workload = load.workload(name, storage_grant(anchored=name == "anchored"), "read", str(times))
    load.ended("read", dataclasses.replace(workload, output=Lines(take)).run(), said)
    return looks


def write_and_be_killed(load: Load, name: str) -> None:
    """A writer in a process of its own, killed at any instant after its first change began."""
    ledger = load.ledger(name)
    command = [sys.executable, "-m", "elastic_hal.cli", "run", str(load.component_path), "--name", name]
    command += ["--policy", str(load.policy), "--state", str(load.state), "--"]
    command += ["write", str(random.getrandbits(32)), str(next(load.numbers)), "900", "6"]
    said: list[list[str]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        killer = threading.Timer(PATIENCE_SECONDS, process.kill)
        killer.start()
        armed = False

        def line(words: list[str]) -> None:
            if words[0] == "failed":
                load.refused("killed", words[2])
            if not ledger.line(words):
                said.append(words)

        take = Lines(line)
        while data := process.stdout.read1():
            if not armed and b"begin" in data:
                armed = True
                threading.Timer(random.uniform(0.0, 0.3), process.kill).start()
            take(data)
        code, error = process.wait(), process.stderr.read().decode()
        killer.cancel()
    for words in said:
        if words[0] == "error":
            load.refused("killed", words[1])
            return
    if code == -9 and armed:
        load.count("killed: in the middle of writing")
    elif not (load.disk_fills and "No space left" in error):
        load.problem(f"killed: ended by itself with code {code}: {said[-3:]} {error[-1500:]}")


def converse(load: Load, messages: int, *, early: bool) -> None:
    """Two guests and a channel; with `early` the receiver goes away half-way."""
    seed, wanted = str(random.getrandbits(32)), messages // 2 if early else messages
    said: list[list[str]] = []
    limits = Limits(deadline_seconds=PATIENCE_SECONDS)
    ends = {
        "sends": ("send", messages, ChannelGrant("data", "receives", True)),
        "receives": ("receive", wanted, ChannelGrant("data", "sends", False)),
    }
    workloads = [
        dataclasses.replace(
            load.workload(name, Grant(channels=(end,), limits=limits), role, str(count), seed),
            output=Lines(said.append),
        )
        for name, (role, count, end) in ends.items()
    ]
    for each in Group(workloads).run():
        load.ended("converse", each.outcome, said)
    if ["received", str(wanted)] not in said:
        load.problem(f"converse: {said} instead of {wanted} received")
    load.count("messages", wanted)
    load.host.forget_channels()


def compute(load: Load, rounds: int) -> None:
    said = simple(load, "compute", Grant(), str(rounds))
    if said != [["refused", "verification-failed"]] * (2 * rounds):
        load.problem(f"compute: {said[:3]}")


def allocate(load: Load) -> None:
    grant = Grant(limits=Limits(64 << 20, deadline_seconds=PATIENCE_SECONDS), resources=ResourceGrant(160 << 20, 1000))
    said = simple(load, "allocate", grant)
    if said != [["refused", "limit-exceeded"]] * 2:
        load.problem(f"allocate: {said}")


def simple(load: Load, role: str, grant: Grant, *arguments: str) -> list[list[str]]:
    """One guest of that role, which is not refused anything that it does not ask to be refused."""
    said: list[list[str]] = []
    workload = dataclasses.replace(load.workload(role, grant, role, *arguments), output=Lines(said.append))
    load.ended(role, workload.run(), said)
    return said


HOSTILE = {
    "trap": "trapped",
    "loop": "deadline",
    "wait": "deadline",
    "bomb": "memory",
    "flood": "exited",
    "recurse": "exited",
}
"""What hostile guests do, and how each must end: the flood is refused with a typed error, the recursion by Python."""


def misbehave(load: Load, role: str) -> None:
    """A hostile guest, which must be stopped for the right reason, in time."""
    seconds = 0.4 if HOSTILE[role] == "deadline" else PATIENCE_SECONDS
    limits = Limits(memory_bytes=64 << 20, deadline_seconds=seconds, handles=500)
    grant = Grant(limits=limits, channels=(ChannelGrant("silence", "nobody", False),))
    component = load.trap if role == "trap" else load.component
    begin = time.monotonic()
    said: list[list[str]] = []
    workload = load.workload(f"hostile-{role}", grant, role, component=component)
    outcome = dataclasses.replace(workload, output=Lines(said.append)).run()
    load.count(f"hostile {role}: {outcome.reason}")
    if outcome.reason != HOSTILE[role]:
        load.problem(f"hostile {role}: {outcome.reason} instead of {HOSTILE[role]}: {outcome.message}")
    if role == "flood" and said != [["error", "limit-exceeded"]]:
        load.problem(f"hostile flood: {said} {outcome.standard_error}")
    if role == "recurse" and "RecursionError" not in outcome.standard_error:
        load.problem(f"hostile recurse: {outcome.standard_error}")
    if time.monotonic() - begin > PATIENCE_SECONDS:
        load.problem(f"hostile {role}: stopped only after {time.monotonic() - begin:.0f} s")
