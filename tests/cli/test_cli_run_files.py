"""`elastic-hal run` with files that are no components, and components that cannot run here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
FUNCTION = {"f": ("(result u32)", "(result i32)")}


@pytest.fixture
def file(place: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = place / "app.wasm"
        path.write_bytes(content)
        return path

    return write


def test_a_guest_that_succeeds_says_nothing(cli: Run, guest: Callable[..., Path]) -> None:
    result = cli("run", guest("i32.const 0"))
    assert (result.code, result.out, result.err, result.left) == (0, "", "", frozenset())


def test_a_guest_that_fails_says_what_it_says_itself(cli: Run, guest: Callable[..., Path]) -> None:
    result = cli("run", guest("i32.const 1"))
    assert (result.code, result.out, result.err) == (1, "", "")


def test_a_file_that_cannot_be_read(cli: Run, place: Path) -> None:
    cli("run", "absent.wasm").refuses(2, "absent.wasm: cannot be read: No such file or directory")
    cli("run", place).refuses(2, "is a directory, not a regular file")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF" + bytes(60), "is not WebAssembly"),
        (b"(component)", "is WebAssembly text"),
        (b"\0asm\x0d\0", "ends within its header"),
        (b"\0asm\x77\0\x01\0" + bytes(8), "unknown version of the binary format"),
    ],
)
def test_a_file_that_is_something_else(cli: Run, file: Callable[[bytes], Path], content: bytes, reason: str) -> None:
    cli("run", file(content)).refuses(1, reason)


def test_a_core_module(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    cli("run", file(guests.assemble("(module)"))).refuses(1, "core WebAssembly module", "wasm-tools component new")


@pytest.mark.parametrize("removed", [1, 20, 60])
def test_a_truncated_component(cli: Run, file: Callable[[bytes], Path], guests: Any, removed: int) -> None:
    content = guests.command("i32.const 0")
    cli("run", file(content[:-removed])).refuses(1, "the file is truncated", "get or build the file again")


def test_a_component_with_a_changed_byte_runs_or_is_refused(
    cli: Run, file: Callable[[bytes], Path], guests: Any
) -> None:
    content = guests.command("i32.const 0")
    for place in range(8, len(content), 7):
        result = cli("run", file(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]))
        assert result.code in {0, 1}
        assert "Traceback" not in result.err
        assert result.left == frozenset()


def test_an_unknown_version_of_the_contract(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    content = guests.calling("i32.const 0", FUNCTION, "elastic:hal/crypto@9.0.0")
    cli("run", file(content)).refuses(
        1, "it imports elastic:hal/crypto@9.0.0, which this runtime does not provide", "elastic:hal/crypto@0.2.0"
    )


def test_a_foreign_interface(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    content = guests.calling("i32.const 0", FUNCTION, "acme:x/y")
    cli("run", file(content)).refuses(1, "it imports acme:x/y", "this runtime provides elastic:hal/")


def test_a_function_that_the_interface_does_not_have(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    content = guests.calling("i32.const 0", FUNCTION, "elastic:hal/timezone@0.2.0")
    cli("run", file(content)).refuses(1, "it imports elastic:hal/timezone@0.2.0 in a form", "build the guest against")


def test_a_function_of_another_type(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    functions = {"zone-id": ("(result u32)", "(result i32)")}
    content = guests.calling("call $zone-id", functions, "elastic:hal/timezone@0.2.0")
    result = cli("run", file(content))
    assert result.code == 1
    assert result.err.startswith("elastic-hal: ")
    assert "Traceback" not in result.err


def test_a_component_that_is_no_program(cli: Run, file: Callable[[bytes], Path], guests: Any) -> None:
    cli("run", file(guests.assemble("(component)"))).refuses(1, "does not export wasi:cli/run", "wasi:cli/command")


def test_an_unknown_platform_or_mutant(cli: Run, guest: Callable[..., Path]) -> None:
    component = guest("i32.const 0")
    cli("run", component, "--platform", "abacus").refuses(2, "unknown platform 'abacus'")
    cli("run", component, "--mutant", "fly").refuses(2, "no mutant 'fly'", "always-error")


def test_state_that_cannot_be_kept(
    cli: Run, guest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    monkeypatch.setenv("ELASTIC_HAL_STATE", "/proc/state")
    component = guest("i32.const 0")
    # What needs no state does without. What was granted something that needs it is told so before it starts.
    assert cli("run", component).code == 0
    cli("attest").refuses(3, "cannot create the directory")
    for grant in ('attestation = ["platform"]', "sealing = true"):
        policy = place / "policy.toml"
        policy.write_text(f"version = 1\n[workload.{component.stem}]\n{grant}\n")
        result = cli("run", component, "--policy", policy)
        assert (result.code, result.out) == (3, "")
        assert "cannot create the directory" in result.err
        assert "ELASTIC_HAL_STATE" in result.err


def test_state_in_a_folder_that_others_can_write_to(
    cli: Run, guest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    monkeypatch.setenv("ELASTIC_HAL_STATE", str(place / "open"))
    cli("run", guest("i32.const 0")).refuses(3, "has mode 0777")


def test_a_cache_that_cannot_be_kept_is_no_obstacle(
    cli: Run, guest: Callable[..., Path], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "file"))
    (place / "file").write_text("in the way")
    assert cli("run", guest("i32.const 0")).code == 0


@pytest.mark.parametrize("argument", ["\udcff", "a\0b"])
def test_an_argument_that_no_guest_can_get(cli: Run, guest: Callable[..., Path], argument: str) -> None:
    cli("run", guest("i32.const 0"), "--", argument).refuses(2, "not UTF-8 text without NUL")
