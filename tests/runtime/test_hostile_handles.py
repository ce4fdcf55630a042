"""Handles in every position, in the hands of guests that mean no good: typed errors or traps, and nothing is left."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.leftovers import resources_in
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import ComponentError
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload

INTERFACE = "test:host/handles@0.1.0"
Run = Callable[..., Outcome]


class Thing(abi.Resource):
    def __init__(self, host: "Host") -> None:
        self.host = host
        self.number = len(host.made)
        host.made.append(self)

    def drop(self) -> None:
        self.host.dropped.append(self.number)


class Other(abi.Resource):
    pass


@dataclass(frozen=True, slots=True)
class Parcel:
    """A record with a handle in it."""

    thing: Thing
    weight: int


class Host:
    """Provides things, and keeps account of them."""

    def __init__(self) -> None:
        self.made: list[Thing] = []
        self.dropped: list[int] = []
        self.seen: list[Any] = []

    def see(self, *values: Any) -> int:
        self.seen.append(values)
        return len(values)

    def give(self, count: int) -> list[Any]:
        """As many things as asked for; at 7 the last is none, so that lowering fails behind six that are fine."""
        things: list[Any] = [Thing(self) for _ in range(count)]
        return [*things[:-1], "no thing"] if count == 7 else things

    def fail(self) -> None:
        """Fails with two things, between which there is what does not fit."""
        raise abi.ResultError((Thing(self), 256, Thing(self)))

    def link(self, linker: abi.Linker, workload: Workload) -> None:
        own, lent = abi.own(Thing), abi.borrow(Thing)
        parcel = abi.record(Parcel, (("thing", "thing", own), ("weight", "weight", abi.u8)))
        with linker.instance(INTERFACE) as instance:
            instance.resource("thing", Thing)
            instance.resource("other", Other)
            instance.function("make", lambda: Thing(self), (), own)
            instance.function("make-other", Other, (), abi.own(Other))
            instance.function("two", self.see, (lent, lent), abi.u32)
            instance.function("lend-and-give", self.see, (lent, own), abi.u32)
            instance.function("give-and-give", self.see, (own, own), abi.u32)
            instance.function("lend-all", self.see, (abi.list_(lent),), abi.u32)
            instance.function("give-all", self.see, (abi.list_(own),), abi.u32)
            instance.function("maybe", self.see, (abi.option(lent),), abi.u32)
            instance.function("send", self.see, (parcel,), abi.u32)
            instance.function("many", self.give, (abi.u32,), abi.list_(own))
            error = abi.tuple_(own, abi.u8, own)
            instance.function("fail", self.fail, (), abi.fallible(None, error, (abi.ResultError,)))


SIGNATURES = {
    "make": ("(result (own $thing))", "(result i32)"),
    "make-other": ("(result (own $other))", "(result i32)"),
    "two": ('(param "a" (borrow $thing)) (param "b" (borrow $thing)) (result u32)', "(param i32 i32) (result i32)"),
    "lend-and-give": (
        '(param "a" (borrow $thing)) (param "b" (own $thing)) (result u32)',
        "(param i32 i32) (result i32)",
    ),
    "give-and-give": ('(param "a" (own $thing)) (param "b" (own $thing)) (result u32)', "(param i32 i32) (result i32)"),
    "lend-all": ('(param "all" (list (borrow $thing))) (result u32)', "(param i32 i32) (result i32)"),
    "give-all": ('(param "all" (list (own $thing))) (result u32)', "(param i32 i32) (result i32)"),
    "maybe": ('(param "it" (option (borrow $thing))) (result u32)', "(param i32 i32) (result i32)"),
    "send": ('(param "it" $parcel) (result u32)', "(param i32 i32) (result i32)"),
    "many": ('(param "count" u32) (result (list (own $thing)))', "(param i32 i32)"),
    "fail": ("(result (result (error (tuple (own $thing) u8 (own $thing)))))", "(param i32)"),
}
MEMORY = """(core module $memory (memory (export "m") 2) (func (export "r") (param i32 i32 i32 i32) (result i32)
        (i32.const 4096)))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))"""


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def guest(command: Callable[..., bytes]) -> Callable[[str], bytes]:
    """A guest whose body may use every function above, $drop and $drop-other, and the locals $a, $b, $c and $n."""

    def make(body: str) -> bytes:
        functions = " ".join(f'(export "{name}" (func {text}))' for name, (text, _) in SIGNATURES.items())
        lowered = " ".join(
            f'(core func ${name} (canon lower (func $api "{name}") (memory $m) (realloc $r)))' for name in SIGNATURES
        )
        imports = f"""(import "{INTERFACE}" (instance $api
            (export "thing" (type $thing (sub resource))) (export "other" (type $other (sub resource)))
            (type $record (record (field "thing" (own $thing)) (field "weight" u8)))
            (export "parcel" (type $parcel (eq $record)))
            {functions}))
            (alias export $api "thing" (type $thing)) (alias export $api "other" (type $other))
            {MEMORY} {lowered}
            (core func $drop (canon resource.drop $thing)) (core func $drop-other (canon resource.drop $other))"""
        names = [*SIGNATURES, "drop", "drop-other"]
        core = {
            **{name: flat for name, (_, flat) in SIGNATURES.items()},
            "drop": "(param i32)",
            "drop-other": "(param i32)",
        }
        imported = " ".join(f'(import "h" "{name}" (func ${name} {core[name]}))' for name in names)
        given = " ".join(f'(export "{name}" (func ${name}))' for name in names)
        return command(
            f"(local $a i32) (local $b i32) (local $c i32) (local $n i32) {body} i32.const 0",
            imports,
            f'(import "memory" "m" (memory 2)) {imported}',
            f'(with "memory" (instance $memory)) (with "h" (instance {given}))',
        )

    return make


A, B = "(local.set $a (call $make))", "(local.set $b (call $make))"
DROP = "(call $drop (local.get $a)) (call $drop (local.get $b))"
STORE = "(i32.store (i32.const 64) (local.get $a)) (i32.store (i32.const 68) (local.get $b))"


def test_two_borrowed_handles_in_one_call(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    body = A + B + "(drop (call $two (local.get $b) (local.get $a))) (drop (call $two (local.get $a) (local.get $a)))"
    assert run(guest(body + DROP), link=host.link).succeeded
    one, other = host.made
    assert host.seen == [(other, one), (one, one)]
    assert sorted(host.dropped) == [0, 1]


def test_handles_inside_lists_options_and_records(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    body = f"""{A} {B} {STORE}
        (drop (call $lend-all (i32.const 64) (i32.const 2))) (drop (call $lend-all (i32.const 64) (i32.const 0)))
        (drop (call $maybe (i32.const 1) (local.get $a))) (drop (call $maybe (i32.const 0) (i32.const 77)))
        (drop (call $send (local.get $a) (i32.const 5)))
        (i32.store (i32.const 64) (local.get $b)) (drop (call $give-all (i32.const 64) (i32.const 1)))"""
    assert run(guest(body), link=host.link).succeeded
    one, other = host.made
    assert host.seen == [([one, other],), ([],), (one,), (None,), (Parcel(one, 5),), ([other],)]
    assert host.dropped == []


def test_many_borrows_many_times(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    body = f"""{A} (local.set $n (i32.const 8000))
        (loop $fill (i32.store (i32.mul (local.get $n) (i32.const 4)) (local.get $a))
            (br_if $fill (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $n (i32.const 20))
        (loop $lend (drop (call $lend-all (i32.const 4) (i32.const 8000)))
            (br_if $lend (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $drop (local.get $a))"""
    assert run(guest(body), link=host.link).succeeded
    assert [len(values[0]) for values in host.seen] == [8000] * 20
    assert host.dropped == [0]


@pytest.mark.parametrize(
    "misuse",
    [
        "(drop (call $give-and-give (local.get $a) (local.get $a)))",
        "(drop (call $lend-and-give (local.get $a) (local.get $a)))",
        "(i32.store (i32.const 64) (local.get $a)) (i32.store (i32.const 68) (local.get $a))"
        "(drop (call $give-all (i32.const 64) (i32.const 2)))",
        "(i32.store (i32.const 64) (local.get $a)) (drop (call $lend-all (i32.const 64) (i32.const 2)))",
        "(drop (call $two (local.get $a) (i32.const 99)))",
        "(drop (call $give-and-give (local.get $a) (i32.const -1)))",
        "(drop (call $send (local.get $a) (i32.const 5))) (drop (call $maybe (i32.const 1) (local.get $a)))",
        "(drop (call $lend-all (i32.const 131068) (i32.const 2)))",
        "(drop (call $lend-all (i32.const 0) (i32.const 0x3fffffff)))",
        "(drop (call $lend-all (i32.const 66) (i32.const 1)))",
        "(drop (call $maybe (i32.const 2) (local.get $a)))",
    ],
    ids=[
        *("own-twice", "lent-and-given", "own-twice-in-a-list", "zero-handle", "invented", "own-then-invented"),
        *("after-given", "beyond-memory", "huge", "unaligned", "invented-case"),
    ],
)
def test_misuse_traps_before_the_provider_sees_it(
    run: Run, host: Host, guest: Callable[[str], bytes], misuse: str
) -> None:
    outcome = run(guest(A + misuse), link=host.link)
    assert outcome.reason == "trapped", outcome
    given = [value.thing for values in host.seen for value in values if isinstance(value, Parcel)]
    assert len(host.seen) == len(given)
    assert host.dropped == ([] if given else [0]), "what no provider took over is dropped when the workload ends"


@pytest.mark.parametrize("misuse", ["(drop (call $two (local.get $a) (local.get $b)))", "(call $drop (local.get $b))"])
def test_a_handle_of_another_resource_traps(run: Run, host: Host, guest: Callable[[str], bytes], misuse: str) -> None:
    # Handles count from 1 for all resources of an instance or for each; either way the second is not a thing.
    body = A + "(call $drop-other (call $make-other)) (local.set $b (call $make-other))" + misuse
    outcome = run(guest(body), link=host.link)
    assert outcome.reason == "trapped"
    assert host.seen == []
    assert host.dropped == [0]


def test_a_list_of_handles_that_fails_half_way_leaves_none(
    run: Run, host: Host, guest: Callable[[str], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(
        guest("(call $many (i32.const 3) (i32.const 64)) (call $many (i32.const 7) (i32.const 64))"), link=host.link
    )
    assert outcome.reason == "host-error"
    assert "a value of type str cannot be passed as own<Thing>" in caplog.text
    assert sorted(host.dropped)[:3] == [0, 1, 2]
    assert sorted(host.dropped)[3:] == [3, 4, 5, 6, 7, 8]


def test_handles_of_a_typed_error_that_fails_half_way_leave_none(
    run: Run, host: Host, guest: Callable[[str], bytes]
) -> None:
    outcome = run(guest("(call $fail (i32.const 64))"), link=host.link)
    assert outcome.reason == "host-error"
    assert sorted(host.dropped) == [0, 1]


def test_the_limit_of_handles_holds_inside_one_list(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    outcome = run(guest("(call $many (i32.const 6) (i32.const 64))"), link=host.link, limits=Limits(handles=5))
    assert outcome.reason == "trapped"
    assert "5 handles" in outcome.message
    assert sorted(host.dropped) == list(range(6)), "also the one for which there was no handle left"


def test_a_guest_that_never_drops_is_stopped_by_the_limit(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    outcome = run(guest("(loop $again (drop (call $make)) (br $again))"), link=host.link, limits=Limits(handles=2000))
    assert outcome.reason == "trapped"
    assert len(host.made) == 2001
    assert sorted(host.dropped) == list(range(2001))


def test_what_is_kept_beyond_the_call_is_only_an_object(run: Run, host: Host, guest: Callable[[str], bytes]) -> None:
    """A provider that keeps what it was lent cannot be made to use a handle: it has none."""
    assert run(guest(A + B + "(drop (call $two (local.get $a) (local.get $b)))" + DROP), link=host.link).succeeded
    assert [thing.number for thing in host.seen[0]] == [0, 1]
    assert sorted(host.dropped) == [0, 1]


@pytest.mark.parametrize(
    "text",
    [
        """(import "i" (instance $i (export "t" (type $t (sub resource)))))
            (alias export $i "t" (type $t)) (core func $new (canon resource.new $t))""",
        """(import "i" (instance $i (export "t" (type $t (sub resource)))))
            (alias export $i "t" (type $t)) (core func $rep (canon resource.rep $t))""",
    ],
    ids=["new", "rep"],
)
def test_representations_cannot_be_forged(engine: Engine, assemble: Callable[[str], bytes], text: str) -> None:
    with pytest.raises(ComponentError):
        engine.compile(assemble(f"(component {text})"), "forger")


def test_a_resource_of_the_guests_own_is_refused_where_the_hosts_is_wanted(
    run: Run, host: Host, command: Callable[..., bytes]
) -> None:
    """The guest imports an interface of the same shape but brings the resource type itself."""
    imports = f"""(type $mine (resource (rep i32)))
        (import "{INTERFACE}" (instance $api (export "two" (func (param "a" (borrow $mine)) (param "b" (borrow $mine))
            (result u32)))))
        (core func $new (canon resource.new $mine)) (core func $two (canon lower (func $api "two")))"""
    with pytest.raises(Exception, match=r"(?i)resource|component"):
        run(command("i32.const 0", imports), link=host.link)
    assert host.seen == []


def test_handles_of_one_workload_mean_nothing_to_another(run: Run, guest: Callable[[str], bytes]) -> None:
    """Two workloads at once: the same numbers lead each to its own objects, on its own thread."""
    meeting = threading.Barrier(2, timeout=600)
    hosts = [Host(), Host()]
    threads: list[list[int]] = [[], []]

    def start(index: int) -> None:
        host = hosts[index]

        def see(*values: Any) -> int:
            threads[index].append(threading.get_ident())
            host.seen.append(values)
            if len(host.seen) == 1:
                meeting.wait()
            return 0

        host.see = see  # type: ignore[method-assign]
        body = A + B + "(drop (call $two (local.get $a) (local.get $b)))" * 200 + DROP
        outcomes[index] = run(guest(body), link=host.link, name=f"guest-{index}")

    outcomes: list[Any] = [None, None]
    runners = [threading.Thread(target=start, args=(index,)) for index in (0, 1)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert all(outcome.succeeded for outcome in outcomes)
    for index, host in enumerate(hosts):
        assert host.seen == [tuple(host.made)] * 200
        assert sorted(host.dropped) == [0, 1]
        assert len(set(threads[index])) == 1
    assert not set(threads[0]) & set(threads[1])


def test_resources_are_found_wherever_a_value_has_them() -> None:
    host = Host()
    things = [Thing(host) for _ in range(8)]
    first, second, third, fourth, fifth, sixth, seventh, eighth = things
    value = [first, (second, None, "text"), {"key": third}, Parcel(fourth, 1), abi.Ok(fifth), abi.Err(sixth)]
    value += [abi.Some(seventh), abi.ResultError(eighth), first, value]
    assert list(resources_in(value)) == things
