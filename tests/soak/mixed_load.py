"""The mixed load: `mixed_load.py SECONDS FOLDER COMPONENT DISK`, run by the test as a process of its own.

The load goes on in rounds. In each, every lane runs guests one after the other until the time is over; then all is
quiet, and the memory, threads and files of the process are looked at. DISK is `small` where the folder `state` is a
file system that may be filled up. The figures are printed as JSON, with everything that should not have happened.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import json
import logging
import os
import random
import resource
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import wasmtime
from faults import FullDisk, SteppedClock
from workers import HOSTILE, Load, allocate, compute, converse, misbehave, read, simple, write, write_and_be_killed

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.storage import Storages
from elastic_hal.reference_impl.verify import AppraisalPolicy, Verdict, verify
from elastic_hal.runtime.cache import default_cache_dir
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.storage_grants import ContainerGrant

ROUND_SECONDS = 10.0
_PATIENCE_SECONDS = 300.0
_TRAP = """(component
    (core module $m (func (export "run") (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $run (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $run)))"""
_POLICY = """version = 1
[workload.killed]
sealing = true
[workload.killed.containers]
keys = { rights = ["read", "write", "list", "delete"] }
ledger = { rights = ["read", "write", "list", "delete"] }
"""
WRITERS = ("plain", "anchored", "killed")

Lane = Callable[[], None]


def main(seconds: float, folder: Path, component: Path, disk: str) -> None:
    begin = time.monotonic()
    logging.disable(logging.ERROR)
    clock = SteppedClock()
    clock.install()
    state = folder / "state"
    policy = folder / "policy.toml"
    policy.write_text(_POLICY)
    engine = Engine(default_cache_dir())
    platform = platforms.load("simulated", state_directory=state / "simulated")
    load = Load(
        engine,
        ReferenceHost(platform, state=state),
        engine.load(component),
        engine.compile(bytes(wasmtime.wat2wasm(_TRAP)), "trap"),
        component,
        state,
        policy,
    )
    for name in WRITERS:
        _first_key(load, name)
    full = FullDisk(state) if disk == "small" else None
    load.disk_fills = full is not None
    lulls = [_lull()]
    rounds = max(2, round(seconds / ROUND_SECONDS))
    for _ in range(rounds):
        _round(load, clock, full, seconds / rounds)
        _check_everything(load)
        for ledger in load.ledgers.values():
            ledger.settle()
        lulls.append(_lull())
    left = _left_in_storage(load)
    load.host.storages.close()
    figures = {
        "seconds": round(time.monotonic() - begin, 1),
        "rounds": rounds,
        "guests": dict(sorted(load.counts.items())),
        "acknowledged": {name: ledger.acknowledged for name, ledger in load.ledgers.items()},
        "refused": {name: dict(ledger.refused) for name, ledger in load.ledgers.items()},
        "kills": load.counts["killed: in the middle of writing"],
        "times_the_disk_was_full": full.times if full else 0,
        "clock_steps": clock.times,
        "left_in_storage": left,
        **{name: [lull[name] for lull in lulls] for name in lulls[0]},
        "problems": load.problems,
    }
    print(json.dumps(figures))


def _first_key(load: Load, name: str) -> None:
    """Has the container and its key made while all is well; a policy grants the same for a process of its own."""
    write(load, name, 1, 1)


def _round(load: Load, clock: SteppedClock, full: FullDisk | None, seconds: float) -> None:
    until = time.monotonic() + seconds
    looks = []
    hostile = itertools.cycle(random.sample(list(HOSTILE), len(HOSTILE)))
    lanes: dict[str, Lane] = {
        "write": lambda: write(load, "plain", 40, 12),
        "write anchored": lambda: write(load, "anchored", 40, 3),
        "read": lambda: looks.extend(("plain", *look) for look in read(load, "plain", 3)),
        "read anchored": lambda: looks.extend(("anchored", *look) for look in read(load, "anchored", 3)),
        "killed": lambda: write_and_be_killed(load, "killed"),
        "converse": lambda: converse(load, 200, early=random.random() < 0.3),
        "compute": lambda: compute(load, 20),
        "allocate": lambda: allocate(load),
        "attest": lambda: _attest(load, clock),
        "hostile": lambda: misbehave(load, next(hostile)),
    }
    over = threading.Event()
    faults = [threading.Thread(target=fault.run, args=(over,)) for fault in (clock, full) if fault is not None]
    threads = [threading.Thread(target=_go_on, args=(load, name, lane, until)) for name, lane in lanes.items()]
    for thread in (*faults, *threads):
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE_SECONDS)
        if thread.is_alive():
            load.problem("a lane is stuck")
    over.set()
    for thread in faults:
        thread.join()
    for name, snapshot, found in looks:
        load.problems += [f"read {name}: {fault}" for fault in snapshot.faults(found)]


def _go_on(load: Load, name: str, lane: Lane, until: float) -> None:
    """Runs a lane at least once, and then until the time is over."""
    try:
        while True:
            lane()
            if time.monotonic() >= until:
                return
    except BaseException as error:
        load.problem(f"{name}: {type(error).__name__}: {error}")


def _check_everything(load: Load) -> None:
    """All that was acknowledged must be there, when nobody writes."""
    for name in WRITERS:
        for snapshot, found in read(load, name, 1) or [(None, None)]:
            if snapshot is None:
                load.problem(f"{name}: cannot be read when all is quiet")
            else:
                load.problems += [f"{name}, when all is quiet: {fault}" for fault in snapshot.faults(found)]


def _left_in_storage(load: Load) -> int:
    """How many versions that nobody wants, and pins of nobody, there are when all is quiet. Whoever opens the storage
    removes those of the dead; what a full disk did not let go goes with the next change.
    """
    Storages(load.state).of(ContainerGrant("any", frozenset({"read"}))).close()
    write(load, "plain", 1, 1)
    with closing(sqlite3.connect(load.state / "storage" / "objects.db")) as database:
        (versions,) = database.execute("SELECT count(*) FROM versions WHERE state <> 1").fetchone()
        (pins,) = database.execute("SELECT count(*) FROM pins").fetchone()
    return int(versions) + int(pins)


def _attest(load: Load, clock: SteppedClock) -> None:
    """Evidence must verify at the time that the platform believes it is; not where the clock was set meanwhile."""
    nonce, steps, at = secrets.token_bytes(32), clock.times, clock.now()
    said = simple(load, "attest", Grant(attestation=frozenset({"workload"})), nonce.hex())
    anchors = [load.host.platform.root_certificate]
    policy = AppraisalPolicy(allow_simulated=True, allow_debug=True)
    appraisal = verify(bytes.fromhex(said[0][1]), anchors=anchors, nonce=nonce, policy=policy, at=at)
    # Nothing is valid before the root was made.
    if clock.times == steps and at >= load.host.platform.root_certificate.not_valid_before_utc:
        load.count(f"evidence: {appraisal.verdict.value}")
        if appraisal.verdict is not Verdict.PASS:
            load.problem(f"attest, {clock.offset / 10**9:.0f} s from now: {appraisal.reason}")


class _AllocatorFigures(ctypes.Structure):
    """`struct mallinfo2` of glibc: ten numbers, of which the fifth and the eighth are bytes given out."""

    _fields_ = (
        *((f"unused_{place}", ctypes.c_size_t) for place in range(4)),
        ("mapped", ctypes.c_size_t),
        *((f"unused_{place}", ctypes.c_size_t) for place in range(4, 6)),
        ("in_arenas", ctypes.c_size_t),
        *((f"unused_{place}", ctypes.c_size_t) for place in range(6, 8)),
    )


def _lull() -> dict[str, float]:
    """What this process has of the machine while no guest runs.

    Memory in three ways: the pages that are resident, which is what the machine sees, and which the allocator keeps
    some more of while its arenas fill up; what the allocator has given out; and how many blocks Python's own has.
    """
    gc.collect()
    library = ctypes.CDLL(None)
    library.malloc_trim(0)
    library.mallinfo2.restype = _AllocatorFigures
    given = library.mallinfo2()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return {
        "rss_mib": round(pages * resource.getpagesize() / 2**20, 1),
        "allocated_mib": round((given.mapped + given.in_arenas) / 2**20, 2),
        "python_blocks": sys.getallocatedblocks(),
        "threads": len(os.listdir("/proc/self/task")),
        "files": len(os.listdir("/proc/self/fd")),
    }


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
