"""The command as a process: help, pipes that close, full disks, Ctrl-C, and guests that write until the end."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from elastic_hal.cli.main import cli as commands
from elastic_hal.codegen.resources import contract_dir

Run = Callable[..., Any]
STDERR = (
    '(import "wasi:cli/stderr@0.2.9" "get-stderr" (func $stderr (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]output-stream.blocking-write-and-flush"'
    " (func $write (param i32 i32 i32 i32)))"
)
READY = '(data (i32.const 16) "ready\\0a")'
SAY_READY = "(call $write (call $stderr) (i32.const 16) (i32.const 6) (i32.const 0))"


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found = [path]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += every_command(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", every_command(commands), ids=" ".join)
def test_every_command_helps(cli: Run, path: tuple[str, ...]) -> None:
    result = cli(*path, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Usage: elastic-hal")


def test_nothing_to_do_shows_the_help(cli: Run) -> None:
    result = cli()
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: elastic-hal")


def test_the_version_is_data(process: Run) -> None:
    result = process("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.count(".") >= 2


def test_a_refusal_of_the_process_is_the_same(process: Run) -> None:
    process("run", "absent.wasm").refuses(2, "absent.wasm: cannot be read: No such file or directory")


@pytest.mark.parametrize("arguments", [["--help"], ["wit", "json", str(contract_dir())]])
def test_a_reader_that_leaves_ends_the_command_quietly(program: list[str], arguments: list[str]) -> None:
    with subprocess.Popen([*program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


def test_a_full_disk_is_named(program: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*program, "--help"], stdout=full, stderr=subprocess.PIPE, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (3, b"elastic-hal: No space left on device\n")


def test_closed_streams_are_not_taken_for_files(program: list[str], guest: Callable[..., Path], place: Path) -> None:
    close = ["sh", "-c", '"$0" "$@" <&- >&- 2>&-']
    for code, arguments in (
        (0, ["run", str(guest("i32.const 0"))]),
        (0, ["attest", "--out", str(place / "evidence")]),
        (3, ["attest"]),
        (3, ["wit", "json", str(contract_dir())]),
    ):
        assert subprocess.run([*close, *program, *arguments], timeout=600, check=False).returncode == code
    for path in (path for folder in ("state", "cache") for path in (place.parent / folder).rglob("*")):
        assert path.is_dir() or b'"worlds"' not in path.read_bytes()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, b"elastic-hal: interrupted"), (signal.SIGTERM, 143, b"")],
)
def test_a_signal_stops_a_guest(
    program: list[str], hal_guest: Callable[..., Path], number: signal.Signals, code: int, said: bytes
) -> None:
    component = hal_guest(f"{SAY_READY} (loop $again (br $again)) i32.const 0", STDERR, READY)
    command = [*program, "run", str(component)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == b"ready\n"
        running.send_signal(number)
        out, err = running.communicate()
    assert (running.returncode, out, err.strip()) == (code, b"", said)


def test_an_interrupted_build_leaves_nothing(program: list[str], cli: Run, place: Path) -> None:
    assert cli("guest", "new", "note-taker").code == 0
    before = set(place.rglob("*"))
    temporary = place.parent / "temporary"
    command = [*program, "guest", "build", "note-taker"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while not any(temporary.glob("*/log")):
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate()
    assert (running.returncode, out) == (143, b"")
    assert [line for line in err.splitlines() if b"building" not in line] == []
    assert list(temporary.iterdir()) == []
    assert set(place.rglob("*")) == before


def test_writing_right_before_the_end_is_no_danger(process: Run, hal_guest: Callable[..., Path]) -> None:
    failing = hal_guest(SAY_READY * 20 + "i32.const 1", STDERR, READY, "failing")
    trapping = hal_guest(SAY_READY * 20 + "unreachable", STDERR, READY, "trapping")
    for _ in range(8):
        result = process("run", failing)
        assert (result.code, result.out, result.err) == (1, "", "ready\n" * 20)
        result = process("run", trapping)
        assert (result.code, result.err[: 6 * 20]) == (1, "ready\n" * 20)
        assert "the guest trapped" in result.err
