"""Guests written by hand, as no toolchain makes them, with and without the bytes bridge: the same is seen of them."""

import pytest
import wasmtime
from equivalence.by_hand import ENGINE, Guest, observed, take, words

from elastic_hal.runtime import abi

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
