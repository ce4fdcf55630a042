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
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import ComponentError

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


Wide = enum.Enum("Wide", {f"C{number}": f"c{number}" for number in range(300)})  # type: ignore[misc]
Many = enum.Flag("Many", [f"F{number}" for number in range(32)])  # type: ignore[misc]


def f32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def quoted(prefix: str, count: int) -> str:
    return " ".join(f'"{prefix}{number}"' for number in range(count))


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
    Kind(
        "$wide",
        ("i32",),
        abi.enum_(Wide),
        st.sampled_from(list(Wide)),
        (("wide", f"(enum {quoted('c', 300)})"),),
    ),
    Kind(
        "$many",
        ("i32",),
        abi.flags(Many, tuple(f"f{number}" for number in range(32))),
        st.integers(0, 2**32 - 1).map(Many),
        (("many", f"(flags {quoted('f', 32)})"),),
    ),
]
KEYS = [kind for kind in SCALARS if kind.text in ("bool", "u8", "s16", "u32", "s64", "char", "string")]


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


def result_of(cases: list[Kind | None]) -> Kind:
    """A result in any of its shapes: None is a case that carries nothing."""
    ok, err = cases
    parts = [kind for kind in cases if kind is not None]
    text = " ".join(("result", *([ok.text] if ok else []), *([f"(error {err.text})"] if err else [])))
    return Kind(
        f"({text})",
        ("i32", *joined((), *(kind.flat for kind in parts))),
        abi.result(ok and ok.codec, err and err.codec),
        (ok.values if ok else st.none()).map(abi.Ok) | (err.values if err else st.none()).map(abi.Err),
        tuple(named for kind in parts for named in kind.named),
    )


def map_of(key: Kind, value: Kind) -> Kind:
    return Kind(
        f"(map {key.text} {value.text})",
        ("i32", "i32"),
        abi.map_(key.codec, value.codec),
        st.dictionaries(key.values, value.values, max_size=4),
        key.named + value.named,
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
        st.lists(inner | st.none(), min_size=2, max_size=2).map(result_of),
        st.builds(map_of, st.sampled_from(KEYS), inner),
        two.map(record_of),
        two.map(variant_of),
    )


KINDS = st.recursive(st.sampled_from(SCALARS), combine, max_leaves=6)


def forwarder(kind: Kind, host_text: str) -> str:
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
            (export "echo" (func (param "v" {host_text}) (result {host_text})))))
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


def echo(kind: Kind, values: Sequence[Any], host: tuple[str, abi.Codec[Any]] | None = None) -> list[tuple[Any, Any]]:
    """Sends values through one guest; gives what the host function saw and what came back. `host` is the type of the
    host function where it is another one of the same layout.
    """
    host_text, host_codec = host or (kind.text, kind.codec)
    seen: list[Any] = []

    def provider(value: Any) -> Any:
        seen.append(value)
        return value

    linker = abi.Linker(ENGINE.wasm)
    with linker.instance(INTERFACE) as instance:
        instance.function("echo", provider, (host_codec,), host_codec)
    component = wasm_component.Component(ENGINE.wasm, forwarder(kind, host_text))
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
    for kind in SCALARS[1:11]:
        edges = {
            "f32": [f32(3.4e38), -math.inf, 0.0, -0.0, 2.0**-149],
            "f64": [1.7e308, math.inf, -0.0, 5e-324],
        }.get(kind.text) or [-(2 ** (int(kind.text[1:]) - 1)) if kind.text[0] == "s" else 0, 1, 2, 3, 4]
        numbers = Kind(f"(list {kind.text})", ("i32", "i32"), abi.list_(kind.codec), st.none())
        values = [edges * 30, edges[:1], []]
        assert echo(numbers, values) == [(value, value) for value in values]


@pytest.mark.parametrize("kind", [SCALARS[9], SCALARS[10]], ids=["f32", "f64"])
def test_nan_stays_nan(kind: Kind) -> None:
    ((seen, returned),) = echo(kind, [math.nan])
    assert math.isnan(seen)
    assert math.isnan(returned)
    ((many, back),) = echo(list_of(kind), [[math.nan] * 9])
    assert all(map(math.isnan, [*many, *back]))


def test_f32_is_rounded_to_the_nearest_and_integers_are_accepted() -> None:
    assert echo(SCALARS[9], [0.1, 7, 1e-60, math.inf]) == [
        (f32(0.1),) * 2,
        (7.0, 7.0),
        (0.0, 0.0),
        (math.inf, math.inf),
    ]
    assert echo(list_of(SCALARS[9]), [[0.1] * 8]) == [([f32(0.1)] * 8,) * 2]


def test_the_edges_of_unicode() -> None:
    edges = ["\0", "\x7f", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    assert echo(SCALARS[11], edges) == [(edge, edge) for edge in edges]
    text = "".join(edges)
    assert echo(SCALARS[12], [text, ""]) == [(text, text), ("", "")]


def test_a_mebibyte_of_bytes() -> None:
    data = bytes(range(256)) * 4096
    assert echo(SCALARS[13], [data]) == [(data, data)]


def test_maps_keep_their_order() -> None:
    ((seen, returned),) = echo(map_of(SCALARS[12], SCALARS[3]), [{"z": 1, "a": 2, "m": 3}])
    assert list(seen.items()) == list(returned.items()) == [("z", 1), ("a", 2), ("m", 3)]


def test_the_last_value_of_a_key_that_is_passed_twice_counts() -> None:
    entries = Kind("(list (tuple u32 u32))", ("i32", "i32"), abi.list_(abi.tuple_(abi.u32, abi.u32)), st.none())
    map_codec = abi.map_(abi.u32, abi.u32)
    assert echo(entries, [[(1, 10), (2, 20), (1, 30)]], host=("(map u32 u32)", map_codec))[0][0] == {1: 30, 2: 20}


@pytest.mark.parametrize(
    ("plain", "fixed", "fitting", "other"),
    [
        (SCALARS[13], abi.fixed_bytes(4), b"abcd", b"abc"),
        (list_of(SCALARS[3]), abi.fixed_list(abi.u32, 3), [1, 2, 3], [1, 2, 3, 4]),
        (list_of(SCALARS[12]), abi.fixed_list(abi.string, 1), ["a"], []),
    ],
    ids=lambda value: getattr(value, "text", ""),
)
def test_a_fixed_length_is_checked_on_both_ways(plain: Kind, fixed: abi.Codec[Any], fitting: Any, other: Any) -> None:
    assert echo(plain, [fitting], host=(plain.text, fixed)) == [(fitting, fitting)]
    with pytest.raises(abi.GuestTrap, match=r"the guest passed \d (bytes|elements) where the interface has list<"):
        echo(plain, [other], host=(plain.text, fixed))
    with pytest.raises(abi.LoweringError, match=f"list<.*, {len(fitting)}>: it has {len(other)}"):
        Lowered()(fixed, other)


def test_what_wasmtime_cannot_carry_is_refused_when_the_component_is_compiled() -> None:
    for text in ("(list u8 4)", f"(flags {quoted('f', 33)})"):
        content = wasmtime.wat2wasm(f"(component (type $t {text}))")
        with pytest.raises(ComponentError, match=r"cannot (run here: Fixed-length lists|have more than 32 flags)"):
            ENGINE.compile(bytes(content), "guest")


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
        *((abi.list_(abi.u32), [1, 2, 3, 4, value]) for value in (-1, 2**32, True, 1.0, "1", None)),
        *((abi.list_(abi.s8), [1, 2, 3, 4, value]) for value in (-129, 128)),
        *((abi.list_(abi.f64), [1.0, 2.0, 3.0, 4.0, value]) for value in (True, "1", 10**400)),
        (abi.list_(abi.f32), [1.0, 2.0, 3.0, 4.0, 1e39]),
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
