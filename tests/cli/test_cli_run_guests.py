"""`elastic-hal run` with guests that misbehave while they run: the command says why they ended."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
HASH = '(import "elastic:hal/crypto@0.2.0" "hash" (func $hash (param i32 i32 i32 i32)))'
EXPORT = '(import "elastic:hal/crypto@0.2.0" "[method]key.export-key" (func $export (param i32 i32 i32)))'
EVIDENCE = (
    '(import "elastic:hal/attestation@0.2.0" "[method]attestation-context.get-evidence" '
    "(func $evidence (param i32 i32 i32 i32)))"
)
DROP = '(import "elastic:hal/crypto@0.2.0" "[resource-drop]key" (func $drop (param i32)))'
STDERR = (
    '(import "wasi:cli/stderr@0.2.9" "get-stderr" (func $stderr (result i32)))'
    '(import "wasi:io/streams@0.2.9" "[method]output-stream.blocking-write-and-flush"'
    " (func $write (param i32 i32 i32 i32)))"
)
SUCCEEDED_OR_NOT = "(i32.load8_u (i32.const 0))"


@pytest.fixture
def limited(place: Path) -> Callable[[str], Path]:
    def write(limits: str) -> Path:
        path = place / "policy.toml"
        path.write_text(f"version = 1\n[workload.guest]\nlimits = {{ {limits} }}\n")
        return path

    return write


def test_a_guest_that_loops_is_stopped(cli: Run, guest: Callable[..., Path], limited: Callable[[str], Path]) -> None:
    component = guest("(loop $again (br $again)) i32.const 0")
    cli("run", component, "--policy", limited('deadline = "200ms"')).refuses(
        1, "stopped at its deadline of 0.2 seconds"
    )


def test_memory_ends_at_the_limit(cli: Run, guest: Callable[..., Path], limited: Callable[[str], Path]) -> None:
    grow = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
    policy = limited('memory = "4MiB"')
    assert cli("run", guest(f"{grow} (i32.ne (memory.size) (i32.const 64))"), "--policy", policy).code == 0
    result = cli("run", guest(f"{grow} unreachable"), "--policy", policy)
    assert (result.code, result.out, result.left) == (1, "", frozenset())
    assert result.err.startswith("elastic-hal: guest: the guest trapped: ")
    assert "refused more memory" in result.err


def test_a_guest_that_needs_more_than_it_may_have_at_once(
    cli: Run, guest: Callable[..., Path], limited: Callable[[str], Path]
) -> None:
    component = guest("i32.const 0", core="(memory 100)")
    result = cli("run", component, "--policy", limited('memory = "4MiB"'))
    assert result.code == 1
    assert "memory" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("body", "core", "reason"),
    [
        ("unreachable", "(memory 1)", "unreachable"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "(memory 1)", "divide by zero"),
        ("(i32.load (i32.const -4))", "(memory 1)", "out of bounds memory access"),
        ("call $deep i32.const 0", "(memory 1) (func $deep call $deep)", "call stack exhausted"),
    ],
)
def test_a_guest_that_traps(cli: Run, guest: Callable[..., Path], body: str, core: str, reason: str) -> None:
    result = cli("run", guest(body, core=core))
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("elastic-hal: guest: the guest trapped: ")
    assert reason in result.err
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("imports", "body", "reason"),
    [
        (HASH, "(call $hash (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))", "out of bounds"),
        (HASH, "(call $hash (i32.const 0) (i32.const -1) (i32.const 2) (i32.const 0))", "out of bounds"),
        (HASH, "(call $hash (i32.const 99) (i32.const 0) (i32.const 0) (i32.const 0))", "discriminant"),
        (EXPORT, "(call $export (i32.const 12345) (i32.const 0) (i32.const 0))", "handle"),
        (EVIDENCE, "(call $evidence (i32.const 7) (i32.const 0) (i32.const 8) (i32.const 0))", "handle"),
        (DROP, "(call $drop (i32.const 3))", "handle"),
    ],
)
def test_values_that_no_type_allows_end_the_guest(
    cli: Run, hal_guest: Callable[..., Path], imports: str, body: str, reason: str
) -> None:
    result = cli("run", hal_guest(f"{body} i32.const 0", imports))
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("elastic-hal: guest: the guest ")
    assert reason in result.err
    assert "Traceback" not in result.err


def test_a_list_of_two_mebibytes_is_an_error_of_the_contract(cli: Run, hal_guest: Callable[..., Path]) -> None:
    call = "(call $hash (i32.const 0) (i32.const 16) (i32.const {size}) (i32.const 0))"
    assert cli("run", hal_guest(call.format(size=1 << 20) + SUCCEEDED_OR_NOT, HASH)).code == 0
    result = cli("run", hal_guest(call.format(size=1 << 21) + SUCCEEDED_OR_NOT, HASH))
    assert (result.code, result.err) == (1, "")


def test_what_a_guest_says_last_is_there_whatever_it_says(cli: Run, hal_guest: Callable[..., Path]) -> None:
    said = r'(data (i32.const 16) "\1b[2J\ff\fe last words\n")'
    write = "(call $write (call $stderr) (i32.const 16) (i32.const 18) (i32.const 0))"
    result = cli("run", hal_guest(f"{write} unreachable", STDERR, said))
    assert result.code == 1
    assert "last words\nelastic-hal: guest: the guest trapped" in result.err
