"""Guests written by hand, as no toolchain makes them, with and without the bytes bridge: the same is seen of them."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload

ENGINE = Engine()
API = "test:hand/api@0.1.0"
FUNCTIONS = {
    "take": ('(param "data" (list u8)) (result u32)', "(param i32 i32) (result i32)"),
    "nest": ('(param "data" (list (list u8))) (result u32)', "(param i32 i32) (result i32)"),
    "give": ('(param "size" u32) (result (list u8))', "(param i32 i32)"),
    "twice": ('(param "data" (list u8)) (result (list (list u8)))', "(param i32 i32 i32)"),
    "text": ('(param "text" string) (param "data" (list u8)) (result string)', "(param i32 i32 i32 i32 i32)"),
    "make": ('(param "data" (list u8)) (result (own $thing))', "(param i32 i32) (result i32)"),
    "lend": ('(param "all" (list (borrow $thing))) (param "data" (list u8))', "(param i32 i32 i32 i32)"),
    "tick": ('(param "data" (list u8))', "(param i32 i32)"),
}
TYPES = ['(export "thing" (type $thing (sub resource)))']
GROWING = """(local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16))) (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.shr_u (local.get 3) (i32.const 16)))) (then unreachable))
        (drop (memory.grow (i32.const 1)))))
    (memory.copy (local.get $at) (local.get 0) (local.get 1)) (local.get $at)"""


@dataclass(frozen=True)
class Guest:
    """The body of `run`, which gives a u32, and what else makes the guest special."""

    body: str
    ends: str = ""
    """Words of the trap that ends it; empty where it returns."""
    realloc: str = GROWING
    pages: int = 1
    encoding: str = "utf8"
    after: str = ""
    """The body of its post-return function, if it has one."""
    memory_limit: int = -1


def component(guest: Guest) -> bytes:
    exports = " ".join(f'(export "{name}" (func {text}))' for name, (text, _) in FUNCTIONS.items())
    options = f"(memory $m) (realloc $r) string-encoding={guest.encoding}"
    lowered = " ".join(f'(core func ${name} (canon lower (func $api "{name}") {options}))' for name in FUNCTIONS)
    imported = " ".join(f'(import "h" "{name}" (func ${name} {core}))' for name, (_, core) in FUNCTIONS.items())
    given = " ".join(f'(export "{name}" (func ${name}))' for name in FUNCTIONS)
    after = f'(func (export "after") (param i32) {guest.after})' if guest.after else ""
    post_return = '(post-return (core func $main "after"))' if guest.after else ""
    return bytes(
        wasmtime.wat2wasm(f"""(component
        (import "{API}" (instance $api {" ".join(TYPES)} {exports}))
        (alias export $api "thing" (type $thing)) (core func $drop (canon resource.drop $thing))
        (core module $memory (memory (export "m") {guest.pages}) (global $next (mut i32) (i32.const 8192))
            (table (export "t") 1 funcref) (type $call (func (param i32 i32) (result i32)))
            (func $r (export "r") (param i32 i32 i32 i32) (result i32) (local $at i32) {guest.realloc}))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r)) {lowered}
        (core module $main (import "memory" "m" (memory 1)) (import "memory" "t" (table 1 funcref)) {imported}
            (import "h" "drop" (func $drop (param i32)))
            (elem (i32.const 0) $take)
            (data (i32.const 64) "some bytes, and text: \\c3\\a9\\f0\\9f\\90\\8d")
            (data (i32.const 128) "a\\00b\\00\\e9\\00\\3d\\d8\\0d\\dc") (data (i32.const 160) "\\00\\d8a\\00")
            (func $inner (result i32) (local $a i32) (local $b i32) {guest.body})
            (func (export "run") (result i32) (call $inner)) {after})
        (core instance $main (instantiate $main (with "memory" (instance $memory)) (with "h" (instance {given}
            (export "drop" (func $drop))))))
        (func (export "run") (result u32) (canon lift (core func $main "run") {post_return}
            )))""")
    )


class Thing(abi.Resource):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Thing({self.data!r}, {'dropped' if hasattr(self, 'dropped') else 'alive'})"

    def drop(self) -> None:
        self.dropped = True


class Host:
    """What the guests call, and all that can be seen from it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.things: list[Thing] = []
        self.on_tick: Callable[[], object] = lambda: None

    def link(self, linker: abi.Linker, workload: Any = None) -> None:
        data = abi.bytes_
        with linker.instance(API) as api:
            api.resource("thing", Thing)
            api.function("take", self.note(len), (data,), abi.u32)
            api.function("nest", self.note(len), (abi.list_(data),), abi.u32)
            api.function("give", self.note(lambda size: bytes(range(256)) * (size // 256)), (abi.u32,), data)
            api.function("twice", self.note(lambda given: [given, given[::-1]]), (data,), abi.list_(data))
            api.function("text", self.note(lambda text, given: text * 2 + "é"), (abi.string, data), abi.string)
            api.function("make", self.note(self.make), (data,), abi.own(Thing))
            api.function("lend", self.note(lambda *_: None), (abi.list_(abi.borrow(Thing)), data))
            api.function("tick", self.note(lambda _: self.on_tick()), (data,))

    def make(self, data: bytes) -> Thing:
        self.things.append(Thing(data))
        return self.things[-1]

    def note(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            self.seen.append(repr(values))
            return function(*values)

        return call


def observed(guest: Guest, *, bridge: bool) -> list[Any]:
    """Everything that can be seen of a guest that is called twice."""
    loaded = ENGINE.compile(component(guest), "hand", bytes_bridge=bridge)
    assert loaded.bridged == bridge
    host, linker, store = Host(), abi.Linker(ENGINE.wasm), wasmtime.Store(ENGINE.wasm)
    host.link(linker)
    store.set_epoch_deadline(10**6)
    store.set_limits(memory_size=guest.memory_limit)
    run = abi.GuestFunction(linker, store, linker.instantiate(store, loaded.compiled), (None, "run"), result=abi.u32)
    ends: list[Any] = []
    if guest.ends:
        with pytest.raises(abi.GuestTrap, match=guest.ends) as caught:
            run()
        ends += [caught.value.kind, str(caught.value), caught.value.backtrace()]
    else:
        ends += [run(), run()]
    left = len(linker.table)
    linker.close()
    return [ends, host.seen, left, repr(host.things)]


def take(address: int, length: int) -> str:
    return f"(call $take (i32.const {address}) (i32.const {length}))"


def words(*values: int, at: int = 512) -> str:
    return " ".join(
        f"(i32.store (i32.const {at + 4 * place}) (i32.const {value}))" for place, value in enumerate(values)
    )


BOUNDS, ALIGNED = "out of bounds of memory", "not aligned"
GUESTS = {
    "an empty list anywhere inside": Guest(take(7, 0) + "(drop)" + take(65535, 0)),
    "an empty list at the end of memory": Guest(take(65536, 0)),
    "an empty list behind the end of memory": Guest(take(65537, 0), BOUNDS),
    "a list up to the end of memory": Guest(take(64, 65536 - 64)),
    "a list over the end of memory": Guest(take(64, 65536 - 63), BOUNDS),
    "a list as long as can be said": Guest(take(1, -1), BOUNDS),
    "a list that would wrap around": Guest(take(-2, 4), BOUNDS),
    "lists that overlap each other": Guest(
        words(64, 20, 70, 20, 64, 3, 512, 24) + "(call $nest (i32.const 512) (i32.const 4))"
    ),
    "an inner list that is out of bounds": Guest(
        words(64, 20, 65530, 20) + "(call $nest (i32.const 512) (i32.const 2))", BOUNDS
    ),
    "inner lists that are empty and odd": Guest(
        words(0, 0, 65536, 0, 3, 0) + "(call $nest (i32.const 512) (i32.const 3))"
    ),
    "an inner list behind the end that is empty": Guest(
        words(0, 0, -1, 0) + "(call $nest (i32.const 512) (i32.const 2))", BOUNDS
    ),
    "a list of lists that is not aligned": Guest("(call $nest (i32.const 513) (i32.const 1))", ALIGNED),
    "more lists than memory could hold": Guest("(call $nest (i32.const 0) (i32.const 0x20000000))", BOUNDS),
    "a tiny memory that grows for a result": Guest(
        "(call $give (i32.const 300032) (i32.const 512))"
        "(call $take (i32.load (i32.const 512)) (i32.load (i32.const 516)))"
    ),
    "an empty result": Guest("(call $give (i32.const 0) (i32.const 512)) (i32.load (i32.const 516))"),
    "a result where there is no room for its place": Guest(
        "(call $give (i32.const 256) (i32.const 65532)) (i32.const 0)", "out of bounds memory access"
    ),
    "a result whose place is not aligned": Guest("(call $give (i32.const 256) (i32.const 513)) (i32.const 0)", ALIGNED),
    "a result that is given the place of its argument": Guest(
        "(call $twice (i32.const 64) (i32.const 20) (i32.const 64))"
        "(call $nest (i32.load (i32.const 64)) (i32.load (i32.const 68)))"
    ),
    "an allocator that gives one address for all": Guest(
        "(call $twice (i32.const 64) (i32.const 20) (i32.const 512)) (i32.load (i32.const 512))",
        realloc="(i32.const 1024)",
    ),
    "an allocator that gives the place of the argument": Guest(
        "(call $give (i32.const 512) (i32.const 512))" + take(64, 512), realloc="(i32.const 64)"
    ),
    "an allocator that gives what is not aligned": Guest(
        "(call $twice (i32.const 64) (i32.const 20) (i32.const 512)) (i32.const 0)", ALIGNED, realloc="(i32.const 1027)"
    ),
    "an allocator that gives what is out of bounds": Guest(
        "(call $give (i32.const 512) (i32.const 512)) (i32.const 0)", BOUNDS, realloc="(i32.const 65280)"
    ),
    "an allocator that traps": Guest(
        "(call $give (i32.const 512) (i32.const 512)) (i32.const 0)", "unreachable", realloc="unreachable"
    ),
    "an allocator that calls the host": Guest(
        "(call $give (i32.const 512) (i32.const 512)) (i32.const 0)",
        "cannot leave component instance",
        realloc="(call_indirect (type $call) (i32.const 64) (i32.const 4) (i32.const 0))",
    ),
    "an allocator that never ends": Guest(
        "(call $give (i32.const 512) (i32.const 512)) (i32.const 0)",
        "stack",
        realloc="(call $r (local.get 0) (local.get 1) (local.get 2) (local.get 3))",
    ),
    "growth that the limit refuses": Guest(
        "(call $give (i32.const 300032) (i32.const 512)) (call $give (i32.const 300032) (i32.const 512)) (i32.const 0)",
        "unreachable",
        memory_limit=8 * 65536,
    ),
    "text that is invalid, before bytes": Guest(
        "(i32.store8 (i32.const 64) (i32.const 255))"
        "(call $text (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4) (i32.const 512)) (i32.const 0)",
        "invalid utf-8",
    ),
    "text in UTF-8": Guest(
        "(call $text (i32.const 64) (i32.const 28) (i32.const 64) (i32.const 4) (i32.const 512))"
        "(call $take (i32.load (i32.const 512)) (i32.load (i32.const 516)))"
    ),
    "text in UTF-16": Guest(
        "(call $text (i32.const 128) (i32.const 5) (i32.const 64) (i32.const 4) (i32.const 512))"
        "(call $take (i32.load (i32.const 512)) (i32.shl (i32.load (i32.const 516)) (i32.const 1)))",
        encoding="utf16",
    ),
    "text in UTF-16 that is not aligned": Guest(
        "(call $text (i32.const 129) (i32.const 4) (i32.const 64) (i32.const 4) (i32.const 512)) (i32.const 0)",
        ALIGNED,
        encoding="utf16",
    ),
    "half a character in UTF-16": Guest(
        "(call $text (i32.const 160) (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 512)) (i32.const 0)",
        "invalid utf-16",
        encoding="utf16",
    ),
    "text in Latin-1": Guest(
        "(call $text (i32.const 64) (i32.const 28) (i32.const 64) (i32.const 4) (i32.const 512))"
        "(call $take (i32.load (i32.const 512)) (i32.and (i32.load (i32.const 516)) (i32.const 0x7fffffff)))",
        encoding="latin1+utf16",
    ),
    "text in UTF-16 where it could be Latin-1": Guest(
        "(call $text (i32.const 128) (i32.const 0x80000005) (i32.const 64) (i32.const 4) (i32.const 512))"
        "(i32.load (i32.const 516))",
        encoding="latin1+utf16",
    ),
    "text that is longer than can be": Guest(
        "(call $text (i32.const 128) (i32.const 0x7fffffff) (i32.const 64) (i32.const 4) (i32.const 512))(i32.const 0)",
        BOUNDS,
        encoding="utf16",
    ),
    "a post-return function": Guest(
        take(64, 9), after="(i32.store (i32.const 64) (i32.add (local.get 0) (i32.const 1)))"
    ),
    "a post-return function that traps": Guest(take(64, 9), "unreachable", after="unreachable"),
    "a post-return function that calls the host": Guest(
        take(64, 9), "cannot leave component instance", after="(drop (call $take (i32.const 64) (i32.const 4)))"
    ),
    "handles that are lent, kept and given up": Guest(
        "(local.set $a (call $make (i32.const 64) (i32.const 4)))"
        "(local.set $b (call $make (i32.const 68) (i32.const 4)))"
        "(i32.store (i32.const 512) (local.get $a)) (i32.store (i32.const 516) (local.get $b))"
        "(i32.store (i32.const 520) (local.get $a))"
        "(call $lend (i32.const 512) (i32.const 3) (i32.const 64) (i32.const 9)) (call $drop (local.get $b))"
        "(call $lend (i32.const 512) (i32.const 1) (i32.const 64) (i32.const 0)) (i32.const 5)"
    ),
    "a handle that was given up is lent": Guest(
        "(local.set $a (call $make (i32.const 64) (i32.const 4))) (i32.store (i32.const 512) (local.get $a))"
        "(call $drop (local.get $a))"
        "(call $lend (i32.const 512) (i32.const 1) (i32.const 64) (i32.const 9)) (i32.const 5)",
        "unknown handle",
    ),
    "a list of handles that lies in the bytes": Guest(
        "(i32.store (i32.const 64) (call $make (i32.const 64) (i32.const 4)))"
        "(call $lend (i32.const 64) (i32.const 1) (i32.const 62) (i32.const 9)) (i32.const 5)"
    ),
}


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_by_hand_behaves_the_same(name: str) -> None:
    assert observed(GUESTS[name], bridge=True) == observed(GUESTS[name], bridge=False)


def test_two_versions_of_an_interface() -> None:
    content = bytes(
        wasmtime.wat2wasm("""(component
        (import "test:two/api@0.1.0" (instance $one (export "f" (func (param "data" (list u8)) (result u32)))))
        (import "test:two/api@0.2.0" (instance $two (export "f" (func (param "data" (list (list u8))) (result u32)))))
        (core module $memory (memory (export "m") 1) (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00"))
        (core instance $memory (instantiate $memory)) (alias core export $memory "m" (core memory $m))
        (core func $one (canon lower (func $one "f") (memory $m)))
        (core func $two (canon lower (func $two "f") (memory $m)))
        (core module $main (import "h" "one" (func $one (param i32 i32) (result i32)))
            (import "h" "two" (func $two (param i32 i32) (result i32)))
            (func (export "run") (result i32) (i32.add (i32.mul (i32.const 100)
                (call $one (i32.const 0) (i32.const 7))) (call $two (i32.const 0) (i32.const 1)))))
        (core instance $main (instantiate $main
            (with "h" (instance (export "one" (func $one)) (export "two" (func $two))))))
        (func (export "run") (result u32) (canon lift (core func $main "run"))))""")
    )
    for bridge in (False, True):
        loaded = ENGINE.compile(content, "two", bytes_bridge=bridge)
        assert loaded.bridged == bridge
        linker, store, seen = abi.Linker(ENGINE.wasm), wasmtime.Store(ENGINE.wasm), []
        for version, codec in (("0.1.0", abi.bytes_), ("0.2.0", abi.list_(abi.bytes_))):
            with linker.instance(f"test:two/api@{version}") as api:
                api.function("f", lambda data, seen=seen: seen.append(data) or len(data), (codec,), abi.u32)
        store.set_epoch_deadline(10**6)
        run = abi.GuestFunction(
            linker, store, linker.instantiate(store, loaded.compiled), (None, "run"), result=abi.u32
        )
        assert run() == 701
        assert seen == [b"\x10\0\0\0\x05\0\0", [bytes(5)]]


def command(body: str) -> bytes:
    """A guest that runs as a workload and may end itself."""
    return bytes(
        wasmtime.wat2wasm(f"""(component
        (import "wasi:cli/exit@0.2.9" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
        (import "test:hand/small@0.1.0" (instance $api
            (export "tick" (func (param "data" (list u8)) (result (list u8))))))
        (core module $memory (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32)
            (i32.const 1024)))
        (core instance $memory (instantiate $memory)) (alias core export $memory "m" (core memory $m))
        (core func $tick (canon lower (func $api "tick") (memory $m) (realloc (core func $memory "r"))))
        (core func $exit (canon lower (func $exit "exit-with-code")))
        (core module $main (import "h" "tick" (func $tick (param i32 i32 i32)))
            (import "h" "exit" (func $exit (param i32)))
            (func $work {body}) (func (export "run") (result i32) (call $work) (i32.const 0)))
        (core instance $main (instantiate $main
            (with "h" (instance (export "tick" (func $tick)) (export "exit" (func $exit))))))
        (func $run (result (result)) (canon lift (core func $main "run")))
        (instance $instance (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $instance)))""")
    )


def outcomes(body: str, tick: Callable[[bytes], Any], **options: Any) -> list[tuple[Any, ...]]:
    found = []
    for bridge in (False, True):
        loaded = ENGINE.compile(command(body), "command", bytes_bridge=bridge)
        assert loaded.bridged == bridge
        outcome: Outcome = Workload(
            ENGINE, loaded, Identity("command", loaded.digest), link=_linking(tick), **options
        ).run()
        message = re.sub("incident [0-9a-f]{8}", "incident …", outcome.message)
        found.append((outcome.reason, outcome.exit_code, message, outcome.standard_error))
    return found


TICK = "(call $tick (i32.const 64) (i32.const 20) (i32.const 512))"


def test_a_guest_that_ends_itself_between_calls() -> None:
    without, bridged = outcomes(f"{TICK} (call $exit (i32.const 42)) unreachable", lambda data: data)
    assert without == bridged
    assert without[:2] == ("exited", 42)


def test_the_deadline_in_a_bridged_call() -> None:
    def wait(data: bytes) -> bytes:
        time.sleep(0.5)
        return data

    without, bridged = outcomes(f"(loop $again {TICK} (br $again))", wait, limits=Limits(deadline_seconds=0.2))
    assert without == bridged
    assert without[0] == "deadline"


def test_what_the_host_must_not_lose_ends_both_alike() -> None:
    def stop(data: bytes) -> bytes:
        raise KeyboardInterrupt

    for bridge in (False, True):
        loaded = ENGINE.compile(command(TICK), "command", bytes_bridge=bridge)
        workload = Workload(ENGINE, loaded, Identity("command", loaded.digest), link=_linking(stop))
        with pytest.raises(KeyboardInterrupt):
            workload.run()


def _linking(tick: Callable[[bytes], Any]) -> Callable[[abi.Linker, Workload], None]:
    def link(linker: abi.Linker, workload: Workload) -> None:
        with linker.instance("test:hand/small@0.1.0") as api:
            api.function("tick", tick, (abi.bytes_,), abi.bytes_)

    return link


def test_a_provider_that_fails_ends_both_alike() -> None:
    def fail(data: bytes) -> bytes:
        raise RuntimeError("secret")

    without, bridged = outcomes(TICK, fail)
    assert without == bridged
    assert without[0] == "host-error"
    assert "secret" not in without[2]
