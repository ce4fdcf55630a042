"""`elastic-hal run DEPLOYMENT.toml`: several workloads in one host, their output, their end."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.prefixed_output import PrefixedOutput

Run = Callable[..., Any]
OUT = (
    '(import "wasi:cli/stdout@0.2.9" "get-stdout" (func $stdout (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]output-stream.blocking-write-and-flush"'
    " (func $write (param i32 i32 i32 i32)))"
)
CHANNELS = (
    '(import "elastic:hal/channels@0.2.0" "[static]sender.open"'
    " (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"
    '(import "elastic:hal/channels@0.2.0" "[static]receiver.open"'
    " (func $receive (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"
    '(import "elastic:hal/channels@0.2.0" "[method]sender.push" (func $push (param i32 i32 i32 i32)))'
    '(import "elastic:hal/channels@0.2.0" "[method]receiver.read" (func $read (param i32 i32 i32)))'
    '(import "elastic:hal/channels@0.2.0" "[method]receiver.subscribe" (func $arrived (param i32) (result i32)))'
    '(import "elastic:hal/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))'
    '(import "elastic:hal/poll@0.2.0" "subscribe-duration" (func $timer (param i64) (result i32)))'
)
WAIT = "(call $block (call $timer (i64.const 3600000000000))) i32.const 0"
DATA = (
    '(data (i32.const 100) "line") (data (i32.const 110) "b") (data (i32.const 120) "a")'
    '(data (i32.const 130) "hello\\0a")'
)
SENDS = """(call $send (i32.const 100) (i32.const 4) (i32.const 110) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 200))
    (if (i32.load8_u (i32.const 200)) (then (return (i32.const 1))))
    (call $push (i32.load (i32.const 204)) (i32.const 130) (i32.const 6) (i32.const 220))
    (i32.load8_u (i32.const 220))"""
RECEIVES = """(call $receive (i32.const 100) (i32.const 4) (i32.const 120) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 200))
    (if (i32.load8_u (i32.const 200)) (then (return (i32.const 1))))
    (call $block (call $arrived (i32.load (i32.const 204))))
    (call $read (i32.load (i32.const 204)) (i32.const 100) (i32.const 220))
    (if (i32.load8_u (i32.const 220)) (then (return (i32.const 1))))
    (call $write (call $stdout) (i32.load (i32.const 224)) (i32.load (i32.const 228)) (i32.const 0))
    i32.const 0"""


@pytest.fixture
def deployment(place: Path) -> Callable[..., Path]:
    """Writes a deployment of the components of that name in the test's folder."""

    def write(*names: str, head: str = "", channel: str = "") -> Path:
        members = "".join(f'[workload.{name}]\ncomponent = "{name}.wasm"\n' for name in names)
        path = place / "deployment.toml"
        path.write_text(f"version = 1\n{head}\n{members}{channel}")
        return path

    return write


LINE = '[[channel]]\nname = "line"\nfrom = "a"\nto = "b"\n'


def test_two_workloads_and_a_channel(
    process: Run, hal_guest: Callable[..., Path], deployment: Callable[..., Path]
) -> None:
    hal_guest(SENDS, OUT + CHANNELS, DATA, name="a")
    hal_guest(RECEIVES, OUT + CHANNELS, DATA, name="b")
    result = process("run", deployment("a", "b", channel=LINE))
    assert (result.code, result.out, result.err) == (0, "b | hello\n", "")


def test_without_the_link_there_is_no_channel(
    process: Run, hal_guest: Callable[..., Path], deployment: Callable[..., Path]
) -> None:
    hal_guest(SENDS, OUT + CHANNELS, DATA, name="a")
    hal_guest(RECEIVES, OUT + CHANNELS, DATA, name="b")
    result = process("run", deployment("a", "b"))
    assert (result.code, result.out) == (1, "")
    refused = "elastic:hal/channels@0.2.0.[static]"
    assert sorted(result.err.splitlines()) == [
        "elastic-hal: a: the guest exited with code 1",
        "elastic-hal: b: the guest exited with code 1",
        f"elastic-hal: workload 'a': {refused}sender.open: access-denied: the policy grants this workload no channel "
        "'line' to 'b'",
        f"elastic-hal: workload 'b': {refused}receiver.open: access-denied: the policy grants this workload no channel "
        "'line' from 'a'",
    ]


def test_the_first_failure_is_the_exit_code(
    process: Run, guest: Callable[..., Path], deployment: Callable[..., Path]
) -> None:
    guest("i32.const 0", name="good")
    guest("unreachable", name="bad")
    result = process("run", deployment("good", "bad"))
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("elastic-hal: bad: the guest trapped: ")


def test_one_failure_can_stop_all(process: Run, guest: Callable[..., Path], deployment: Callable[..., Path]) -> None:
    guest("(loop $l (br $l)) i32.const 0", name="busy")
    guest("i32.const 1", name="bad")
    result = process("run", deployment("busy", "bad", head="stop-on-failure = true"))
    assert (result.code, result.err) == (1, "elastic-hal: bad: the guest exited with code 1\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_all_whatever_they_do(
    program: list[str],
    guest: Callable[..., Path],
    hal_guest: Callable[..., Path],
    deployment: Callable[..., Path],
    number: int,
    code: int,
) -> None:
    ready = '(data (i32.const 16) "ready\\0a")'
    say = "(call $write (call $stdout) (i32.const 16) (i32.const 6) (i32.const 0))"
    hal_guest(f"{say} {WAIT}", OUT + CHANNELS, ready, name="waits")
    hal_guest(f"{say} (loop $l (br $l)) i32.const 0", OUT, ready, name="computes")
    with subprocess.Popen(
        [*program, "run", str(deployment("waits", "computes"))], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert {running.stdout.readline(), running.stdout.readline()} == {b"waits    | ready\n", b"computes | ready\n"}
        running.send_signal(number)
        running.communicate()
        assert running.returncode == code


def test_refusals(cli: Run, guest: Callable[..., Path], deployment: Callable[..., Path], place: Path) -> None:
    guest("i32.const 0", name="a")
    cli("run", place / "absent.toml").refuses(2, "the deployment cannot be read")
    cli("run", deployment("a", head="colour = 1")).refuses(2, "colour: unknown key")
    cli("run", deployment("a", "absent")).refuses(2, "absent.wasm: cannot be read: No such file")
    for option in (["--name", "x"], ["--batch"], ["--policy", "p.toml"]):
        cli("run", deployment("a"), *option).refuses(2, f"{option[0]}: a deployment file says that itself")
    cli("run", deployment("a"), "--", "x").refuses(2, "arguments: a deployment file says that itself")


def test_a_policy_must_name_every_workload(
    cli: Run, guest: Callable[..., Path], deployment: Callable[..., Path], place: Path
) -> None:
    guest("i32.const 0", name="a")
    (place / "policy.toml").write_text("version = 1\n[workload.b]\n")
    cli("run", deployment("a", head='policy = "policy.toml"')).refuses(1, "does not admit workload 'a'")


def test_a_policy_that_ties_a_channel_to_another_component(
    cli: Run, guest: Callable[..., Path], deployment: Callable[..., Path], place: Path
) -> None:
    guest("i32.const 0", name="a")
    guest("i32.const 0", name="b")
    channel = f'{{ name = "line", to = "b", digest = "sha256:{"0" * 64}" }}'
    (place / "policy.toml").write_text(f"version = 1\n[workload.b]\n[workload.a]\nchannels = [{channel}]")
    path = deployment("a", "b", head='policy = "policy.toml"', channel=LINE)
    cli("run", path).refuses(1, "ties channel 'line' of 'a' to another component")


def test_lines_stay_whole(capfd: pytest.CaptureFixture[str]) -> None:
    import threading

    lock = threading.Lock()
    one, two = PrefixedOutput("one", 1, lock, 5), PrefixedOutput("three", 1, lock, 5)
    for part in (b"a", b"b\nc", b"d\n\n"):
        one(part)
        two(part)
    one(b"rest")
    one.finish()
    one.finish()
    two(b"x" * 70000)
    out = capfd.readouterr().out
    assert out.startswith(
        "one   | ab\nthree | ab\none   | cd\none   | \nthree | cd\nthree | \none   | rest\nthree | xxx"
    )
    two.finish()
    assert capfd.readouterr().out.endswith("x\n")
