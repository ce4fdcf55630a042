"""Every value type goes through a real component and back: host → guest → host function → guest → host.

The guest only forwards. Its text is made from the type: what the types look like flattened is computed here, so that
the test shares nothing with the code under test.
"""

import enum
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.calls import GuestFunction
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:echo/host@0.1.0"
ENGINE = Engine()


@dataclass(frozen=True)
class Kind:
    """A type: its text in a component, its flat core types, its codec, its values, the named types that it needs."""

    text: str
    flat: tuple[str, ...]
    codec: abi.Codec[Any]
    values: st.SearchStrategy[Any]
    named: tuple[tuple[str, str], ...] = ()


class Colour(enum.Enum):
    RED = "red"
    DARK_GREEN = "dark-green"


class Rights(enum.Flag):
    READ = 1
    WRITE_ALL = 2
    RUN = 4


@dataclass(frozen=True, slots=True)
class Pair:
    first: Any
    second_part: Any


@dataclass(frozen=True, slots=True)
class Choice_Nothing:
    pass


@dataclass(frozen=True, slots=True)
class Choice_One:
    value: Any


@dataclass(frozen=True, slots=True)
class Choice_Other:
    value: Any


def f32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


SCALARS = [
    Kind("bool", ("i32",), abi.bool_, st.booleans()),
    *(
        Kind(f"u{n}", ("i64" if n == 64 else "i32",), getattr(abi, f"u{n}"), integers(n, False))
        for n in (8, 16, 32, 64)
    ),
    *(Kind(f"s{n}", ("i64" if n == 64 else "i32",), getattr(abi, f"s{n}"), integers(n, True)) for n in (8, 16, 32, 64)),
    Kind("f32", ("f32",), abi.f32, st.floats(width=32, allow_nan=False)),
    Kind("f64", ("f64",), abi.f64, st.floats(allow_nan=False)),
    Kind("char", ("i32",), abi.char, st.characters(exclude_categories=["Cs"])),
    Kind("string", ("i32", "i32"), abi.string, st.text(st.characters(exclude_categories=["Cs"]), max_size=40)),
    Kind("(list u8)", ("i32", "i32"), abi.bytes_, st.binary(max_size=300)),
    Kind("$colour", ("i32",), abi.enum_(Colour), st.sampled_from(Colour), (("colour", '(enum "red" "dark-green")'),)),
    Kind(
        "$rights",
        ("i32",),
        abi.flags(Rights, ("read", "write-all", "run")),
        st.integers(0, 7).map(Rights),
        (("rights", '(flags "read" "write-all" "run")'),),
    ),
]


def joined(*cases: Sequence[str]) -> tuple[str, ...]:
    """The flat types of a variant's payload: position by position, the type that holds what each case has there."""
    columns = [[case[i] for case in cases if i < len(case)] for i in range(max(len(case) for case in cases))]
    return tuple(_join(column) for column in columns)


def _join(column: list[str]) -> str:
    if len(set(column)) == 1:
        return column[0]
    return "i32" if set(column) <= {"i32", "f32"} else "i64"


def list_of(kind: Kind) -> Kind:
    values = st.lists(kind.values, max_size=5)
    if kind.text == "u8":
        return SCALARS[13]
    return Kind(f"(list {kind.text})", ("i32", "i32"), abi.list_(kind.codec), values, kind.named)


def option_of(kind: Kind) -> Kind:
    flat = ("i32", *kind.flat)
    if kind.text.startswith("(option"):
        values = st.none() | kind.values.map(abi.Some)
        return Kind(f"(option {kind.text})", flat, abi.option_some(kind.codec), values, kind.named)
    return Kind(f"(option {kind.text})", flat, abi.option(kind.codec), st.none() | kind.values, kind.named)


def tuple_of(kinds: list[Kind]) -> Kind:
    return Kind(
        f"(tuple {' '.join(kind.text for kind in kinds)})",
        tuple(flat for kind in kinds for flat in kind.flat),
        abi.tuple_(*(kind.codec for kind in kinds)),
        st.tuples(*(kind.values for kind in kinds)),
        tuple(named for kind in kinds for named in kind.named),
    )


def result_of(kinds: list[Kind]) -> Kind:
    ok, err = kinds
    return Kind(
        f"(result {ok.text} (error {err.text}))",
        ("i32", *joined(ok.flat, err.flat)),
        abi.result(ok.codec, err.codec),
        ok.values.map(abi.Ok) | err.values.map(abi.Err),
        ok.named + err.named,
    )


def record_of(kinds: list[Kind]) -> Kind:
    first, second = kinds
    name = f"pair-{abs(hash((first.text, second.text)))}"
    return Kind(
        f"${name}",
        first.flat + second.flat,
        abi.record(Pair, (("first", "first", first.codec), ("second-part", "second_part", second.codec))),
        st.builds(Pair, first.values, second.values),
        (
            *first.named,
            *second.named,
            (name, f'(record (field "first" {first.text}) (field "second-part" {second.text}))'),
        ),
    )


def variant_of(kinds: list[Kind]) -> Kind:
    one, other = kinds
    name = f"choice-{abs(hash((one.text, other.text)))}"
    cases = (
        ("nothing", Choice_Nothing, None),
        ("one", Choice_One, one.codec),
        ("the-other", Choice_Other, other.codec),
    )
    text = f'(variant (case "nothing") (case "one" {one.text}) (case "the-other" {other.text}))'
    return Kind(
        f"${name}",
        ("i32", *joined(one.flat, other.flat)),
        abi.variant(cases),
        st.just(Choice_Nothing()) | st.builds(Choice_One, one.values) | st.builds(Choice_Other, other.values),
        (*one.named, *other.named, (name, text)),
    )


def combine(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    two = st.lists(inner, min_size=2, max_size=2)
    return st.one_of(
        inner.map(list_of),
        inner.map(option_of),
        st.lists(inner, min_size=1, max_size=4).map(tuple_of),
        two.map(result_of),
        two.map(record_of),
        two.map(variant_of),
    )


KINDS = st.recursive(st.sampled_from(SCALARS), combine, max_leaves=6)


def forwarder(kind: Kind) -> str:
    named = dict.fromkeys(kind.named)
    inside = " ".join(
        f'(type ${name}-definition {text}) (export "{name}" (type ${name} (eq ${name}-definition)))'
        for name, text in named
    )
    outside = " ".join(f'(alias export $host "{name}" (type ${name}))' for name, _ in named)
    flat = kind.flat if len(kind.flat) <= 16 else ("i32",)
    by_pointer = len(kind.flat) > 1
    parameters = f"(param {' '.join(flat)})"
    lowered = parameters.replace(")", " i32)") if by_pointer else f"{parameters} (result {kind.flat[0]})"
    arguments = " ".join(f"(local.get {index})" for index in range(len(flat)))
    body = f"(call $echo {arguments} (i32.const 64)) (i32.const 64)" if by_pointer else f"(call $echo {arguments})"
    return f"""(component
        (import "{INTERFACE}" (instance $host {inside}
            (export "echo" (func (param "v" {kind.text}) (result {kind.text})))))
        {outside}
        (core module $memory (memory (export "memory") 700)
            (global $next (mut i32) (i32.const 65536))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (memory.copy (local.get $at) (local.get 0) (local.get 1))
                (local.get $at)))
        (core instance $memory (instantiate $memory))
        (alias core export $memory "memory" (core memory $m))
        (alias core export $memory "realloc" (core func $r))
        (core func $echo (canon lower (func $host "echo") (memory $m) (realloc $r)))
        (core module $main (import "host" "echo" (func $echo {lowered}))
            (func (export "echo") {parameters} (result {"i32" if by_pointer else kind.flat[0]}) {body}))
        (core instance $main (instantiate $main (with "host" (instance (export "echo" (func $echo))))))
        (func $call (param "v" {kind.text}) (result {kind.text})
            (canon lift (core func $main "echo") (memory $m) (realloc $r)))
        (export "echo" (func $call)))"""


def echo(kind: Kind, values: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Sends values through one guest; gives what the host function saw and what came back."""
    seen: list[Any] = []

    def provider(value: Any) -> Any:
        seen.append(value)
        return value

    linker = abi.Linker(ENGINE.wasm)
    with linker.instance(INTERFACE) as instance:
        instance.function("echo", provider, (kind.codec,), kind.codec)
    component = wasm_component.Component(ENGINE.wasm, forwarder(kind))
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    call = GuestFunction(
        linker,
        store,
        linker.wasm.instantiate(store, component),
        (None, "echo"),
        parameters=(kind.codec,),
        result=kind.codec,
    )
    returned = [call(value) for value in values]
    return list(zip(seen, returned, strict=True))


@pytest.mark.parametrize("kind", SCALARS, ids=lambda kind: kind.text)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_scalars_come_back_as_they_went(kind: Kind, data: st.DataObject) -> None:
    values = data.draw(st.lists(kind.values, min_size=1, max_size=20))
    assert echo(kind, values) == [(value, value) for value in values]


@settings(max_examples=120, deadline=None)
@given(kind=KINDS, data=st.data())
def test_any_nesting_comes_back_as_it_went(kind: Kind, data: st.DataObject) -> None:
    values = data.draw(st.lists(kind.values, min_size=1, max_size=3))
    assert echo(kind, values) == [(value, value) for value in values]


def test_lists_of_every_number_are_read_in_one_go() -> None:
    for kind, values in ((SCALARS[2], [0, 65535]), (SCALARS[8], [-(2**63), 2**63 - 1]), (SCALARS[10], [0.5, math.inf])):
        assert echo(list_of(kind), [values, []]) == [(values, values), ([], [])]


def test_nan_stays_nan() -> None:
    ((seen, returned),) = echo(SCALARS[10], [math.nan])
    assert math.isnan(seen)
    assert math.isnan(returned)


def test_a_mebibyte_of_bytes() -> None:
    data = bytes(range(256)) * 4096
    assert echo(SCALARS[13], [data]) == [(data, data)]


def test_maps() -> None:
    kind = Kind("(map string u32)", ("i32", "i32"), abi.map_(abi.string, abi.u32), st.none())
    assert echo(kind, [{"a": 1, "b": 2}, {}]) == [({"a": 1, "b": 2},) * 2, ({}, {})]


class Lowered:
    """Lowers a value into a cell of its own."""

    def __init__(self) -> None:
        self.context = abi.Context(abi.ResourceTable(10))

    def __call__(self, codec: abi.Codec[Any], value: Any) -> None:
        cell = abi.cells.new_boxed()
        try:
            codec.lower(value, cell, self.context)
        finally:
            abi.cells.reset(cell)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        *((getattr(abi, f"u{n}"), value) for n in (8, 16, 32, 64) for value in (-1, 2**n)),
        *((getattr(abi, f"s{n}"), value) for n in (8, 16, 32, 64) for value in (-(2 ** (n - 1)) - 1, 2 ** (n - 1))),
        *((codec, value) for codec in (abi.u32, abi.s64) for value in (True, 1.0, "1", None, b"1")),
        *((abi.bool_, value) for value in (0, 1, None, "")),
        *((abi.f32, value) for value in (1e39, "1", None, True, 10**400)),
        *((abi.f64, value) for value in ("1", None, False, 10**400)),
        *((abi.char, value) for value in ("", "ab", "\ud800", 65, None)),
        *((abi.string, value) for value in ("a\udfff", b"a", None, 5)),
        *((abi.bytes_, value) for value in ("a", [1], None, 5)),
        *((abi.list_(abi.u8), value) for value in (b"ab", "ab", None, 5, [256], {1: 2})),
        *((abi.tuple_(abi.u8, abi.u8), value) for value in ((1,), (1, 2, 3), [1, 2], None, (1, "a"))),
        *((abi.option(abi.u8), value) for value in ("a", 256)),
        *((abi.option_some(abi.option(abi.u8)), value) for value in (1, abi.Some("a"))),
        *((abi.result(abi.u8, None), value) for value in (1, None, abi.Ok("a"), abi.Err(1))),
        (abi.record(Pair, (("first", "first", abi.u8), ("x", "missing", abi.u8))), Pair(1, 2)),
        (abi.variant((("nothing", Choice_Nothing, None),)), Choice_One(1)),
        *((abi.enum_(Colour), value) for value in ("red", None, Rights.READ)),
        *((abi.flags(Rights, ("read",)), value) for value in (Rights.WRITE_ALL, 1, None)),
        (abi.map_(abi.string, abi.u8), []),
        (abi.map_(abi.string, abi.u8), {"a": 256}),
        (abi.map_(abi.string, abi.u8), {1: 1}),
    ],
)
def test_what_does_not_fit_is_refused(codec: abi.Codec[Any], value: Any) -> None:
    with pytest.raises(abi.LoweringError) as caught:
        Lowered()(codec, value)
    if isinstance(value, str) and len(value) > 1:
        assert value not in str(caught.value), "messages name types only: a value may be a secret"
