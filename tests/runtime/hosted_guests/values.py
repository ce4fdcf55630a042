"""Every value type with its values, and a guest that only forwards them: host → guest → host function → guest → host.

The guest's text is made from the type: what the types look like flattened is computed here, so that tests share
nothing with the code under test.
"""

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import wasmtime
from hosted_guests.window import MEMORY
from hypothesis import strategies as st
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
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
        {MEMORY}
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
