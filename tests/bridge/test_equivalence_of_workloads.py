"""Workloads end alike with and without the bytes bridge: exits, deadlines, failures of the host."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from equivalence.by_hand import ENGINE

from elastic_hal.runtime import abi
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload


def command(body: str) -> bytes:
    """A guest that runs as a workload and may end itself."""
    return bytes(
        wasmtime.wat2wasm(f"""(component
        (import "wasi:cli/exit@0.2.9" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
        (import "test:hand/small@0.1.0" (instance $api
            (export "tick" (func (param "data" (list u8)) (result (list u8))))))
        (core module $memory (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32)
            (i32.const 1024)))
        (core instance $memory (instantiate $memory)) (alias core export $memory "m" (core memory $m))
        (core func $tick (canon lower (func $api "tick") (memory $m) (realloc (core func $memory "r"))))
        (core func $exit (canon lower (func $exit "exit-with-code")))
        (core module $main (import "h" "tick" (func $tick (param i32 i32 i32)))
            (import "h" "exit" (func $exit (param i32)))
            (func $work {body}) (func (export "run") (result i32) (call $work) (i32.const 0)))
        (core instance $main (instantiate $main
            (with "h" (instance (export "tick" (func $tick)) (export "exit" (func $exit))))))
        (func $run (result (result)) (canon lift (core func $main "run")))
        (instance $instance (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $instance)))""")
    )


def outcomes(body: str, tick: Callable[[bytes], Any], **options: Any) -> list[tuple[Any, ...]]:
    found = []
    for bridge in (False, True):
        loaded = ENGINE.compile(command(body), "command", bytes_bridge=bridge)
        assert loaded.bridged == bridge
        outcome: Outcome = Workload(
            ENGINE, loaded, Identity("command", loaded.digest), link=_linking(tick), **options
        ).run()
        message = re.sub("incident [0-9a-f]{8}", "incident …", outcome.message)
        found.append((outcome.reason, outcome.exit_code, message, outcome.standard_error))
    return found


TICK = "(call $tick (i32.const 64) (i32.const 20) (i32.const 512))"


def test_a_guest_that_ends_itself_between_calls() -> None:
    without, bridged = outcomes(f"{TICK} (call $exit (i32.const 42)) unreachable", lambda data: data)
    assert without == bridged
    assert without[:2] == ("exited", 42)


def test_the_deadline_in_a_bridged_call() -> None:
    def wait(data: bytes) -> bytes:
        time.sleep(0.5)
        return data

    without, bridged = outcomes(f"(loop $again {TICK} (br $again))", wait, limits=Limits(deadline_seconds=0.2))
    assert without == bridged
    assert without[0] == "deadline"


def test_what_the_host_must_not_lose_ends_both_alike() -> None:
    def stop(data: bytes) -> bytes:
        raise KeyboardInterrupt

    for bridge in (False, True):
        loaded = ENGINE.compile(command(TICK), "command", bytes_bridge=bridge)
        workload = Workload(ENGINE, loaded, Identity("command", loaded.digest), link=_linking(stop))
        with pytest.raises(KeyboardInterrupt):
            workload.run()


def _linking(tick: Callable[[bytes], Any]) -> Callable[[abi.Linker, Workload], None]:
    def link(linker: abi.Linker, workload: Workload) -> None:
        with linker.instance("test:hand/small@0.1.0") as api:
            api.function("tick", tick, (abi.bytes_,), abi.bytes_)

    return link


def test_a_provider_that_fails_ends_both_alike() -> None:
    def fail(data: bytes) -> bytes:
        raise RuntimeError("secret")

    without, bridged = outcomes(TICK, fail)
    assert without == bridged
    assert without[0] == "host-error"
    assert "secret" not in without[2]
