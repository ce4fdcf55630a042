"""A workload that opens as many files as it can ends, and takes nothing of the host with it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from elastic_hal.runtime.descriptors import DescriptorGuard, DescriptorsExhaustedError, needed_for, reserved

# Opens a file of its directory over and over and keeps what it gets, then goes on for ever.
HOARDER = """(component
    (import "wasi:filesystem/types@0.2.9" (instance $fs
        (export "descriptor" (type $d (sub resource)))
        (type $pf0 (flags "symlink-follow")) (export "path-flags" (type $pf (eq $pf0)))
        (type $of0 (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $of (eq $of0)))
        (type $df0 (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
            "mutate-directory"))
        (export "descriptor-flags" (type $df (eq $df0)))
        (type $e0 (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
            "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
            "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
            "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty"
            "no-such-device" "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy"
            "cross-device"))
        (export "error-code" (type $e (eq $e0)))
        (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $pf)
            (param "path" string) (param "open-flags" $of) (param "flags" $df)
            (result (result (own $d) (error $e)))))))
    (alias export $fs "descriptor" (type $d))
    (import "wasi:filesystem/preopens@0.2.9" (instance $preopens
        (export "descriptor" (type $same (eq $d)))
        (export "get-directories" (func (result (list (tuple (own $same) string)))))))
    (core module $memory (memory (export "m") 1) (data (i32.const 100) "file") (global $n (mut i32) (i32.const 1024))
        (func (export "r") (param i32 i32 i32 i32) (result i32)
            (global.get $n)
            (global.set $n
                (i32.and (i32.add (i32.add (global.get $n) (local.get 3)) (i32.const 7)) (i32.const -8)))))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "m" (core memory $m))
    (alias core export $memory "r" (core func $r))
    (core func $dirs (canon lower (func $preopens "get-directories") (memory $m) (realloc $r)))
    (core func $open (canon lower (func $fs "[method]descriptor.open-at") (memory $m) (realloc $r)))
    (core module $main
        (import "h" "dirs" (func $dirs (param i32)))
        (import "h" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
        (import "memory" "m" (memory 1))
        (func (export "run") (result i32) (local $dir i32)
            (call $dirs (i32.const 0))
            (local.set $dir (i32.load (i32.load (i32.const 0))))
            (loop $more
                (call $open (local.get $dir) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 1)
                    (i32.const 16))
                (br $more))
            (i32.const 0)))
    (core instance $i (instantiate $main (with "memory" (instance $memory))
        (with "h" (instance (export "dirs" (func $dirs)) (export "open" (func $open))))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $instance (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $instance)))"""

HOST = """
    import json, os, resource, sys, threading, time
    from pathlib import Path
    import wasmtime
    from elastic_hal.runtime.engine import Engine
    from elastic_hal.runtime.identity import Identity
    from elastic_hal.runtime.limits import Limits
    from elastic_hal.runtime.policy import DirectoryGrant, Grant
    from elastic_hal.runtime.workload import Workload

    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    folder = Path(sys.argv[1])
    engine = Engine()
    def workload(name, text, *directories):
        component = engine.compile(wasmtime.wat2wasm(text), name)
        grant = Grant(directories=tuple(DirectoryGrant(d, "/data") for d in directories),
                      limits=Limits(deadline_seconds=600))
        return Workload(engine, component, Identity(name, component.digest), grant)
    hoarder = Path(sys.argv[3]).read_text()
    innocent = Path(sys.argv[4]).read_text()
    quiet = workload("quiet", "(component (core module $m (func (export \\"run\\") (result i32) (loop $l (br $l)) "
        "i32.const 0)) (core instance $i (instantiate $m)) (func $run (result (result)) (canon lift (core func $i "
        "\\"run\\"))) (instance $x (export \\"run\\" (func $run))) (export \\"wasi:cli/run@0.2.0\\" (instance $x)))",
        folder / "quiet").start()
    running = workload("hoarder", hoarder, folder / "hoarded").start()
    outcome = running.wait()
    failed = 0
    for _ in range(20):
        if workload("innocent", innocent).run().exit_code:
            failed += 1
    hoarded = str(folder / "hoarded")
    left = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            left += os.readlink("/proc/self/fd/" + name).startswith(hoarded)
        except OSError:
            pass
    going_on = not quiet.is_over
    quiet.stop()
    print(json.dumps({"reason": outcome.reason, "message": outcome.message, "failed": failed,
                      "left": left, "others": going_on}))
"""
INNOCENT = """(component (core module $m (func (export "run") (result i32) i32.const 0))
    (core instance $i (instantiate $m)) (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $x (export "run" (func $run))) (export "wasi:cli/run@0.2.0" (instance $x)))"""


@pytest.mark.parametrize("limit", [256, 1024, 8192])
def test_a_hoarder_is_stopped_and_others_go_on(tmp_path: Path, limit: int) -> None:
    for name in ("hoarded", "quiet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
    (tmp_path / "hoarder.wat").write_text(HOARDER)
    (tmp_path / "innocent.wat").write_text(INNOCENT)
    arguments = [str(tmp_path), str(limit), str(tmp_path / "hoarder.wat"), str(tmp_path / "innocent.wat")]
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HOST), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["reason"] == "descriptors", told
    assert "to keep file descriptors for the host" in told["message"]
    assert (told["failed"], told["others"]) == (0, True)
    assert told["left"] == 0


def test_the_host_says_what_it_lacks() -> None:
    lacking = pytest.raises(DescriptorsExhaustedError, match="x cannot start: this host has no file descriptor left")
    with lacking, needed_for("x cannot start"):
        raise OSError(24, "Too many open files")
    with pytest.raises(FileNotFoundError), needed_for("x"):
        raise FileNotFoundError(2, "No such file")


def test_the_reserve_fits_small_limits() -> None:
    assert [reserved(limit) for limit in (64, 256, 1024, 4096, 1 << 20)] == [16, 64, 256, 1024, 1024]


def test_the_workload_that_holds_most_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    stopped: list[tuple[str, int]] = []
    both, done = threading.Event(), threading.Event()
    opened = []
    for folder, count in ((few, 1), (many, 3), (tmp_path / "manyother", 9)):
        folder.mkdir()
        (folder / "file").write_bytes(b"x")
        opened += [os.open(folder / "file", os.O_RDONLY) for _ in range(count)]
    monkeypatch.setattr(
        "elastic_hal.runtime.descriptors._is_reserve_used", lambda probe: both.is_set() and not done.is_set()
    )
    guard = DescriptorGuard()

    def stop(name: str, count: int) -> None:
        stopped.append((name, count))
        done.set()

    ends = [guard.watch([folder], lambda count, name=folder.name: stop(name, count)) for folder in (few, many)]  # type: ignore[misc]
    both.set()
    assert done.wait(600)
    for end in ends:
        end()
    for descriptor in opened:
        os.close(descriptor)
    assert stopped == [("many", 3)]


def test_a_process_within_its_limit_has_its_reserve() -> None:
    from elastic_hal.runtime.descriptors import _is_reserve_used

    probe = os.open("/dev/null", os.O_RDONLY)
    try:
        assert not _is_reserve_used(probe)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # All numbers below are in use, so that the next one is of the reserve.
        opened = [os.dup(probe) for _ in range(40)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (opened[-1] + 2, hard))
        try:
            assert _is_reserve_used(probe)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in opened:
                os.close(descriptor)
    finally:
        os.close(probe)
