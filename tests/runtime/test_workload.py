"""Running guests: how they end, what stops them, what they see of the host."""

import gc
import signal
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stream_guests import STREAM_CORE, STREAM_GIVEN, STREAMS

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import GrantError, NotACommandError, UnlinkableImportError
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.policy import DirectoryGrant, Grant
from elastic_hal.runtime.workload import Workload

Run = Callable[..., Outcome]
Command = Callable[..., bytes]
LOOP = "(loop $l (br $l)) i32.const 0"

SLEEP = """
    (import "wasi:io/poll@0.2.9" (instance $poll (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.9" (instance $clock (export "pollable" (type $same (eq $pollable)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $same))))))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))"""


def saying(command: Command, text: str, stream: str, end: str) -> bytes:
    body = f"(call $write (call $get) (i32.const 100) (i32.const {len(text)}) (i32.const 0)) {end}"
    imports = STREAMS.replace("{stream}", stream).replace("{text}", text)
    return command(body, imports, STREAM_CORE, STREAM_GIVEN)


def test_a_guest_that_succeeds(run: Run, command: Command) -> None:
    outcome = run(command("i32.const 0"))
    assert outcome.succeeded
    assert (outcome.reason, outcome.exit_code, outcome.message) == ("exited", 0, "")
    assert outcome.seconds >= 0


def test_a_guest_that_fails(run: Run, command: Command) -> None:
    outcome = run(command("i32.const 1"))
    assert (outcome.reason, outcome.exit_code, outcome.succeeded) == ("exited", 1, False)


def test_an_exit_code_of_the_guests_own(run: Run, command: Command) -> None:
    imports = """(import "wasi:cli/exit@0.2.9" (instance $e (export "exit-with-code" (func (param "status-code" u8)))))
        (core func $exit (canon lower (func $e "exit-with-code")))"""
    core = '(import "h" "exit" (func $exit (param i32)))'
    body = "(call $exit (i32.const 42)) unreachable"
    outcome = run(command(body, imports, core, '(with "h" (instance (export "exit" (func $exit))))'))
    assert (outcome.reason, outcome.exit_code) == ("exited", 42)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("unreachable", "unreachable"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero"),
        ("(call 0)", "call stack exhausted"),
        ("i32.const 7", "discriminant"),
    ],
)
def test_a_trap_is_told_in_a_line_or_two(run: Run, command: Command, body: str, words: str) -> None:
    outcome = run(command(body))
    assert (outcome.reason, outcome.exit_code) == ("trapped", 1)
    assert words in outcome.message
    assert len(outcome.message.splitlines()) <= 2
    assert run(command("i32.const 0")).succeeded, "the host goes on"


@pytest.mark.parametrize(
    "name",
    ["not found in the linker: wasm trap: interrupt", "x\\n    9: " + " " * 90_000, "x\\n\\nCaused by:\\n    y"],
    ids=["words", "spaces", "causes"],
)
def test_a_function_of_the_guest_may_have_any_name(run: Run, command: Command, name: str) -> None:
    outcome = run(command("(call $odd)", core=f'(func $odd (@name "{name}") (result i32) unreachable)'))
    assert outcome.reason == "trapped"
    assert "unreachable" in outcome.message


def test_the_deadline_stops_a_guest_that_computes(run: Run, command: Command) -> None:
    outcome = run(command(LOOP), limits=Limits(deadline_seconds=0.1))
    assert outcome.reason == "deadline"
    assert "0.1 seconds" in outcome.message


def test_the_deadline_stops_a_guest_that_waits(run: Run, command: Command) -> None:
    core = """(import "h" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "h" "block" (func $block (param i32)))"""
    given = '(with "h" (instance (export "subscribe" (func $subscribe)) (export "block" (func $block))))'
    body = "(call $block (call $subscribe (i64.const 10000000000))) i32.const 0"
    outcome = run(command(body, SLEEP, core, given), limits=Limits(deadline_seconds=0.1))
    assert outcome.reason == "deadline"
    assert "waiting in a host function" in outcome.message


def test_what_a_provider_makes_after_the_end_is_dropped(run: Run, command: Command) -> None:
    ended, dropped = threading.Event(), threading.Event()

    class Late(abi.Resource):
        def drop(self) -> None:
            dropped.set()

    def make() -> Late:
        ended.wait()
        return Late()

    def link(linker: abi.Linker, workload: Workload) -> None:
        with linker.instance("test:host/api@0.1.0") as instance:
            instance.resource("late", Late)
            instance.function("make", make, (), abi.own(Late))

    imports = """(import "test:host/api@0.1.0" (instance $api (export "late" (type $late (sub resource)))
        (export "make" (func (result (own $late)))))) (core func $make (canon lower (func $api "make")))"""
    core = '(import "h" "make" (func $make (result i32)))'
    content = command(
        "(drop (call $make)) i32.const 0", imports, core, '(with "h" (instance (export "make" (func $make))))'
    )
    assert run(content, link=link, limits=Limits(deadline_seconds=0.1)).reason == "deadline"
    ended.set()
    dropped.wait()


def test_a_deadline_stops_only_its_own_guest(run: Run, command: Command) -> None:
    outcomes: dict[str, Outcome] = {}
    count = """(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 400000000)))) i32.const 0"""

    def start(name: str, body: str, limits: Limits) -> None:
        outcomes[name] = run(command(body), name=name, limits=limits)

    threads = [
        threading.Thread(target=start, args=("counts", count, Limits(deadline_seconds=600))),
        threading.Thread(target=start, args=("loops", LOOP, Limits(deadline_seconds=0.1))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes["loops"].reason == "deadline"
    assert outcomes["counts"].succeeded


def test_an_interrupt_stops_the_guest_and_is_raised(run: Run, command: Command) -> None:
    timer = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    content = command(LOOP)

    def interrupted() -> None:
        timer.start()
        run(content)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()
    assert run(command("i32.const 0")).succeeded


def test_growth_beyond_the_memory_limit_is_refused(run: Run, command: Command) -> None:
    body = "(i32.ne (memory.grow (i32.const {pages})) (i32.const {answer}))"
    limits = Limits(memory_bytes=4 * 65536)
    assert run(command(body.format(pages=3, answer=1)), limits=limits).succeeded
    assert run(command(body.format(pages=4, answer=-1)), limits=limits).succeeded


def test_a_guest_that_needs_more_memory_at_once(run: Run, command: Command) -> None:
    outcome = run(command("i32.const 0", core="(memory 100)"), limits=Limits(memory_bytes=65536))
    assert outcome.reason == "memory"
    assert "64KiB" in outcome.message


@pytest.mark.parametrize("words", ["MemoryError", "memory allocation of 99 bytes failed"])
@pytest.mark.parametrize("end", ["unreachable", "i32.const 1"])
def test_a_guest_that_says_it_ran_out_of_memory(run: Run, command: Command, words: str, end: str) -> None:
    assert run(saying(command, words, "err", end), error=lambda data: None).reason == "memory"


def test_output_goes_where_it_is_sent(run: Run, command: Command) -> None:
    written: list[bytes] = []
    assert run(saying(command, "hello", "out", "i32.const 0"), output=written.append).succeeded
    assert b"".join(written) == b"hello"


def test_standard_output_is_the_hosts_unless_sent_elsewhere(
    run: Run, command: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(saying(command, "to one", "out", "i32.const 0")).succeeded
    assert run(saying(command, "to two", "err", "i32.const 0")).succeeded
    assert capfd.readouterr() == ("to one", "to two")


def test_last_words_are_part_of_the_outcome(run: Run, command: Command) -> None:
    written: list[bytes] = []
    outcome = run(saying(command, "Traceback: \\1b[31mno", "err", "unreachable"), error=written.append)
    assert outcome.reason == "trapped"
    assert outcome.standard_error.startswith("Traceback: ")
    assert "\x1b" not in outcome.standard_error
    assert b"\x1b" in b"".join(written)


def test_a_sink_that_fails_ends_the_run(run: Run, command: Command) -> None:
    def fail(data: bytes) -> None:
        raise OSError(5, "Input/output error")

    assert run(saying(command, "hello", "out", "i32.const 0"), output=fail).reason == "host-error"


def test_nothing_of_a_run_is_kept(run: Run, calling: Callable[..., bytes]) -> None:
    """A provider knows the control of its run, wasmtime knows the provider: that circle must not live on."""
    controls: list[weakref.ref[Any]] = []

    def link(linker: abi.Linker, workload: Workload) -> None:
        control = workload.control
        controls.append(weakref.ref(control))
        with linker.instance("test:host/api@0.1.0") as instance:
            instance.function("get", lambda: control.memory_bytes, (), abi.u64)

    guest = calling("(drop (call $get)) i32.const 0", {"get": ("(result u64)", "(result i64)")})
    for _ in range(3):
        assert run(guest, link=link).succeeded
    gc.collect()
    assert [control() for control in controls] == [None] * 3


def test_two_workloads_at_once(run: Run, calling: Callable[..., bytes], linking: Callable[..., Any]) -> None:
    meeting = threading.Barrier(2, timeout=600)
    threads_seen: set[int] = set()

    def meet() -> None:
        threads_seen.add(threading.get_ident())
        meeting.wait()

    outcomes: list[Outcome] = []
    guest = calling("(call $meet) i32.const 0", {"meet": ("", "")})
    threads = [
        threading.Thread(target=lambda: outcomes.append(run(guest, link=linking({"meet": (meet, (), None)}))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.reason for outcome in outcomes] == ["exited", "exited"]
    assert len(threads_seen) == 2


@pytest.mark.parametrize(
    ("imports", "words"),
    [
        ('(import "acme:foo/bar@1.0.0" (instance (export "f" (func))))', ("acme:foo/bar@1.0.0", "WASI 0.2.9")),
        (
            '(import "test:host/api@0.9.0" (instance (export "f" (func))))',
            ("test:host/api@0.9.0", "test:host/api@0.1.0"),
        ),
        ('(import "wasi:random/random@0.3.0" (instance (export "f" (func))))', ("@0.3.0", "wasi:random/random@0.2.9")),
        ('(import "wasi:http/types@0.2.0" (instance (export "f" (func))))', ("wasi:http/types", "test:host/api@0.1.0")),
        ('(import "test:host/api@0.1.0" (instance (export "absent" (func))))', ("absent", "version")),
        ('(import "lonely" (func))', ("lonely", "test:host/api@0.1.0")),
    ],
)
def test_imports_that_are_not_there(
    run: Run, command: Command, linking: Callable[..., Any], imports: str, words: tuple[str, str]
) -> None:
    with pytest.raises(UnlinkableImportError) as caught:
        run(command("i32.const 0", imports), link=linking({"f": (lambda: None, (), None)}))
    assert words[0] in caught.value.message
    assert words[1] in caught.value.hint


def test_imports_of_compatible_versions_and_of_types_alone(
    run: Run, command: Command, linking: Callable[..., Any]
) -> None:
    imports = """(import "test:host/api@0.1.7" (instance (export "f" (func))))
        (import "acme:only/types@3.0.0" (instance (type $e (enum "a" "b")) (export "e" (type (eq $e)))))"""
    assert run(command("i32.const 0", imports), link=linking({"f": (lambda: None, (), None)})).succeeded


def test_a_component_without_an_entry_point(run: Run, assemble: Callable[[str], bytes]) -> None:
    with pytest.raises(NotACommandError, match="wasi:cli/run"):
        run(assemble("(component)"))


def test_a_granted_directory_must_be_there(run: Run, command: Command, tmp_path: Path) -> None:
    missing = DirectoryGrant(tmp_path / "missing", "/data")
    with pytest.raises(GrantError, match="no such directory"):
        run(command("i32.const 0"), grant=Grant(directories=(missing,)))
    there = DirectoryGrant(tmp_path, "/data")
    assert run(command("i32.const 0"), grant=Grant(directories=(there,))).succeeded


@pytest.mark.parametrize("granted", [(), ("ELASTIC_TEST_VARIABLE", "ELASTIC_TEST_UNSET")])
def test_a_guest_sees_its_arguments_and_granted_variables_only(
    run: Run, command: Command, monkeypatch: pytest.MonkeyPatch, granted: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ELASTIC_TEST_VARIABLE", "value")
    imports = """(import "wasi:cli/environment@0.2.9" (instance $e
        (export "get-environment" (func (result (list (tuple string string)))))
        (export "get-arguments" (func (result (list string))))))
        (core module $memory (memory (export "m") 1) (global $n (mut i32) (i32.const 1024))
            (func (export "r") (param i32 i32 i32 i32) (result i32)
                (global.get $n)
                (global.set $n
                    (i32.and (i32.add (i32.add (global.get $n) (local.get 3)) (i32.const 7)) (i32.const -8)))))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "m" (core memory $m))
        (alias core export $memory "r" (core func $r))
        (core func $env (canon lower (func $e "get-environment") (memory $m) (realloc $r)))
        (core func $args (canon lower (func $e "get-arguments") (memory $m) (realloc $r)))"""
    core = """(import "h" "env" (func $env (param i32))) (import "h" "args" (func $args (param i32)))
        (import "memory" "m" (memory 1))"""
    given = """(with "memory" (instance $memory))
        (with "h" (instance (export "env" (func $env)) (export "args" (func $args))))"""
    body = f"""(call $env (i32.const 0)) (call $args (i32.const 16))
        (i32.or (i32.ne (i32.load (i32.const 4)) (i32.const {1 if granted else 0}))
                (i32.ne (i32.load (i32.const 20)) (i32.const 3)))"""
    outcome = run(command(body, imports, core, given), grant=Grant(environment=granted), arguments=["one", "two"])
    assert outcome.exit_code == 0


def test_limits_come_from_the_grant(engine: Engine, command: Command) -> None:
    component = engine.compile(command(LOOP), "loops")
    grant = Grant(limits=Limits(deadline_seconds=0.05))
    assert Workload(engine, component, Identity("loops", component.digest), grant).run().reason == "deadline"
