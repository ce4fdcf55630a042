"""Values that a type cannot hold are refused before anything is sent, in words that do not show the value."""

from typing import Any

import pytest
from hosted_guests.values import Choice_Nothing, Choice_One, Colour, Lowered, Pair, Rights

from elastic_hal.runtime import abi


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
