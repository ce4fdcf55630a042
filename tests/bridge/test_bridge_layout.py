"""Layouts by the canonical ABI, as worked out by hand."""

import pytest

from elastic_hal.runtime.bridge.errors import UnsupportedTypeError
from elastic_hal.runtime.bridge.layout import call, layout, offsets, payload_offset, payloads
from elastic_hal.runtime.bridge.types import (
    BYTES,
    WINDOW,
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    RecordOf,
    ResultOf,
    Scalar,
    TupleOf,
    Type,
    VariantOf,
    has_bytes,
    windowed,
)

U8, U16, U32, U64, F32, F64 = Scalar.U8, Scalar.U16, Scalar.U32, Scalar.U64, Scalar.F32, Scalar.F64


@pytest.mark.parametrize(
    ("type_", "size", "alignment", "flat"),
    [
        (Scalar.BOOL, 1, 1, "i32"),
        (Scalar.S16, 2, 2, "i32"),
        (Scalar.CHAR, 4, 4, "i32"),
        (U64, 8, 8, "i64"),
        (F64, 8, 8, "f64"),
        (Scalar.STRING, 8, 4, "i32 i32"),
        (BYTES, 8, 4, "i32 i32"),
        (WINDOW, 8, 4, "i32 i32"),
        (MapOf(Scalar.STRING, BYTES), 8, 4, "i32 i32"),
        (Own(0), 4, 4, "i32"),
        (Borrow(1), 4, 4, "i32"),
        (TupleOf((U8, U64, U8)), 24, 8, "i32 i64 i32"),
        (RecordOf((("a", U8), ("b", U16), ("c", U8))), 6, 2, "i32 i32 i32"),
        (FlagsOf(tuple("abcdefgh")), 1, 1, "i32"),
        (FlagsOf(tuple("abcdefghi")), 2, 2, "i32"),
        (FlagsOf(tuple(f"f{n}" for n in range(17))), 4, 4, "i32"),
        (EnumOf(("a", "b")), 1, 1, "i32"),
        (EnumOf(tuple(f"e{n}" for n in range(257))), 2, 2, "i32"),
        (OptionOf(U64), 16, 8, "i32 i64"),
        (OptionOf(OptionOf(U8)), 3, 1, "i32 i32 i32"),
        (ResultOf(None, None), 1, 1, "i32"),
        (ResultOf(F32, U32), 8, 4, "i32 i32"),
        (ResultOf(F32, F32), 8, 4, "i32 f32"),
        (ResultOf(F32, U64), 16, 8, "i32 i64"),
        (ResultOf(F64, F32), 16, 8, "i32 i64"),
        (ResultOf(TupleOf((F32, F64)), BYTES), 24, 8, "i32 i32 i64"),
        (VariantOf((("a", None), ("b", TupleOf((U8, F32))), ("c", F64))), 16, 8, "i32 i64 f32"),
    ],
)
def test_layouts(type_: Type, size: int, alignment: int, flat: str) -> None:
    found = layout(type_)
    assert (found.size, found.alignment, " ".join(found.flat)) == (size, alignment, flat)


def test_places_inside() -> None:
    assert [place for place, _ in offsets((U8, U64, U8, U16))] == [0, 8, 16, 18]
    assert payload_offset(payloads(VariantOf((("a", U8), ("b", U64))))) == 8
    assert payload_offset(payloads(OptionOf(U8))) == 1


def test_too_many_flags_are_refused() -> None:
    with pytest.raises(UnsupportedTypeError, match="32"):
        layout(FlagsOf(tuple(f"f{n}" for n in range(33))))


def test_calls() -> None:
    sixteen = tuple((f"p{n}", U64) for n in range(16))
    assert call(Function(sixteen, U8)).parameters == ("i64",) * 16
    assert call(Function((*sixteen, ("last", U8)), None)).parameters == ("i32",)
    assert call(Function((), OptionOf(U8))).returned
    assert not call(Function((), F32)).returned
    assert call(Function((), F32)).result == "f32"


def test_windows_stand_for_bytes_at_any_depth() -> None:
    inner = VariantOf((("none", None), ("some", MapOf(U8, OptionOf(BYTES)))))
    outer = RecordOf((("list", ListOf(TupleOf((BYTES, Own(3))))), ("inner", ResultOf(inner, BYTES))))
    found = windowed(outer)
    swapped = VariantOf((("none", None), ("some", MapOf(U8, OptionOf(WINDOW)))))
    assert found == RecordOf((("list", ListOf(TupleOf((WINDOW, Own(3))))), ("inner", ResultOf(swapped, WINDOW))))
    assert layout(found) == layout(outer)
    assert has_bytes(Function((("x", outer),), None))
    assert not has_bytes(Function((("x", found),), OptionOf(ListOf(Scalar.S8))))
