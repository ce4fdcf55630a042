"""Handles at any place of any type: given to a guest, lent back and given back, the objects are the same ones.

The guest takes a list from the host and hands it on as it lies in its memory: where an `own` was, the same number
serves as a `borrow`. So one guest serves every type, and nothing of the layout has to be known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.leftovers import resources_in
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:handles/host@0.1.0"
ENGINE = Engine()


class Thing(abi.Resource):
    def __init__(self) -> None:
        self.drops = 0

    def drop(self) -> None:
        self.drops += 1


@dataclass(frozen=True, slots=True)
class Pair:
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class One:
    value: Any


@dataclass(frozen=True, slots=True)
class Other:
    value: Any


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Kind:
    """A type: how to write it and its codec, both with handles that are `own` or `borrow`, and its values. `write`
    gives the text and adds the named types that it needs to a list.
    """

    write: Callable[[str, list[tuple[str, str]]], str]
    codec: Callable[[Callable[[type[Thing]], abi.Codec[Thing]]], abi.Codec[Any]]
    values: st.SearchStrategy[Any]


HANDLE = Kind(lambda way, _named: f"({way} $thing)", lambda handle: handle(Thing), st.builds(Thing))
PLAIN = [
    Kind(lambda _way, _named: "u8", lambda _handle: abi.u8, st.integers(0, 255)),
    Kind(lambda _way, _named: "string", lambda _handle: abi.string, st.text("aé€😀", max_size=5)),
    Kind(lambda _way, _named: "(list u8)", lambda _handle: abi.bytes_, st.binary(max_size=40)),
]


def named(way: str, known: list[tuple[str, str]], definition: str) -> str:
    name = f"{way}-type-{len(known)}"
    known.append((name, definition))
    return f"${name}"


def combine(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    def list_of(kind: Kind) -> Kind:
        return Kind(
            lambda way, known: f"(list {kind.write(way, known)})",
            lambda handle: abi.list_(kind.codec(handle)),
            st.lists(kind.values, max_size=4),
        )

    def option_of(kind: Kind) -> Kind:
        return Kind(
            lambda way, known: f"(option {kind.write(way, known)})",
            lambda handle: abi.option_some(kind.codec(handle)),
            st.none() | kind.values.map(abi.Some),
        )

    def result_of(ok: Kind, err: Kind) -> Kind:
        return Kind(
            lambda way, known: f"(result {ok.write(way, known)} (error {err.write(way, known)}))",
            lambda handle: abi.result(ok.codec(handle), err.codec(handle)),
            ok.values.map(abi.Ok) | err.values.map(abi.Err),
        )

    def tuple_of(first: Kind, second: Kind) -> Kind:
        return Kind(
            lambda way, known: f"(tuple {first.write(way, known)} {second.write(way, known)})",
            lambda handle: abi.tuple_(first.codec(handle), second.codec(handle)),
            st.tuples(first.values, second.values),
        )

    def map_of(kind: Kind) -> Kind:
        return Kind(
            lambda way, known: f"(map string {kind.write(way, known)})",
            lambda handle: abi.map_(abi.string, kind.codec(handle)),
            st.dictionaries(st.text("abc", max_size=3), kind.values, max_size=3),
        )

    def record_of(first: Kind, second: Kind) -> Kind:
        def write(way: str, known: list[tuple[str, str]]) -> str:
            fields = f'(field "first" {first.write(way, known)}) (field "second" {second.write(way, known)})'
            return named(way, known, f"(record {fields})")

        return Kind(
            write,
            lambda handle: abi.record(
                Pair, (("first", "first", first.codec(handle)), ("second", "second", second.codec(handle)))
            ),
            st.builds(Pair, first.values, second.values),
        )

    def variant_of(one: Kind, other: Kind) -> Kind:
        def write(way: str, known: list[tuple[str, str]]) -> str:
            cases = f'(case "one" {one.write(way, known)}) (case "other" {other.write(way, known)}) (case "nothing")'
            return named(way, known, f"(variant {cases})")

        return Kind(
            write,
            lambda handle: abi.variant(
                (("one", One, one.codec(handle)), ("other", Other, other.codec(handle)), ("nothing", Nothing, None))
            ),
            one.values.map(One) | other.values.map(Other) | st.just(Nothing()),
        )

    return st.one_of(
        inner.map(list_of),
        inner.map(option_of),
        inner.map(map_of),
        *(st.builds(make, inner, inner) for make in (result_of, tuple_of, record_of, variant_of)),
    )


KINDS = st.recursive(st.just(HANDLE) | st.sampled_from(PLAIN), combine, max_leaves=6)


def guest(kind: Kind) -> str:
    known: list[tuple[str, str]] = []
    own, lent = kind.write("own", known), kind.write("borrow", known)
    types = " ".join(
        f'(type ${name}-definition {text}) (export "{name}" (type ${name} (eq ${name}-definition)))'
        for name, text in known
    )
    return f"""(component
        (import "{INTERFACE}" (instance $host
            (export "thing" (type $thing (sub resource))) {types}
            (export "get" (func (result (list {own}))))
            (export "lend" (func (param "values" (list {lent}))))
            (export "put" (func (param "values" (list {own}))))))
        (core module $memory (memory (export "m") 40) (global $next (mut i32) (i32.const 4096))
            (func (export "r") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3)))))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))
        (core func $get (canon lower (func $host "get") (memory $m) (realloc $r)))
        (core func $lend (canon lower (func $host "lend") (memory $m) (realloc $r)))
        (core func $put (canon lower (func $host "put") (memory $m) (realloc $r)))
        (core module $main (import "memory" "m" (memory 40))
            (import "h" "get" (func $get (param i32))) (import "h" "lend" (func $lend (param i32 i32)))
            (import "h" "put" (func $put (param i32 i32)))
            (func (export "run")
                (call $get (i32.const 64))
                (call $lend (i32.load (i32.const 64)) (i32.load (i32.const 68)))
                (call $lend (i32.load (i32.const 64)) (i32.load (i32.const 68)))
                (call $put (i32.load (i32.const 64)) (i32.load (i32.const 68)))))
        (core instance $main (instantiate $main (with "memory" (instance $memory)) (with "h" (instance
            (export "get" (func $get)) (export "lend" (func $lend)) (export "put" (func $put))))))
        (func (export "run") (canon lift (core func $main "run"))))"""


def run(kind: Kind, values: list[Any], *, bridged: bool) -> tuple[list[Any], abi.Linker]:
    """What the host saw: lent, lent again, given back."""
    seen: list[Any] = []
    component = ENGINE.compile(bytes(wasmtime.wat2wasm(guest(kind))), "handles", bytes_bridge=bridged)
    linker = abi.Linker(ENGINE.wasm, bytes_bridge=component.bridged)
    with linker.instance(INTERFACE) as instance:
        instance.resource("thing", Thing)
        instance.function("get", lambda: values, (), abi.list_(kind.codec(abi.own)))
        instance.function("lend", seen.append, (abi.list_(kind.codec(abi.borrow)),))
        instance.function("put", seen.append, (abi.list_(kind.codec(abi.own)),))
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    abi.GuestFunction(linker, store, linker.instantiate(store, component.compiled), (None, "run"))()
    return seen, linker


@pytest.mark.parametrize("bridged", [False, True], ids=["plain", "bridged"])
@settings(max_examples=100, deadline=None)
@given(kind=KINDS, data=st.data())
def test_the_same_objects_come_back(bridged: bool, kind: Kind, data: st.DataObject) -> None:
    values = data.draw(st.lists(kind.values, max_size=4))
    seen, linker = run(kind, values, bridged=bridged)
    assert seen == [values] * 3
    assert len(linker.table) == 0
    linker.close()
    assert not [thing for thing in resources_in(values) if thing.drops]
