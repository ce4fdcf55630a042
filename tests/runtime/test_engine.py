"""Loading components, and the cache of compiled ones."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from elastic_hal.runtime import compilation
from elastic_hal.runtime.bridged import compile_guest
from elastic_hal.runtime.cache import default_cache_dir
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import (
    ComponentError,
    CoreModuleError,
    CorruptComponentError,
    NotWebAssemblyError,
    TextFormatError,
    UnreadableError,
)
from elastic_hal.runtime.identity import content_digest


@pytest.fixture
def content(command: Callable[..., bytes]) -> bytes:
    return command("i32.const 0")


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts what is really compiled."""
    names: list[str] = []

    def count(engine: wasmtime.Engine, content: bytes, name: str, *, bridge: bool) -> object:
        names.append(name)
        return compile_guest(engine, content, name, bridge=bridge)

    monkeypatch.setattr(compilation, "compile_guest", count)
    return names


def test_a_component_is_known_by_its_content(content: bytes, file_of: Callable[[bytes], Path]) -> None:
    loaded = Engine().load(file_of(content))
    assert loaded.name == "guest"
    assert loaded.digest == content_digest(content)
    assert loaded.exports == ("wasi:cli/run@0.2.0",)
    assert loaded.imports == ()


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", NotWebAssemblyError, "empty"),
        (b"\x7fELF and so on", NotWebAssemblyError, "not WebAssembly"),
        (b"  (component)", TextFormatError, "text"),
        (b";; comment\n(module)", TextFormatError, "text"),
        (bytes(wasmtime.wat2wasm("(module)")), CoreModuleError, "core WebAssembly module"),
        (b"\0asm", CorruptComponentError, "header"),
        (b"\0asm\x0d\0", CorruptComponentError, "header"),
        (b"\0asm\x09\0\x01\0", CorruptComponentError, "unknown version"),
        (b"\0asm\x0d\0\x01\0\xff\xff", CorruptComponentError, "truncated|invalid"),
    ],
)
def test_files_that_are_no_component(
    file_of: Callable[[bytes], Path], data: bytes, error: type[ComponentError], words: str
) -> None:
    path = file_of(data)
    with pytest.raises(error, match=words) as caught:
        Engine().load(path)
    assert str(path) in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


def test_ctrl_c_does_not_wait_for_the_compiler(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler is held until Ctrl-C has been noticed; it works on a thread of its own, which then goes on."""
    main, at_work, go_on = threading.get_ident(), threading.Event(), threading.Event()

    def held(engine: wasmtime.Engine, content: bytes, name: str, *, bridge: bool) -> object:
        at_work.set()
        go_on.wait()
        return compile_guest(engine, content, name, bridge=bridge)

    def interrupt_it() -> None:
        at_work.wait()
        signal.pthread_kill(main, signal.SIGINT)

    monkeypatch.setattr(compilation, "compile_guest", held)
    watcher = threading.Thread(target=interrupt_it)
    watcher.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            Engine().compile(content, "large")
        (still_at_work,) = [thread for thread in threading.enumerate() if thread.name == "compilation of large"]
    finally:
        at_work.set()
        go_on.set()
        watcher.join()
    still_at_work.join()


def test_every_truncation_is_refused(content: bytes) -> None:
    engine = Engine()
    for end in range(len(content)):
        try:
            engine.compile(content[:end], "cut")
        except ComponentError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017
        # what is left can be a smaller valid component, cut between two sections


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        Engine().load(tmp_path / "absent.wasm")
    with pytest.raises(UnreadableError, match="directory"):
        Engine().load(tmp_path)


def test_a_component_is_compiled_once(content: bytes, tmp_path: Path, compilations: list[str]) -> None:
    first = Engine(tmp_path / "cache")
    assert first.compile(content, "a").compiled is first.compile(content, "b").compiled
    Engine(tmp_path / "cache").compile(content, "c")
    assert compilations == ["a"]


def entry_of(directory: Path) -> Path:
    (entry,) = directory.glob("*.cwasm")
    return entry


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "link", "permissions"])
def test_a_damaged_entry_is_compiled_again(
    content: bytes, tmp_path: Path, compilations: list[str], damage: str
) -> None:
    directory = tmp_path / "cache"
    Engine(directory).compile(content, "first")
    entry = entry_of(directory)
    data = entry.read_bytes()
    if damage == "flip":
        entry.write_bytes(data[:100] + bytes((data[100] ^ 1,)) + data[101:])
    elif damage == "cut":
        entry.write_bytes(data[:-1])
    elif damage == "empty":
        entry.write_bytes(b"")
    elif damage == "link":
        entry.rename(tmp_path / "elsewhere")
        entry.symlink_to(tmp_path / "elsewhere")
    else:
        entry.chmod(0o666)
    Engine(directory).compile(content, "second")
    Engine(directory).compile(content, "third")
    assert compilations == ["first", "second"]
    assert entry_of(directory).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_a_directory_that_others_can_enter_is_not_used(
    content: bytes, tmp_path: Path, compilations: list[str], caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    directory = tmp_path / "cache"
    directory.mkdir()
    directory.chmod(mode)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            Engine(directory).compile(content, "guest")
    assert compilations == ["guest", "guest"]
    assert "others may use it" in caplog.text
    assert not list(directory.iterdir())


def test_a_directory_of_another_user_is_not_used(
    content: bytes, tmp_path: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine(tmp_path / "cache").compile(content, "guest")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Engine(tmp_path / "cache").compile(content, "guest")
    assert compilations == ["guest", "guest"]


def test_a_new_key_makes_old_entries_worthless(content: bytes, tmp_path: Path, compilations: list[str]) -> None:
    Engine(tmp_path / "cache").compile(content, "first")
    (tmp_path / "cache" / "tag-key").write_bytes(b"short")
    Engine(tmp_path / "cache").compile(content, "second")
    Engine(tmp_path / "cache").compile(content, "third")
    assert compilations == ["first", "second"]


def test_a_cache_that_cannot_be_written_is_done_without(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Engine(tmp_path / "file" / "cache").compile(content, "guest").digest
    assert "not cached" in caplog.text


def test_the_default_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "elastic-hal" / "components"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "elastic-hal" / "components"
