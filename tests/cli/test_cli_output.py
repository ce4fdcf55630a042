"""What is said: no name of a stranger forges a line, what is lost is an error, and long work shows that it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from elastic_hal.cli import console
from elastic_hal.cli.console import announced, print_json, progress
from elastic_hal.common.text import message_text

Run = Callable[..., Any]
FORGING = "x\nelastic-hal: accepted\r\x1b[2K"
STDOUT = (
    '(import "wasi:cli/stdout@0.2.9" "get-stdout" (func $stdout (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]output-stream.blocking-write-and-flush"'
    " (func $write (param i32 i32 i32 i32)))"
)
DATA = '(data (i32.const 16) "said!\\0a")'
SAY = "(call $write (call $stdout) (i32.const 16) (i32.const 6) (i32.const 0))"


def _only_honest_lines(text: str) -> None:
    for line in text.splitlines():
        assert not line.startswith(("elastic-hal: accepted", "accepted")), text
    assert "\x1b" not in text
    assert "\r" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", FORGING],
        ["verify", "--policy", FORGING, "evidence"],
        ["run", FORGING],
        ["run", "--policy", FORGING, "guest.wasm"],
        ["run", FORGING + ".toml"],
        ["attest", "--workload", FORGING],
        ["attest", "--out", f"{FORGING}/absent"],
        ["wit", "check", FORGING],
        ["wit", "fmt", FORGING],
        ["generate", "host", FORGING, "--out", "out"],
        ["guest", "build", FORGING],
        ["guest", "new", FORGING],
        ["conformance", "run", "--adapter", FORGING],
        ["broker", "log", "show", "--store", FORGING],
        [FORGING],
        ["wit", FORGING],
        ["verify", f"--{FORGING}"],
    ],
    ids=" ".join,
)
def test_a_name_forges_no_line(cli: Run, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert result.code in (1, 2, 3)
    assert "Traceback" not in result.err
    _only_honest_lines(result.out + result.err)


@pytest.mark.parametrize("command", [["verify", "--policy", "file.toml", "evidence"], ["run", "--policy", "file.toml"]])
@pytest.mark.parametrize(
    "text",
    ['version = 1\n"x\\nelastic-hal: accepted" = 1\n', 'version = 1\n[workload."x\\nelastic-hal: accepted"]\nno = 1'],
)
def test_a_key_forges_no_line(cli: Run, place: Path, guest: Callable[..., Path], command: list[str], text: str) -> None:
    (place / "file.toml").write_text(text)
    (place / "evidence").write_bytes(b"none")
    result = cli(*command, *([str(guest("i32.const 0"))] if command[0] == "run" else []))
    assert result.code == 2
    _only_honest_lines(result.out + result.err)


def test_wit_in_a_folder_of_a_forging_name_forges_no_line(cli: Run, place: Path) -> None:
    (place / FORGING).mkdir()
    (place / FORGING / "a.wit").write_text("package a:b;\ninterface i { f: func(a: absent); }\n")
    for command in (["check"], ["print"], ["json"], ["fmt", "--check"]):
        _only_honest_lines("".join(_both(cli("wit", *command, FORGING))))


def _both(result: Any) -> tuple[str, str]:
    return result.out, result.err


def test_data_and_messages_of_success_forge_no_line(cli: Run, place: Path) -> None:
    (place / "a.wit").write_text("package a:b;\ninterface i { f: func(); }\nworld w { import i; }\n")
    made = cli("generate", "host", "a.wit", "--out", FORGING)
    assert made.code == 0
    _only_honest_lines(made.out + made.err)
    attested = cli("attest", "--out", FORGING + "evidence")
    assert attested.code == 0
    _only_honest_lines(attested.out + attested.err)


def test_the_lines_of_a_message_after_its_first_are_indented() -> None:
    assert message_text("a: b\n  hint: c\x07") == "a: b\n      hint: c\\x07"


def test_json_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a\u2028": "\x9b\u202e\ud800\x7fü"}
    print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert out.strip().splitlines() == ["{", '  "a\\u2028": "\\u009b\\u202e\\ud800\\u007fü"', "}"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["rnu"], "'run'"),
        (["wit", "chek"], "'check'"),
        (["run", "--polcy", "x"], "'--policy'"),
        (["verfy"], "'verify'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_misspelt_word_gets_a_suggestion(cli: Run, arguments: list[str], reason: str) -> None:
    cli(*arguments).refuses(2, f"Did you mean {reason}?", "--help")


def test_output_into_a_closed_descriptor_is_an_error(
    program: list[str], hal_guest: Callable[..., Path], place: Path
) -> None:
    guest = hal_guest(f"{SAY} i32.const 0", STDOUT, DATA)
    command = ["sh", "-c", '"$0" "$@" >&-', *program]
    for code, arguments in ((1, ["run", str(guest)]), (3, ["attest"]), (3, ["--help"])):
        done = subprocess.run([*command, *arguments], capture_output=True, timeout=600, check=False, cwd=place)
        assert done.returncode == code, done
        assert b"elastic-hal: " in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("ending", "code"), [("i32.const 0", 141), ("(loop $again (br $again)) i32.const 0", 141)])
def test_a_guest_whose_reader_leaves_ends_quietly(
    program: list[str], hal_guest: Callable[..., Path], ending: str, code: int
) -> None:
    guest = hal_guest(f"{SAY * 3} {ending}", STDOUT, DATA)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*program, "run", str(guest)], stdout=writing, stderr=subprocess.PIPE, timeout=600, check=False
        )
    finally:
        os.close(writing)
    assert done.returncode == code
    assert [line for line in done.stderr.splitlines() if b"compiling" not in line] == []


def test_a_verdict_that_nobody_reads_is_not_good(program: list[str], place: Path) -> None:
    (place / "evidence").write_bytes(b"\x00 no evidence")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [*program, "verify", str(place / "evidence")]
        assert subprocess.run(command, stdout=writing, timeout=600, check=False).returncode == 141
    finally:
        os.close(writing)


def test_long_work_is_announced_and_short_work_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with announced("elastic-hal: working…", seconds=600):
        pass
    assert capsys.readouterr().err == ""
    said = ""
    with announced("elastic-hal: working…", seconds=0):
        while not said:
            said = capsys.readouterr().err
    assert said == "elastic-hal: working…\n"


@pytest.mark.parametrize("limit", ["deadline = 30", "memory = 256", "output = 5"])
def test_a_bare_number_as_a_limit_is_answered_with_an_example(
    cli: Run, place: Path, guest: Callable[..., Path], limit: str
) -> None:
    (place / "policy.toml").write_text(f"version = 1\n[workload.guest]\nlimits = {{ {limit} }}\n")
    cli("run", "--policy", "policy.toml", guest("i32.const 0")).refuses(2, "with its unit", 'write it like "')


def test_on_a_terminal_the_seconds_are_counted_in_a_line_that_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with announced("elastic-hal: x\n: working…", seconds=0):
        while not (said := capsys.readouterr().err):
            time.sleep(0.01)
    assert said.startswith("\relastic-hal: x\\n: working… 0 s")
    assert (said + capsys.readouterr().err).endswith("\r\x1b[K")


def test_elsewhere_long_work_with_a_bar_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    monkeypatch.setattr(console, "message", lambda text: (click.echo(text, err=True), told.set()))
    with progress("building the suite") as update:
        update("one", 1, 2)
        assert told.wait(60)
        update("two", 2, 2)
    assert capsys.readouterr().err == "elastic-hal: building the suite, which takes a while…\n"
