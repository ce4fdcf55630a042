"""`elastic-hal run --batch`: one run for each line, and a refusal that names the line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
STDIN = (
    '(import "wasi:cli/stdin@0.2.9" "get-stdin" (func $stdin (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))'
)


def test_each_line_is_a_run(cli: Run, guest: Callable[..., Path]) -> None:
    result = cli("run", "--batch", guest("i32.const 1"), stdin=b'[]\n["a", "b"]\n[]')
    assert (result.code, result.err) == (0, "")
    assert [json.loads(line) for line in result.out.splitlines()] == [{"batch-exit": 1}] * 3


def test_no_line_is_no_run(cli: Run, guest: Callable[..., Path]) -> None:
    result = cli("run", "--batch", guest("i32.const 1"))
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_guest_that_traps_does_not_end_the_batch(cli: Run, guest: Callable[..., Path]) -> None:
    result = cli("run", "--batch", guest("unreachable"), stdin=b"[]\n[]\n")
    assert result.code == 0
    assert result.out == '{"batch-exit": 1}\n' * 2
    assert result.err.count("the guest trapped") == 2


def test_a_guest_cannot_read_the_lines_of_others(process: Run, hal_guest: Callable[..., Path]) -> None:
    reading = "(call $read (call $stdin) (i64.const 4096) (i32.const 0)) (i32.eqz (i32.load8_u (i32.const 0)))"
    more_than_is_buffered = b'["' + b"a" * 100_000 + b'"]\n'
    result = process("run", "--batch", hal_guest(reading, STDIN), stdin=b"[]\n" + more_than_is_buffered)
    assert (result.code, result.out) == (0, '{"batch-exit": 0}\n' * 2)


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[1]", b'"a"', b"[", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b'["a"] ["b"]'],
    ids=lambda line: repr(line[:12]),
)
def test_a_line_that_is_no_list_of_texts(cli: Run, guest: Callable[..., Path], line: bytes) -> None:
    component = guest("i32.const 0")
    cli("run", "--batch", component, stdin=line + b"\n").refuses(2, "line 1 of standard input", "write it like")
    second = cli("run", "--batch", component, stdin=b"[]\n" + line + b"\n")
    assert (second.code, second.out) == (2, '{"batch-exit": 0}\n')
    assert "line 2 of standard input" in second.err


@pytest.mark.parametrize("line", [rb'["\u0000"]', rb'["\ud800"]'])
def test_an_argument_that_no_guest_can_get(cli: Run, guest: Callable[..., Path], line: bytes) -> None:
    cli("run", "--batch", guest("i32.const 0"), stdin=line).refuses(2, "not UTF-8 text without NUL")


def test_arguments_come_from_one_place(cli: Run, guest: Callable[..., Path]) -> None:
    cli("run", "--batch", guest("i32.const 0"), "--", "a").refuses(2, "--batch takes the arguments from standard input")
