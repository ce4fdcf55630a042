"""The guest's interpreter, run here on the host with bindings of the test's own."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any

import pytest

from elastic_hal.codegen.targets.suite.interpreter import wit_types as t
from elastic_hal.codegen.targets.suite.interpreter.matching import matches
from elastic_hal.codegen.targets.suite.interpreter.running import main
from elastic_hal.codegen.targets.suite.interpreter.table import Errors, Function, itself


class Error(Exception):
    def __init__(self, value: str = "") -> None:
        super().__init__(value)
        self.value = value


class ErrorUnsupported(Error): ...


class ErrorNotFound(Error): ...


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: int
    y: int


class Handle:
    closed = False

    def close(self) -> None:
        self.closed = True


ERRORS = Errors(
    Error, t.VariantOf((("unsupported", ErrorUnsupported, t.STRING), ("not-found", ErrorNotFound, t.STRING))), itself
)


def fails(error: Exception) -> Any:
    def call(*_: object) -> Any:
        raise error

    return call


FUNCTIONS = {
    "i#double": Function(lambda value: value * 2, (t.BYTES,), t.BYTES, ERRORS),
    "i#point": Function(lambda: Point(1, 2), (), t.RecordOf(Point, (("x", "x", t.U8), ("y", "y", t.U8))), None),
    "i#wrong-type": Function(lambda: 300, (), t.U8, None),
    "i#not-found": Function(fails(ErrorNotFound("x")), (), t.U8, ERRORS),
    "i#unsupported": Function(fails(ErrorUnsupported("x")), (), t.U8, ERRORS),
    "i#surprise": Function(fails(RuntimeError("boom")), (), t.U8, ERRORS),
    "i#open": Function(Handle, (), t.HandleOf(Handle), None),
    "i#nothing": Function(lambda: None, (), None, None),
}


def step(function: str, *args: Any, expect: Any = ("ok", ("any",)), bind: str | None = None, repeat: Any = None) -> Any:
    return {"do": "call", "function": f"i#{function}", "args": args, "expect": expect, "bind": bind, "repeat": repeat}


def run(*steps: Any) -> tuple[bool, dict[str, Any]]:
    lines: list[str] = []
    good = main(["guest", "--case", "c"], FUNCTIONS, [{"id": "c", "steps": steps}], lines.append)
    events = [json.loads(line) for line in lines]
    assert events[0] == {"event": "begin", "case": "c"}
    assert events[-1]["event"] == "summary"
    assert events[-1]["count"] == 1
    return good, events[-2]


def test_a_case_that_passes() -> None:
    good, end = run(
        step("double", b"ab", expect=("ok", b"abab"), bind="twice"),
        step("double", ("slice", ("ref", "twice"), 0, 1), expect=("ok", ("length", 2, 2))),
        step("point", expect=("ok", {"y": 2}), bind="point"),
        {"do": "check", "value": ("ref", "point", "x"), "is": ("at-most", 1)},
        step("not-found", expect=("err", [{"not-found": ("any",)}])),
        step("not-found", expect=("err", None)),
        step("open", bind="handle"),
        {"do": "drop", "value": ("ref", "handle")},
        step("nothing"),
        step("point", repeat=3, bind="points"),
        {"do": "check", "value": ("ref", "points"), "is": ("not", ("distinct", "x"))},
    )
    assert good
    assert end["verdict"] == "pass"


@pytest.mark.parametrize(
    ("failing", "verdict", "part"),
    [
        (step("double", b"a", expect=("ok", b"xx")), "fail", "not as expected"),
        (step("wrong-type"), "fail", "not of the declared type"),
        (step("wrong-type", expect=("typed",)), "fail", "not of the declared type"),
        (step("surprise", expect=("typed",)), "fail", "does not declare"),
        (step("surprise", expect=("err", None)), "fail", "does not declare"),
        (step("unsupported"), "unsupported", "not as expected"),
        (step("unsupported", expect=("err", [{"not-found": ("any",)}])), "unsupported", "not as expected"),
        (step("nothing", expect=("trap",)), "fail", "instead of trapping"),
        (step("double", ("ref", "missing")), "broken", "interpreter failed"),
        ({"do": "check", "value": b"a", "is": b"b"}, "fail", "what was bound"),
    ],
)
def test_a_case_that_does_not(failing: Any, verdict: str, part: str) -> None:
    good, end = run(failing)
    assert not good
    assert end["verdict"] == verdict
    assert part in end["reason"]


def test_an_unsupported_error_is_fine_where_any_typed_outcome_is() -> None:
    assert run(step("unsupported", expect=("typed",)))[0]


@pytest.mark.parametrize(
    ("expected", "observed", "outcome"),
    [
        (b"a", b"a", True),
        (1, True, False),
        ({"x": 1}, {"x": 1, "y": 2}, True),
        ({"mac": "a"}, {"aead": "a"}, False),
        ([1, ("any",)], [1, 2], True),
        ([1], [1, 2], False),
        (("is-zero",), bytes(3), True),
        (("is-zero",), 0, True),
        (("contains", b"b"), b"abc", True),
        (("contains", {"id": "x"}), [{"id": "y"}, {"id": "x", "n": 1}], True),
        (("one-of", [1, 2]), 3, False),
        (("all", [("at-least", 1), ("at-most", 3)]), 2, True),
        (("matches", "^a+$"), "aa", True),
        (("starts-with", ("repeat", b"a", 2)), b"aab", True),
        (("distinct", None), [b"a", b"b"], True),
        (("each", ("not", 1)), [2, 1], False),
    ],
)
def test_matchers(expected: Any, observed: Any, outcome: bool) -> None:
    assert matches(expected, observed, {}) is outcome


def test_options() -> None:
    lines: list[str] = []
    cases = [{"id": "a", "steps": []}, {"id": "b", "steps": []}]
    assert main(["anything", "--list"], FUNCTIONS, cases, lines.append)
    assert main([], FUNCTIONS, cases, lines.append)
    assert main(["--call", "point"], FUNCTIONS, cases, lines.append)
    assert not main(["--case", "zzz"], FUNCTIONS, cases, lines.append)
    assert not main(["--nonsense"], FUNCTIONS, cases, lines.append)
    assert not main(["--call", "double"], FUNCTIONS, cases, lines.append)
    events = [json.loads(line) for line in lines]
    assert {"event": "value", "call": "point", "outcome": {"ok": {"x": 1, "y": 2}}} in events
    assert {"event": "unknown", "case": "zzz"} in events


def test_building_and_showing_are_inverse() -> None:
    described = t.ListOf(t.OptionOf(t.TupleOf((t.EnumOf(Colour), t.F64))))
    neutral = [None, ["red", 1.5], ["red", ("float", "inf")]]
    assert described.show(described.build(neutral)) == neutral
