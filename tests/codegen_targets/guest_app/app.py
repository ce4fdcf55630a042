"""A guest that sends values of every type to the host and compares what comes back. It runs inside WebAssembly only."""

from collections.abc import Callable

from bindings import Err, Ok, ResourceClosedError, ResultError, Some
from bindings.test_values import echo, shapes, values
from wit_world import exports

EVERYTHING = shapes.Everything(
    bool=True,
    u8=255,
    s8=-128,
    u16=65535,
    s16=-32768,
    u32=2**32 - 1,
    s32=-(2**31),
    u64=2**64 - 1,
    s64=-(2**63),
    f32=0.5,
    f64=-1e300,
    char="€",
    string="näh\0",
    blob=bytes(range(256)),
    places=[shapes.Point(1, -2), shapes.Point(0, 0)],
    found=None,
    shape=shapes.Shape_Nothing(),
    failed=shapes.Failure_At(shapes.Point(3, 4)),
    nested=[[], [(1, "a"), (2, "")]],
    small=[-128, 0, 127],
    outcome=Err(7),
    bare=Ok(None),
    words=["", "x"],
)

SHAPES: list[shapes.Shape] = [
    shapes.Shape_Nothing(),
    shapes.Shape_Circle(2.5),
    shapes.Shape_Polygon([shapes.Point(1, 1)]),
    shapes.Shape_Coloured((shapes.Colour.DARK_GREEN, shapes.Access.READ | shapes.Access.RUN_IT)),
    shapes.Shape_Maybe(None),
    shapes.Shape_Maybe(Some(None)),
    shapes.Shape_Maybe(Some(9)),
    shapes.Shape_Outcome(Ok(shapes.Point(5, 5))),
    shapes.Shape_Outcome(Err("no")),
]


def raised(wanted: type[Exception], call: Callable[..., object], *arguments: object) -> Exception:
    try:
        call(*arguments)
    except Exception as error:
        if type(error) is wanted:
            return error
        raise
    raise AssertionError(f"{wanted.__name__} was not raised")


def check_values() -> None:
    assert echo.echo_everything(EVERYTHING) == EVERYTHING
    for shape in SHAPES:
        assert echo.echo_shape(shape) == shape
    for nested in (None, Some(None), Some(Some(None)), Some(Some("x"))):
        assert echo.echo_nested(nested) == nested
    triple = (shapes.Point(1, 2), shapes.Colour.BLUE_2, shapes.Access(0))
    assert echo.echo_tuples((8,), triple) == ((8,), triple)
    assert echo.echo_blob(bytearray(b"abc")) == b"abc"
    assert echo.echo_blob(b"") == b""
    assert echo.echo_found(shapes.Point(1, 2)) == shapes.Point(1, 2)
    assert echo.echo_found(None) is None
    for value in (Ok(Ok(1)), Ok(Err("inner")), Err(shapes.Failure_Refused())):
        assert echo.echo_results(value) == value
    assert echo.wide(1, -1, 2, -2, 3, -3, 4, -4, 0.5, 0.25, "c", True, "m", 1, 2, 3, 4, [5, 6]) == 18
    assert values.whisper("HUSH") == "hush"
    echo.nothing()


def check_errors() -> None:
    for why in (shapes.Failure_NotFound("it"), shapes.Failure_Refused(), shapes.Failure_At(shapes.Point(1, 2))):
        assert raised(type(why), echo.fail, why) == why
    assert echo.fail_code(None) == 1
    gone = raised(shapes.Code_Gone, echo.fail_code, shapes.Code.GONE)
    assert isinstance(gone, shapes.CodeException)
    assert gone.code is shapes.Code.GONE
    assert echo.fail_text(None) == "fine"
    text = raised(ResultError, echo.fail_text, "why")
    assert isinstance(text, ResultError)
    assert text.value == "why"
    raised(ResultError, echo.fail_silently, True)
    echo.fail_silently(False)
    internal = raised(shapes.Failure_Internal, echo.Counter(2**32 - 1).add, 1)
    assert "incident" in str(internal)


def check_resources() -> None:
    with echo.Counter(5) as first:
        assert first.add(1) == 6
        with echo.Counter.sum(first, None) as same:
            assert same.value() == 6
        raised(shapes.Failure_Refused, first.add, 0)
    raised(ResourceClosedError, first.value)
    given = echo.Counter(3)
    assert echo.Counter.take(given) == 3
    raised(ResourceClosedError, given.value)
    given.close()
    counters = echo.Counter.range(1, 4)
    assert counters is not None
    assert [counter.value() for counter in counters] == [1, 2, 3]
    assert echo.Counter.range(1, 1) is None


def check_refusals() -> None:
    raised(ValueError, echo.wide, 256, 0, 0, 0, 0, 0, 0, 0, 0, 0, "c", True, "", 0, 0, 0, 0, [])
    raised(ValueError, echo.wide, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "cc", True, "", 0, 0, 0, 0, [])
    raised(TypeError, echo.wide, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "c", 1, "", 0, 0, 0, 0, [])
    raised(TypeError, echo.echo_blob, "text")
    raised(TypeError, echo.echo_shape, shapes.Point(1, 2))
    raised(UnicodeEncodeError, values.whisper, "\ud800")


class Run(exports.Run):
    def run(self) -> None:
        check_values()
        check_errors()
        check_resources()
        check_refusals()
        print("all came back")
