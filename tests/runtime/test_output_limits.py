"""What guests write is bounded, and the host's work with it is theirs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from stream_guests import STREAM_CORE, STREAM_GIVEN, STREAMS

from elastic_hal.runtime import abi
from elastic_hal.runtime.cpu_share import CpuShare, Ticker
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.hosted import Hosted
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.output_meter import OutputMeter
from elastic_hal.runtime.policy import Grant, Policy

Run = Callable[..., Outcome]
Command = Callable[..., bytes]
CHUNK = 4096


def writing(command: Command, stream: str, times: int, end: str = "i32.const 0") -> bytes:
    """A guest that writes chunks; what the host says of each does not matter to it."""
    body = f"""(local $out i32) (local $left i32)
        (local.set $out (call $get)) (local.set $left (i32.const {times}))
        (loop $more
            (call $write (local.get $out) (i32.const 100) (i32.const {CHUNK}) (i32.const 0))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $more (i32.gt_s (local.get $left) (i32.const 0)))) {end}"""
    return command(body, STREAMS.replace("{stream}", stream).replace("{text}", "x"), STREAM_CORE, STREAM_GIVEN)


def limited(output_bytes: int | None, **limits: float) -> Grant:
    return Grant(limits=Limits(output_bytes=output_bytes, **limits))  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", ["out", "err"])
@pytest.mark.parametrize("end", ["i32.const 0", "(loop $ever (br $ever)) i32.const 0", "unreachable"])
def test_a_guest_that_writes_too_much_is_stopped_and_told_apart(
    run: Run, command: Command, stream: str, end: str
) -> None:
    written = bytearray()
    sink = {"output" if stream == "out" else "error": written.extend}
    outcome = run(writing(command, stream, 1000, end), grant=limited(10 * CHUNK + 1), **sink)
    assert (outcome.reason, outcome.exit_code) == ("output", 1)
    assert "40961B of output that it may write" in outcome.message
    assert len(written) == 10 * CHUNK + 1


@pytest.mark.parametrize(("limit", "reason"), [(10 * CHUNK, "exited"), (10 * CHUNK - 1, "output"), (None, "exited")])
def test_the_limit_is_exact(run: Run, command: Command, limit: int | None, reason: str) -> None:
    written = bytearray()
    outcome = run(writing(command, "out", 10), grant=limited(limit), output=written.extend)
    assert outcome.reason == reason
    assert len(written) == min(10 * CHUNK, 10 * CHUNK if limit is None else limit)


def test_a_guest_without_output_is_allowed_to_write_nothing(run: Run, command: Command) -> None:
    assert run(command("i32.const 0"), grant=limited(0)).succeeded
    assert run(writing(command, "out", 1), grant=limited(0), output=bytearray().extend).reason == "output"


def test_output_that_goes_to_the_host_is_counted_too(
    run: Run, command: Command, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(writing(command, "out", 1000), grant=limited(CHUNK)).reason == "output"
    assert len(capfdbinary.readouterr().out) == CHUNK


def test_both_streams_count_together() -> None:
    exceeded: list[bool] = []
    meter = OutputMeter(10, lambda seconds: None, lambda: exceeded.append(True))
    assert [meter.admit(size) for size in (4, 4, 4, 4)] == [4, 4, 2, 0]
    assert exceeded == [True]


def test_output_that_cannot_be_passed_on_fails_the_run(run: Run, command: Command) -> None:
    def full(data: bytes) -> None:
        raise OSError(28, "No space left on device")

    outcome = run(writing(command, "out", 1), output=full)
    assert outcome.reason == "host-error"
    assert outcome.message.endswith("its output could not be passed on: No space left on device")


def test_a_guest_whose_output_is_lost_is_stopped_at_once(run: Run, command: Command) -> None:
    """However it goes on: it writes without end, and finds no fault in its writing."""

    def full(data: bytes) -> None:
        raise OSError(28, "No space left on device")

    for stream in ("out", "err"):
        sinks = {"out": {"output": full}, "err": {"error": full}}[stream]
        outcome = run(writing(command, stream, 2**31 - 1), **sinks)
        assert outcome.reason == "host-error"
        assert outcome.message.endswith("its output could not be passed on: No space left on device")


def test_a_guest_whose_output_nobody_wants_any_more_is_stopped_without_a_complaint(
    run: Run, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(data: bytes) -> None:
        raise BrokenPipeError(32, "gone")

    with caplog.at_level(logging.DEBUG):
        assert run(writing(command, "out", 1), output=gone).reason == "unread"
    assert not caplog.records


def test_the_work_with_output_counts_as_the_guests(run: Run, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[float] = []
    monkeypatch.setattr(CpuShare, "charge", lambda self, seconds: charged.append(seconds))
    assert run(writing(command, "out", 1000), output=sum).succeeded
    assert sum(charged) > 0


def test_charged_time_makes_a_guest_wait() -> None:
    pauses: list[float] = []
    share = CpuShare(Ticker(lambda: None), pauses.append)
    share.set(100)
    share.tick()
    threading.Thread(target=share.charge, args=(1000.0,)).start()
    while not pauses or pauses[-1] < 5000:
        share.tick()
    assert pauses[-1] > 5000  # 1,000 s at a tenth of a core are 10,000 s of waiting
    share.set(1000)


def test_policies_bound_output(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    for text, expected in (("", 1 << 30), ("limits.output = '5MiB'", 5 << 20), ("limits.output = 'unbounded'", None)):
        path.write_text(f"version = 1\n[workload.a]\n{text}\n", encoding="utf-8")
        assert Policy.load(path).rules["a"].grant.limits.output_bytes == expected


def test_a_hosted_guest_is_bounded(engine: Engine, command: Command) -> None:
    written = bytearray()
    component = engine.compile(writing(command, "out", 1000, "(loop $ever (br $ever)) i32.const 0"), "guest")
    with Hosted(engine, component, limits=Limits(output_bytes=CHUNK), output=written.extend) as hosted:
        function = abi.GuestFunction(
            hosted.linker, hosted.store, hosted.instance, ("wasi:cli/run@0.2.9", "run"), result=abi.result(None, None)
        )
        with pytest.raises(abi.GuestTrap, match="stopped"):
            function()
    assert len(written) == CHUNK
