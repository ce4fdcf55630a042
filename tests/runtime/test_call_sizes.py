"""How much a call into a guest may carry: up to the bound it works, beyond it is a typed error."""

from __future__ import annotations

import dataclasses
import resource
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi import weights

MOST_BYTES = weights.MAX_WEIGHT // weights.VALUE_WEIGHT


@dataclasses.dataclass
class Entry:
    """A record with bytes in it."""

    data: bytes
    name: str


ENTRY = abi.record(Entry, (("data", "data", abi.bytes_), ("name", "name", abi.string)))
U8S = "(list u8)"
RESULT = "(result (list u8) (error string))"


def guest_text(wit: str, parameters: str, keep: str) -> str:
    """A guest that gives back what it takes, tells how long it is, and makes a list of any length. `parameters` are the
    flat ones of the type, `keep` stores them at the address 0.
    """
    lifted = '(memory (core memory $i "memory")) (realloc (core func $i "realloc"))'
    return f"""(component
      (core module $m (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
          (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
          (global.set $next (i32.add (local.get $at) (local.get 3)))
          (block $enough (loop $more
            (br_if $enough (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
            (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then (unreachable)))
            (br $more)))
          (local.get $at))
        (func (export "echo") {parameters} (result i32) {keep} (i32.const 0))
        (func (export "length") (param i32 i32) (result i32) (local.get 1))
        (func (export "make") (param i32) (result i32)
          (drop (memory.grow (i32.div_u (local.get 0) (i32.const 65536))))
          (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0))
        (func (export "call") (param i32)))
      (core instance $i (instantiate $m))
      (type $entry' (record (field "data" (list u8)) (field "name" string)))
      (export $entry "entry" (type $entry'))
      (func (export "echo") (param "x" {wit}) (result {wit}) (canon lift (core func $i "echo") {lifted}))
      (func (export "length") (param "x" (list u8)) (result u32) (canon lift (core func $i "length") {lifted}))
      (func (export "make") (param "n" u32) (result (list u8)) (canon lift (core func $i "make") {lifted})))"""


PAIR = "(param i32 i32)"
KEEP_PAIR = "(i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))"
TAGGED = "(param i32 i32 i32)"
KEEP_TAGGED = "(i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))" + (
    "(i32.store (i32.const 8) (local.get 2))"
)
QUAD = "(param i32 i32 i32 i32)"
KEEP_QUAD = f"{KEEP_TAGGED} (i32.store (i32.const 12) (local.get 3))"

Make = Callable[[str, str, str], abi.GuestInstance]


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    return wasmtime.Engine()


@pytest.fixture
def guest(engine: wasmtime.Engine) -> Make:
    kept: list[Any] = []

    def make(wit: str, parameters: str, keep: str) -> abi.GuestInstance:
        linker = abi.Linker(engine)
        store = wasmtime.Store(engine)
        component = wasm_component.Component(engine, guest_text(wit, parameters, keep))
        instance = linker.instantiate(store, component)
        kept.extend((linker, store, instance))
        return abi.guest_instance(store, instance)

    return make


LENGTH: abi.Export[int] = abi.Export(None, "length", (abi.bytes_,), abi.u32)
MAKE: abi.Export[bytes] = abi.Export(None, "make", (abi.u32,), abi.bytes_)

SHAPES: dict[str, tuple[str, str, str, Any, Callable[[int], Any], int]] = {
    "list": (U8S, PAIR, KEEP_PAIR, abi.bytes_, lambda n: b"x" * n, 0),
    "numbers": ("(list u64)", PAIR, KEEP_PAIR, abi.list_(abi.u64), lambda n: [7] * n, 0),
    "option": (f"(option {U8S})", TAGGED, KEEP_TAGGED, abi.option(abi.bytes_), lambda n: b"x" * n, 1),
    "result": (RESULT, TAGGED, KEEP_TAGGED, abi.result(abi.bytes_, abi.string), lambda n: abi.Ok(b"x" * n), 1),
    "tuple": (
        *(f"(tuple {U8S} {U8S})", QUAD, KEEP_QUAD, abi.tuple_(abi.bytes_, abi.bytes_)),
        *(lambda n: (b"", b"x" * n), 2),
    ),
    "nested": (
        *("(list (list u8))", PAIR, KEEP_PAIR, abi.list_(abi.bytes_)),
        *(lambda n: [b"", b"x" * n, b""], 3),
    ),
    "record": ("$entry", QUAD, KEEP_QUAD, ENTRY, lambda n: Entry(b"x" * n, ""), 3),
    "records": ("(list $entry)", PAIR, KEEP_PAIR, abi.list_(ENTRY), lambda n: [Entry(b"x" * n, "")], 4),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_up_to_the_bound_it_works_and_beyond_the_guest_is_not_entered(guest: Make, shape: str) -> None:
    wit, parameters, keep, codec, make, overhead = SHAPES[shape]
    instance = guest(wit, parameters, keep)
    echo: abi.Export[Any] = abi.Export(None, "echo", (codec,), codec)
    most = make(MOST_BYTES - overhead)
    assert instance.call(echo, most) == most
    with pytest.raises(abi.CallTooLargeError, match="the arguments of echo are more than a call") as caught:
        instance.call(echo, make(MOST_BYTES + 1))
    assert isinstance(caught.value, abi.LoweringError)
    assert instance.call(echo, make(3)) == make(3), "the guest is as it was"


def test_text_has_its_own_length(guest: Make) -> None:
    instance = guest("string", PAIR, KEEP_PAIR)
    echo: abi.Export[str] = abi.Export(None, "echo", (abi.string,), abi.string)
    text = "x" * (3 * MOST_BYTES)
    assert instance.call(echo, text) == text
    with pytest.raises(abi.CallTooLargeError):
        instance.call(echo, "x" * (weights.MAX_WEIGHT + 1))
    assert instance.call(echo, "abc") == "abc"


def test_what_is_far_too_large_is_refused_before_it_costs_memory(guest: Make) -> None:
    instance = guest(U8S, PAIR, KEEP_PAIR)
    echo: abi.Export[bytes] = abi.Export(None, "echo", (abi.bytes_,), abi.bytes_)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(abi.CallTooLargeError):
        instance.call(echo, bytes(1 << 30))  # zeros, for which the system gives no memory before they are read
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 * 1024
    assert instance.call(echo, b"abc") == b"abc"


def test_where_nothing_large_comes_back_arguments_may_be_larger(guest: Make) -> None:
    instance = guest(U8S, PAIR, KEEP_PAIR)
    assert instance.call(LENGTH, b"x" * (MOST_BYTES + 1)) == MOST_BYTES + 1


def test_a_result_that_is_too_large_has_an_error_of_its_own(guest: Make) -> None:
    instance = guest(U8S, PAIR, KEEP_PAIR)
    assert len(instance.call(MAKE, MOST_BYTES)) == MOST_BYTES
    with pytest.raises(abi.GuestResultTooLargeError, match="make gave more than a call may carry: 128 MiB"):
        instance.call(MAKE, MOST_BYTES + 1)
    with pytest.raises(abi.GuestEndedError, match="make gave more than a call may carry"):
        instance.call(LENGTH, b"")
