"""Every value type goes through a real component and back."""

import math
from typing import Any

import pytest
import wasmtime
from hosted_guests.values import ENGINE, KINDS, SCALARS, Kind, Lowered, echo, f32, list_of, map_of, quoted
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.errors import ComponentError


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
    with pytest.raises(abi.GuestTrap, match=r"the guest passed \d (bytes?|elements?) where the interface has list<"):
        echo(plain, [other], host=(plain.text, fixed))
    with pytest.raises(abi.LoweringError, match=f"list<.*, {len(fitting)}>: it has {len(other)}"):
        Lowered()(fixed, other)


def test_what_wasmtime_cannot_carry_is_refused_when_the_component_is_compiled() -> None:
    for text in ("(list u8 4)", f"(flags {quoted('f', 33)})"):
        content = wasmtime.wat2wasm(f"(component (type $t {text}))")
        with pytest.raises(ComponentError, match=r"cannot (run here: Fixed-length lists|have more than 32 flags)"):
            ENGINE.compile(bytes(content), "guest")
