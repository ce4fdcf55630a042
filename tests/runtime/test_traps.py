"""Reports of traps taken apart: kinds, frames, what is told and what is left out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi import traps
from elastic_hal.runtime.abi.traps import Frame, TrapKind
from elastic_hal.runtime.bridge.names import NAMESPACE
from elastic_hal.runtime.standard_streams import StandardStreams, Tail

RUST = """error while executing at wasm backtrace:
    0: 0x112c594 - app.wasm!std::sys::pal::wasi::abort_internal::h0123456789abcdef
                    at /rustc/abc/library/std/src/sys/pal/wasi/mod.rs:92:14
    1: 0x1129bcd - app.wasm!__rustc::rust_panic
    2: 0x1137597 - app.wasm!core::panicking::panic_fmt
    3: 0x110c8e1 - app.wasm!app::parse::h0123456789abcdef
                    at src/lib.rs:12:3
    4: 0x110c8e1 - wit-component:adapter:wasi_snapshot_preview1!fd_write
    5: 0x11536c5 - <unknown>!test:py/counters@0.1.0#boom

Caused by:
    0: memory fault at wasm address 0x5f5e100 in linear memory of size 0x10000
    1: wasm trap: out of bounds memory access
"""


def test_a_report_is_taken_apart() -> None:
    report = traps.read_report(RUST)
    assert report.kind is TrapKind.MEMORY_OUT_OF_BOUNDS
    assert report.cause == "wasm trap: out of bounds memory access"
    assert report.frames[0].function == "std::sys::pal::wasi::abort_internal"
    assert report.frames[3] == Frame("app.wasm", "app::parse", "src/lib.rs:12:3")
    assert report.frames[5] == Frame("", "test:py/counters@0.1.0#boom")
    assert len(report.frames) == 6


def test_what_is_told_leaves_aborts_and_adapters_out() -> None:
    frames = traps.read_report(RUST).frames
    assert traps.backtrace(frames) == "  app.wasm!app::parse (src/lib.rs:12:3)\n  test:py/counters@0.1.0#boom"
    assert len(traps.backtrace(frames, whole=True).splitlines()) == 6
    assert traps.describe_trap(traps.read_report(RUST)).endswith("\n  in app::parse ← test:py/counters@0.1.0#boom")
    only = (Frame("m", "abort"),)
    assert traps.told_frames(only) == only


def test_a_guest_without_memory_for_what_it_passes() -> None:
    text = RUST.replace("app.wasm!app::parse::h0123456789abcdef", "app.wasm!wit_dylib_pop_iter_next")
    report = traps.read_report(text)
    assert report.kind is TrapKind.OUT_OF_MEMORY
    assert traps.ran_out_of_memory(text, "")
    assert not traps.ran_out_of_memory(RUST, "")


def test_an_adapter_without_memory_is_no_abort_of_the_guest() -> None:
    text = RUST.replace("app.wasm!std", f"{NAMESPACE}:memory!std").replace(
        "wasm trap: out of bounds memory access", "wasm trap: wasm `unreachable` instruction executed"
    )
    text = text.replace(
        "    0: memory fault at wasm address 0x5f5e100 in linear memory of size 0x10000\n    1: ", "    "
    )
    assert traps.read_report(text).kind is TrapKind.OUT_OF_MEMORY
    assert abi.GuestTrap("f", text).kind is TrapKind.OUT_OF_MEMORY


def test_messages_do_not_steer_a_terminal() -> None:
    report = RUST.replace("app::parse", "app::\x1b[2Jparse")
    assert "in app::\ufffd[2Jparse ←" in str(abi.GuestTrap("f", report))
    raised = "Traceback (most recent call last):\nValueError: \x1b[31mred\x07\n"
    trap = abi.GuestTrap("f", report, standard_error=raised)
    assert str(trap) == "f trapped: ValueError: \ufffd[31mred\ufffd"
    assert trap.guest_message == raised.rstrip(), "what it said is there as it said it"


def test_long_things_are_shortened() -> None:
    name = traps.short_name("a" * 300 + "::h0123456789abcdef")
    assert len(name) <= 100
    assert "…" in name
    assert traps.short_name(" ") == "an unnamed function"
    frames = tuple(Frame("m", f"f{number}") for number in range(200))
    lines = traps.backtrace(frames).splitlines()
    assert lines[-1] == "  … and 150 more"
    assert len(lines) == 51
    assert traps.backtrace((Frame("m", "f"),) * 7) == "  m!f  [7 times]"


TRACE = 'Traceback (most recent call last):\n  File "/0/app.py", line 1, in f\nKeyError: 1\n'
CHAIN = "\nDuring handling of the above exception, another exception occurred:\n\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"hello\n{TRACE}\nthread panicked\n", TRACE.rstrip()),
        (f"{TRACE}{CHAIN}{TRACE}after", f"{TRACE}{CHAIN}{TRACE}".rstrip()),
        (f"{TRACE}between\n{TRACE}", TRACE.rstrip()),
        (CHAIN + TRACE, CHAIN + TRACE.rstrip()),
        ("one\ntwo\n", "one\ntwo"),
        ("", ""),
    ],
)
def test_last_words(said: str, told: str) -> None:
    assert traps.last_words(said).strip() == told.strip()


@given(st.text(st.sampled_from("0123: x-!\n<>`atCausedby")), st.text())
def test_no_report_is_too_odd(report: str, said: str) -> None:
    text = f"error while executing at wasm backtrace:\n{report}\nCaused by:\n{said}"
    trap = abi.GuestTrap("f", text, standard_error=said)
    assert str(trap).startswith("f trapped: ")
    assert isinstance(trap.backtrace(), str)
    assert isinstance(trap.guest_message, str)


def test_names_that_a_guest_chose_do_not_decide_what_is_reported() -> None:
    """A function's name may hold anything: lines like those of a report, and more text than anyone wants to read."""
    for name in (
        "f\n\nCaused by:\n    the host failed in everything",
        "f\n    9: " + " " * 200_000,
        "f\n    9: " + "1" * 200_000 + "\n\nCaused by:\n",
        "f" + "\n    9: 0x1 - <unknown>!<wasm function 3>" * 6000,
        "long" * 200_000,
    ):
        report = traps.read_report(RUST.replace("app::parse", name))
        assert (report.kind, report.cause) == (TrapKind.MEMORY_OUT_OF_BOUNDS, "wasm trap: out of bounds memory access")


class Opening:
    """Takes the place of wasmtime's configuration, so that a test can write as a guest would."""

    def __init__(self) -> None:
        self.opened: list[int] = []

    def inherit_stdout(self) -> None:
        pass

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "stderr_file":
            self.opened.append(os.open(value, os.O_WRONLY))


def connected(sink: Callable[[bytes], object]) -> tuple[StandardStreams, int]:
    streams, config = StandardStreams(None, Tail(sink)), Opening()
    streams.connect(cast(wasmtime.WasiConfig, config))
    return streams, config.opened[0]


def test_last_words_wait_for_what_is_on_its_way() -> None:
    release = threading.Event()
    streams, pipe = connected(lambda data: release.wait())
    os.write(pipe, b"one\n")
    threading.Timer(0.05, release.set).start()
    os.write(pipe, b"two\n")
    assert streams.last_words() == "one\ntwo\n"
    os.close(pipe)
    streams.drain()
    assert streams.last_words() == "one\ntwo\n"


def test_a_sink_that_does_not_come_back_delays_last_words_for_a_moment_only() -> None:
    release = threading.Event()
    streams, pipe = connected(lambda data: release.wait())
    os.write(pipe, b"stuck\n")
    assert streams.last_words() in ("stuck\n", "")
    release.set()
    os.close(pipe)
    streams.drain()


def test_without_a_tail_there_are_no_last_words() -> None:
    assert StandardStreams(None, lambda data: None).last_words() == ""


FUSED = """error while executing at wasm backtrace:
    0:   0x1679 - <unknown>!<wasm function 36>
    1:   0x161e - <unknown>!<wasm function 35>
    2:   0x3718 - {caller}
    3:   0x3328 - <unknown>!inner
    4:   0x3350 - <unknown>!<wasm function 29>

Caused by:
    {cause}
"""


@pytest.mark.parametrize("cause", ["wasm trap: unaligned pointer", "unknown handle index 1256", "wasm trap: interrupt"])
def test_code_that_copies_between_components_is_left_out(cause: str) -> None:
    """It has no names and may call functions of its own; what a named module has called without a name is such code."""
    frames = traps.read_report(FUSED.format(caller="wit-component:shim!indirect-test", cause=cause)).frames
    assert traps.backtrace(frames) == "  inner\n  <wasm function 29>"
    frames = traps.read_report(FUSED.format(caller="main!work", cause=cause)).frames
    assert traps.backtrace(frames) == "  main!work\n  inner\n  <wasm function 29>"


def test_functions_without_names_are_kept_where_they_may_be_the_guests() -> None:
    frames = traps.read_report(FUSED.format(caller="<unknown>!work", cause="wasm trap: interrupt")).frames
    assert traps.backtrace(frames).splitlines()[0] == "  <wasm function 36>"
    report = traps.read_report(
        FUSED.format(caller="main!work", cause="wasm trap: wasm `unreachable` instruction executed")
    )
    assert report.kind is TrapKind.UNREACHABLE


@pytest.mark.parametrize(
    ("plain", "fused"),
    [
        ("map pointer is not aligned", "wasm trap: unaligned pointer"),
        ("pointer not aligned", "wasm trap: unaligned pointer"),
        ("string pointer not aligned to 2", "wasm trap: unaligned pointer"),
        ("pointer out of bounds", "wasm trap: out of bounds memory access"),
        ("map pointer/length out of bounds of memory", "wasm trap: list content out-of-bounds"),
    ],
)
def test_both_ways_to_take_a_value_say_the_same(plain: str, fused: str) -> None:
    first, second = (traps.read_report(f"x\nCaused by:\n    {cause}") for cause in (plain, fused))
    assert (first.kind, first.cause) == (second.kind, second.cause)
    assert first.kind in (TrapKind.BAD_VALUE, TrapKind.MEMORY_OUT_OF_BOUNDS)
