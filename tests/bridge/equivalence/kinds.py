"""Random WIT types: each knows its text, its codec, its values, how it lies in memory, and the core code of a guest
that reads it from there into the core values of a call.

All of that is computed here, so that tests share nothing with the code under test.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from equivalence.host_types import (
    BIT_NAMES,
    Bare,
    Bits,
    Case,
    Colour,
    Internal,
    LimitExceeded,
    Other,
    Record,
    Second,
    Thing,
    Third,
)
from hypothesis import strategies as st

from elastic_hal.runtime import abi

Flat = tuple[str, ...]


class Names:
    """The named types that some WIT needs, each definition once."""

    def __init__(self) -> None:
        self.definitions: dict[str, str] = {}

    def __call__(self, definition: str) -> str:
        """The name of a definition such as `record {name} {{ … }}`, where {name} stands for it."""
        return self.definitions.setdefault(definition, f"type{len(self.definitions)}")

    def text(self) -> list[str]:
        return [definition.replace("{name}", name) for definition, name in self.definitions.items()]


@dataclass(frozen=True, repr=False)
class Kind:
    """A type. `way` is own or borrow: what handles in it are."""

    wit: Callable[[str, Names], str]
    codec: Callable[[str], abi.Codec[Any]]
    values: st.SearchStrategy[Any]
    size: int
    alignment: int
    flat: Flat
    load: Callable[[str, int], list[str]]
    handles: bool = False
    bytes: bool = False

    def __repr__(self) -> str:
        return self.wit("own", Names())


def aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment


def scalar(wit: str, size: int, flat: str, values: st.SearchStrategy[Any], codec: Any = None, load: str = "") -> Kind:
    operation = load or f"{flat}.load"
    codec = codec or getattr(abi, f"{wit}_" if wit == "bool" else wit)
    return Kind(
        lambda way, names: wit,
        lambda way: codec,
        values,
        size,
        size,
        (flat,),
        lambda base, offset: [f"({operation} offset={offset} {base})"],
    )


def in_memory(
    wit: Callable[[str, Names], str],
    codec: Callable[[str], abi.Codec[Any]],
    values: st.SearchStrategy[Any],
    parts: Sequence[Kind] = (),
    *,
    has_bytes: bool = False,
) -> Kind:
    """Types that are a pointer and a length."""
    return Kind(
        wit,
        codec,
        values,
        8,
        4,
        ("i32", "i32"),
        lambda base, offset: [f"(i32.load offset={offset} {base})", f"(i32.load offset={offset + 4} {base})"],
        any(part.handles for part in parts),
        has_bytes or any(part.bytes for part in parts),
    )


def handle(name: str, resource: type[Thing]) -> Kind:
    return Kind(
        lambda way, names: name if way == "own" else f"borrow<{name}>",
        lambda way: abi.own(resource) if way == "own" else abi.borrow(resource),
        st.builds(resource, st.integers(1, 99)),
        4,
        4,
        ("i32",),
        lambda base, offset: [f"(i32.load offset={offset} {base})"],
        handles=True,
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text("aé€𐍈", max_size=30)
BYTES_VALUES = st.binary(max_size=40) | st.builds(
    lambda size, byte: bytes([byte]) * size, st.integers(0, 70_000), st.integers(0, 255)
)
BYTES = in_memory(lambda way, names: "list<u8>", lambda way: abi.bytes_, BYTES_VALUES, has_bytes=True)
NAMED_BYTES = in_memory(
    lambda way, names: names("type {name} = list<u8>;"), lambda way: abi.bytes_, BYTES_VALUES, has_bytes=True
)
NUMBERS = in_memory(
    lambda way, names: "list<u8>",
    lambda way: abi.list_(abi.u8),
    st.lists(st.integers(0, 255), max_size=5),
    has_bytes=True,
)
STRING = in_memory(lambda way, names: "string", lambda way: abi.string, TEXT)
U64 = scalar("u64", 8, "i64", st.integers(0, 2**64 - 1))
KEYS = [
    STRING,
    scalar("bool", 1, "i32", st.booleans(), load="i32.load8_u"),
    scalar("s8", 1, "i32", st.integers(-128, 127), load="i32.load8_s"),
    scalar("u16", 2, "i32", st.integers(0, 2**16 - 1), load="i32.load16_u"),
    scalar("char", 4, "i32", st.characters(exclude_categories=["Cs"])),
    U64,
]
SCALARS = [
    *KEYS,
    scalar("u8", 1, "i32", st.integers(0, 255), load="i32.load8_u"),
    scalar("s16", 2, "i32", st.integers(-(2**15), 2**15 - 1), load="i32.load16_s"),
    scalar("u32", 4, "i32", st.integers(0, 2**32 - 1)),
    scalar("s32", 4, "i32", st.integers(-(2**31), 2**31 - 1)),
    scalar("s64", 8, "i64", st.integers(-(2**63), 2**63 - 1)),
    scalar("f32", 4, "f32", st.floats(width=32, allow_nan=False)),
    scalar("f64", 8, "f64", st.floats(allow_nan=False)),
]
COLOUR = Kind(
    lambda way, names: names("enum {name} { red, dark-green }"),
    lambda way: abi.enum_(Colour),
    st.sampled_from(Colour),
    1,
    1,
    ("i32",),
    lambda base, offset: [f"(i32.load8_u offset={offset} {base})"],
)
BITS = Kind(
    lambda way, names: names(f"flags {{name}} {{ {', '.join(BIT_NAMES)} }}"),
    lambda way: abi.flags(Bits, BIT_NAMES),
    st.integers(0, 2**20 - 1).map(Bits),
    4,
    4,
    ("i32",),
    lambda base, offset: [f"(i32.load offset={offset} {base})"],
)
THING, OTHER = handle("thing", Thing), handle("other", Other)


def list_of(kind: Kind) -> Kind:
    return in_memory(
        lambda way, names: f"list<{kind.wit(way, names)}>",
        lambda way: abi.list_(kind.codec(way)),
        st.lists(kind.values, max_size=4),
        [kind],
        has_bytes=kind.wit("own", Names()) == "u8",
    )


def map_of(key: Kind, value: Kind) -> Kind:
    return in_memory(
        lambda way, names: f"map<{key.wit(way, names)}, {value.wit(way, names)}>",
        lambda way: abi.map_(key.codec(way), value.codec(way)),
        st.dictionaries(key.values, value.values, max_size=3),
        [value],
    )


def together(
    wit: Callable[[str, Names], str],
    codec: Callable[[str], abi.Codec[Any]],
    values: st.SearchStrategy[Any],
    parts: Sequence[Kind],
) -> Kind:
    """Types whose parts stand one after another."""
    places, position = [], 0
    for part in parts:
        position = aligned(position, part.alignment)
        places.append(position)
        position += part.size
    alignment = max(part.alignment for part in parts)
    return Kind(
        wit,
        codec,
        values,
        aligned(position, alignment),
        alignment,
        tuple(flat for part in parts for flat in part.flat),
        lambda base, offset: [
            value for part, place in zip(parts, places, strict=True) for value in part.load(base, offset + place)
        ],
        any(part.handles for part in parts),
        any(part.bytes for part in parts),
    )


def tuple_of(parts: Sequence[Kind]) -> Kind:
    return together(
        lambda way, names: f"tuple<{', '.join(part.wit(way, names) for part in parts)}>",
        lambda way: abi.tuple_(*(part.codec(way) for part in parts)),
        st.tuples(*(part.values for part in parts)),
        parts,
    )


def record_of(parts: Sequence[Kind]) -> Kind:
    labels = string.ascii_lowercase[: len(parts)]

    def wit(way: str, names: Names) -> str:
        fields = [f"{label}: {part.wit(way, names)}" for label, part in zip(labels, parts, strict=True)]
        return names(f"record {{name}} {{ {', '.join(fields)} }}")

    return together(
        wit,
        lambda way: abi.record(Record, [(a, a, part.codec(way)) for a, part in zip(labels, parts, strict=True)]),
        st.builds(Record, *(part.values for part in parts)),
        parts,
    )


def one_of(
    wit: Callable[[str, Names], str],
    codec: Callable[[str], abi.Codec[Any]],
    values: st.SearchStrategy[Any],
    cases: Sequence[Kind | None],
) -> Kind:
    """Types that are one of several cases, of which None carries nothing."""
    parts = [case for case in cases if case is not None]
    alignment = max((part.alignment for part in parts), default=1)
    inside = aligned(1, alignment)
    joined: list[str] = []
    for part in parts:
        for place, flat in enumerate(part.flat):
            joined[place:] = [_join(joined[place], flat) if place < len(joined) else flat, *joined[place + 1 :]]

    def load(base: str, offset: int) -> list[str]:
        tag = f"(i32.load8_u offset={offset} {base})"
        loaded = [None if case is None else case.load(base, offset + inside) for case in cases]
        return [tag, *(chosen(tag, loaded, place, flat) for place, flat in enumerate(joined))]

    def chosen(tag: str, loaded: list[list[str] | None], place: int, flat: str) -> str:
        text = f"({flat}.const 0)"
        for number, flat_values in enumerate(loaded):
            case = cases[number]
            if case is not None and flat_values is not None and place < len(flat_values):
                value = _widened(flat_values[place], case.flat[place], flat)
                test = f"(i32.eq {tag} (i32.const {number}))"
                text = f"(if (result {flat}) {test} (then {value}) (else {text}))"
        return text

    return Kind(
        wit,
        codec,
        values,
        aligned(inside + max((part.size for part in parts), default=0), alignment),
        alignment,
        ("i32", *joined),
        load,
        any(part.handles for part in parts),
        any(part.bytes for part in parts),
    )


def _join(first: str, second: str) -> str:
    if first == second:
        return first
    return "i32" if {first, second} == {"i32", "f32"} else "i64"


def _widened(value: str, kind: str, wanted: str) -> str:
    if kind == "f32" and wanted != "f32":
        value, kind = f"(i32.reinterpret_f32 {value})", "i32"
    if kind == "f64" and wanted != "f64":
        value, kind = f"(i64.reinterpret_f64 {value})", "i64"
    return f"(i64.extend_i32_u {value})" if kind != wanted else value


def option_of(kind: Kind) -> Kind:
    nested = kind.wit("own", Names()).startswith("option<")
    return one_of(
        lambda way, names: f"option<{kind.wit(way, names)}>",
        lambda way: (abi.option_some if nested else abi.option)(kind.codec(way)),
        st.none() | (kind.values.map(abi.Some) if nested else kind.values),
        (None, kind),
    )


def result_of(ok: Kind | None, err: Kind | None) -> Kind:
    def wit(way: str, names: Names) -> str:
        first = "_" if ok is None else ok.wit(way, names)
        second = "" if err is None else f", {err.wit(way, names)}"
        return "result" if ok is None and err is None else f"result<{first}{second}>"

    return one_of(
        wit,
        lambda way: abi.result(ok and ok.codec(way), err and err.codec(way)),
        (ok.values if ok else st.none()).map(abi.Ok) | (err.values if err else st.none()).map(abi.Err),
        (ok, err),
    )


def variant_of(cases: Sequence[tuple[str, type[Case], Kind | None]]) -> Kind:
    def wit(way: str, names: Names) -> str:
        texts = [name + (f"({kind.wit(way, names)})" if kind else "") for name, _, kind in cases]
        return names(f"variant {{name}} {{ {', '.join(texts)} }}")

    return one_of(
        wit,
        lambda way: abi.variant([(name, case, kind and kind.codec(way)) for name, case, kind in cases]),
        st.one_of(*(st.just(case()) if kind is None else kind.values.map(case) for _, case, kind in cases)),
        [kind for _, _, kind in cases],
    )


def _combined(inner: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    return st.one_of(
        inner.map(list_of),
        inner.map(option_of),
        st.builds(map_of, st.sampled_from(KEYS), inner),
        st.lists(inner, min_size=1, max_size=4).map(tuple_of),
        st.lists(inner, min_size=1, max_size=3).map(record_of),
        st.builds(result_of, st.none() | inner, st.none() | inner),
        st.builds(
            lambda a, b: variant_of([("second", Second, a), ("bare", Bare, None), ("third", Third, b)]), inner, inner
        ),
    )


def kinds(*, handles: bool = True, leaves: int = 6) -> st.SearchStrategy[Kind]:
    """Types of any shape, most of them with bytes somewhere."""
    base = [BYTES, BYTES, NAMED_BYTES, NUMBERS, BYTES, STRING, COLOUR, BITS, *SCALARS]
    return st.recursive(
        st.sampled_from([*base, *([THING, OTHER] * 3 if handles else [])]), _combined, max_leaves=leaves
    )


ERRORS: list[Kind] = [
    variant_of([("internal", Internal, STRING), ("limit-exceeded", LimitExceeded, STRING), ("third", Third, BYTES)]),
    variant_of([("bare", Bare, None), ("third", Third, BYTES), ("second", Second, U64)]),
    COLOUR,
]
"""Error types with and without the cases for failures of the host."""
