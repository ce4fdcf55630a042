"""`elastic-hal run DEPLOYMENT.toml` where one of the components is slow to load, or cannot be loaded."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasmtime

Run = Callable[..., Any]
IMPORTS = (
    '(import "wasi:cli/stdout@0.2.9" "get-stdout" (func $stdout (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]output-stream.blocking-write-and-flush"'
    " (func $write (param i32 i32 i32 i32)))"
)
HELLO = '(data (i32.const 16) "hello\\0a")'
SAY = "(call $write (call $stdout) (i32.const 16) (i32.const 6) (i32.const 0))"


def slow(depth: int = 20_000) -> bytes:
    """A component whose compilation nobody has seen the end of: each loop in another one makes it longer."""
    begins = "".join(f"(loop (local.set {number} (local.get {number + 1}))" for number in range(depth))
    function = f'(func (export "x") (local {"i64 " * 2 * depth}) {begins} (br_if 0 (i32.const 1)) {")" * depth})'
    return bytes(wasmtime.wat2wasm(f"(component (core module $m {function}) (core instance (instantiate $m)))"))


def deployment(place: Path, *names: str, head: str = "") -> Path:
    members = "".join(f'[workload.{name}]\ncomponent = "{name}.wasm"\n' for name in names)
    path = place / "deployment.toml"
    path.write_text(f"version = 1\n{head}\n{members}")
    return path


def test_a_slow_component_does_not_delay_the_others(
    program: list[str], hal_guest: Callable[..., Path], place: Path
) -> None:
    (place / "slow.wasm").write_bytes(slow())
    hal_guest(f"{SAY} i32.const 0", IMPORTS, HELLO, name="quick")
    command = [*program, "run", "--no-cache", str(deployment(place, "slow", "quick"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == b"quick | hello\n"
            assert running.poll() is None, "the other one is still being compiled"
            running.send_signal(signal.SIGTERM)
            _, said = running.communicate()
        finally:
            running.kill()
    assert running.returncode == 143, said


def test_a_component_that_cannot_be_loaded_is_the_end_of_its_workload_alone(
    process: Run, hal_guest: Callable[..., Path], place: Path
) -> None:
    whole = hal_guest(f"{SAY} i32.const 0", IMPORTS, HELLO, name="good")
    (place / "bad.wasm").write_bytes(whole.read_bytes()[:-3])
    result = process("run", deployment(place, "bad", "good"))
    assert (result.code, result.out) == (1, "good | hello\n")
    assert result.err.startswith("elastic-hal: bad: ")
    assert "bad.wasm: " in result.err
    assert len(result.err.splitlines()) == 1


def test_with_stop_on_failure_it_is_the_end_of_all(process: Run, hal_guest: Callable[..., Path], place: Path) -> None:
    whole = hal_guest("(loop $l (br $l)) i32.const 0", IMPORTS, HELLO, name="busy")
    (place / "bad.wasm").write_bytes(whole.read_bytes()[:-3])
    result = process("run", deployment(place, "busy", "bad", head="stop-on-failure = true"))
    assert (result.code, result.out) == (1, "")
    assert "bad.wasm: " in result.err


def test_what_is_too_large_is_refused_before_anything_starts(
    process: Run, hal_guest: Callable[..., Path], place: Path
) -> None:
    hal_guest(f"{SAY} i32.const 0", IMPORTS, HELLO, name="good")
    tables = "(component (core module $m) " + "(core instance (instantiate $m))" * 1_100 + ")"
    (place / "large.wasm").write_bytes(wasmtime.wat2wasm(tables))
    result = process("run", deployment(place, "good", "large"))
    assert (result.code, result.out) == (1, "")
    assert "large.wasm: this component is too large: it has 1001 instances of core modules" in result.err


def test_two_workloads_of_one_component(process: Run, hal_guest: Callable[..., Path], place: Path) -> None:
    one = hal_guest(f"{SAY} i32.const 0", IMPORTS, HELLO, name="one")
    (place / "two.wasm").write_bytes(one.read_bytes())
    result = process("run", deployment(place, "one", "two"))
    assert (result.code, sorted(result.out.splitlines())) == (0, ["one | hello", "two | hello"])
