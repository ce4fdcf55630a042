"""Every command that takes a file, given what is no file: a pipe, a device without end, a folder, too much, nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from elastic_hal.cli.main import cli, main

HUGE = 600 << 20
POLICY = "version = 1\n"
# What each command needs besides, so that it comes to the file in question. FILE stands where the file goes.
READING = {
    "wit check": ["wit", "check", "FILE"],
    "wit json": ["wit", "json", "FILE"],
    "wit print": ["wit", "print", "FILE"],
    "wit fmt": ["wit", "fmt", "--check", "FILE"],
    "wit diff (old)": ["wit", "diff", "FILE", "good.wit"],
    "wit diff (new)": ["wit", "diff", "good.wit", "FILE"],
    "generate host": ["generate", "host", "FILE", "--world", "w", "--out", "out"],
    "generate guest": ["generate", "guest", "FILE", "--world", "w", "--out", "out"],
    "generate bridge": ["generate", "bridge", "FILE", "--world", "w", "--out", "out"],
    "generate suite": ["generate", "suite", "FILE", "--world", "w", "--out", "out"],
    "run": ["run", "FILE"],
    "run (deployment)": ["run", "FILE.toml"],
    "run --policy": ["run", "good.wasm", "--policy", "FILE"],
    "run --sealing": ["run", "good.wasm", "--sealing", "FILE"],
    "attest --workload": ["attest", "--nonce", "0001020304050607", "--workload", "FILE", "--out", "evidence"],
    "verify": ["verify", "FILE"],
    "verify --policy": ["verify", "good.cbor", "--policy", "FILE"],
    "verify --certs": ["verify", "good.cbor", "--certs", "FILE"],
    "verify --trust-root": ["verify", "good.cbor", "--trust-root", "FILE"],
    "verify --crl": ["verify", "good.cbor", "--crl", "FILE"],
    "verify --collateral": ["verify", "good.cbor", "--collateral", "FILE"],
    "verify --event-log": ["verify", "good.cbor", "--event-log", "FILE"],
    "verify --ear-key": ["verify", "good.cbor", "--ear", "out.ear", "--ear-key", "FILE"],
    "platform reference-values": ["platform", "reference-values", "FILE"],
    "conformance run --expectations": ["conformance", "run", "--expectations", "FILE", "-k", "nothing-matches-this"],
    "conformance run --adapter": ["conformance", "run", "--adapter", "FILE.py"],
    "broker add-secret": ["broker", "add-secret", "name", "--store", "store", "--file", "FILE"],
    "broker serve --policy": [
        *["broker", "serve", "--store", "store", "--cert", "tls.pem", "--key", "tls.key", "--policy", "FILE"],
        *["--listen", "127.0.0.1:0"],
    ],
    "broker serve --cert": [
        *["broker", "serve", "--store", "store", "--cert", "FILE", "--key", "tls.key", "--policy", "good.toml"],
        *["--listen", "127.0.0.1:0"],
    ],
    "guest build": ["guest", "build", "FILE"],
}
FOLDERS_ALLOWED = {"wit check", "wit json", "wit print", "wit fmt", "wit diff (old)", "wit diff (new)"}
WRITING = {
    "attest --out": ["attest", "--nonce", "0001020304050607", "--out", "FILE"],
    "platform root": ["platform", "root", "--out", "FILE"],
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "good.wit").write_text("package a:b;\nworld w {}\n")
    (tmp_path / "good.toml").write_text(POLICY)
    (tmp_path / "good.cbor").write_bytes(b"\xd8\x3d\xd2\x84")
    (tmp_path / "good.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    return tmp_path


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    said: str


Call = Callable[[list[str]], Ended]


@pytest.fixture
def call(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process; what hangs is ended by the time limit of tests."""
    monkeypatch.chdir(place)
    for name, value in (("ELASTIC_HAL_STATE", "state"), ("XDG_CACHE_HOME", "cache"), ("HOME", "")):
        monkeypatch.setenv(name, str(place / value))

    def run(arguments: list[str]) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        return Ended(int(left.value.code or 0), "".join(capfd.readouterr()))

    return run


def with_file(arguments: list[str], file: Path) -> list[str]:
    """The command with the file in its place; where a name must end in something, a link of such a name."""
    given = []
    for argument in arguments:
        if argument.startswith("FILE."):
            link = file.parent / f"link{argument.removeprefix('FILE')}"
            link.symlink_to(file)
            given.append(str(link))
        else:
            given.append(str(file) if argument == "FILE" else argument)
    return given


def odd(place: Path, kind: str) -> Path:
    file = place / "odd"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "huge":
        with file.open("wb") as opened:
            opened.truncate(HUGE)
    return file


@pytest.mark.parametrize("kind", ["pipe", "device", "huge", "missing"])
@pytest.mark.parametrize("command", READING)
def test_what_is_no_file_is_refused_at_once(place: Path, call: Call, command: str, kind: str) -> None:
    refused = call(with_file(READING[command], odd(place, kind)))
    assert refused.code in (1, 2), refused
    assert refused.said.strip()


@pytest.mark.parametrize("command", WRITING)
def test_a_pipe_that_nobody_reads_is_not_waited_for(place: Path, call: Call, command: str) -> None:
    refused = call(with_file(WRITING[command], odd(place, "pipe")))
    assert refused.code == 2, refused
    assert "nobody reads from it" in refused.said


@pytest.mark.parametrize("command", WRITING)
def test_devices_can_be_written_to(call: Call, command: str) -> None:
    wrote = call(with_file(WRITING[command], Path("/dev/null")))
    assert wrote.code == 0, wrote


def test_a_pipe_with_a_reader_gets_everything(place: Path, call: Call) -> None:
    pipe = odd(place, "pipe")
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        # The reader opens the pipe in its own time; until then nobody reads from it.
        while (wrote := call(with_file(WRITING["attest --out"], pipe))).code == 2:
            pass
        assert wrote.code == 0, wrote
        assert reader.stdout is not None
        assert len(reader.stdout.read()) > 100


def options_with_paths() -> Iterator[tuple[str, str]]:
    def walk(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
        if isinstance(command, click.Group):
            for inner in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), inner)
                assert found is not None
                yield from walk(found, f"{name} {inner}".strip())
            return
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                yield name, parameter.opts[0]

    yield from walk(cli, "")


# Folders, and files that are written.
NOT_READ = {
    *("--store", "--out", "--cases", "--state", "--platform-root", "--in", "--output", "--ear", "--authority", "mount"),
    "--event-log-out",
}


def test_every_option_with_a_file_is_looked_at() -> None:
    for command, option in options_with_paths():
        words = command.split()
        # Options of one name are one option of several commands; arguments are each command's own.
        covered = any(
            option in arguments if option.startswith("-") else arguments[: len(words)] == words
            for arguments in READING.values()
        )
        assert covered or option in NOT_READ, (command, option)
