"""What messages offer instead of what was written: names that are near, and fixes that are certain."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.diagnostics import Diagnostic, render_text
from elastic_hal.codegen.fixes import fixed_texts
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.reports import to_github, to_json, to_sarif
from elastic_hal.codegen.similarity import closest, edit_distance

ANY = 100


def found_in(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    path = folder / "x.wit"
    path.write_text(text, "utf-8", newline="")
    return load([path]).diagnostics


def fixed(folder: Path, text: str) -> str:
    for _ in range(10):
        texts = fixed_texts(found_in(folder, text))
        if not texts:
            break
        (text,) = texts.values()
    return text


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("kitten", "sitting", 3),
        ("timezne", "timezone", 1),
        ("flow", "fowl", 2),
        ("ab", "ba", 1),
    ],
)
def test_edit_distance(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other, ANY) == edit_distance(other, one, ANY) == distance


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 8))
def test_a_bounded_distance_is_exact_up_to_its_bound(one: str, other: str, most: int) -> None:
    exact = edit_distance(one, other, ANY)
    assert (exact == 0) == (one == other)
    bounded = edit_distance(one, other, most)
    assert bounded == exact if exact <= most else bounded > most


def test_the_closest_name_is_the_nearest_one() -> None:
    assert closest("strem", ["stream", "string", "streams"]) == "stream"
    assert closest("error", ["u32", "string"]) is None
    assert closest("x", ["y"]) is None
    assert closest("Key", ["key"]) == "key"


@pytest.mark.parametrize(
    ("body", "offered"),
    [
        ("f: func(x: strin);", "did you mean `string`?"),
        ("f: func() -> lst<u8>;", "did you mean `list<…>`?"),
        ("recrod r { a: u32 }", "did you mean `record r`?"),
        ("f: func(x: i32);", "write `s32`"),
        ("f: func() -> option<unit>;", "write no type at all"),
        ("f: func(x: vec<u8>);", "the types with parameters are `list<…>`"),
        ("f: func() -> entry;", "bring it in: `use other.{entry};`"),
        ("use othr.{entry};", "did you mean `other`?"),
        ("use other.{entri};", "did you mean `entry`?"),
        ("struct r { a: u32 }", "did you mean `record r`?"),
        ("g(a: u32) -> u32;", "a function is written `g: func(…)`"),
        ("variant v { a: u32 }", "in parentheses: `a(…)`"),
        ("f: func() -> list;", "say of what: `list<…>`"),
        ("f: func() -> string?;", "is an `option<…>`"),
        ("f: static func();", "only functions of a resource are static"),
        ("resource r { m: func(self: borrow<r>); }", "has its parameter `self` already"),
        ("} import i;", "imports and exports stand in a world"),
        ("useful-name: func(x: useful-nam);", "there is no type `useful-nam` here"),
    ],
)
def test_names_that_were_probably_meant(tmp_path: Path, body: str, offered: str) -> None:
    text = f"package a:b;\ninterface i {{\n  {body}\n}}\ninterface other {{ record entry {{ a: u32 }} }}\n"
    assert offered in render_text(found_in(tmp_path, text), colour=False)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("f: func() -> result<unit, u32>;", "f: func() -> result<_, u32>;"),
        ("f: func() -> result<u32, unit>;", "f: func() -> result<u32>;"),
        ("f: func() -> result<unit, unit>;", "f: func() -> result;"),
        ("f: func() -> result<unit>;", "f: func() -> result;"),
        ("f: func() -> unit;", "f: func();"),
        ("f: func(x: float32) -> float64;", "f: func(x: f32) -> f64;"),
        ("f: func()\n  g: func();", "f: func();\n  g: func();"),
        ("f: func() }", "f: func(); }"),
        ("f: fn();", "f: func();"),
        ("f: func(): u32;", "f: func() -> u32;"),
        ("record r { a: u32; b: u32; }", "record r { a: u32, b: u32, }"),
        ("record r { a: u32 b: u32 }", "record r { a: u32, b: u32 }"),
        ("enum e {\n  a\n  b\n  }", "enum e {\n  a,\n  b\n  }"),
        ("record type { import: u32 }", "record %type { %import: u32 }"),
        ("import: func(from: u32);", "%import: func(%from: u32);"),
        ("f: func(x: u8) => u32;", "f: func(x: u8) -> u32;"),
        ("f: func(x u8, y bool);", "f: func(x: u8, y: bool);"),
        ("resource r { constructor() -> r; }", "resource r { constructor(); }"),
        ("resource r; } interface %use { use a:b/i.{r};", "resource r; } interface %use { use i.{r};"),
        ("type t: u32;", "type t = u32;"),
        ("enum e = { a, b }", "enum e { a, b }"),
        ("record r { a: u32 };", "record r { a: u32 }"),
        ("f: func(x: 漢 /* 漢 */);\r\n  g: func() -> float64", "f: func(x: 漢 /* 漢 */);\r\n  g: func() -> f64"),
    ],
)
def test_certain_fixes(tmp_path: Path, wrong: str, right: str) -> None:
    head = "package a:b;\ninterface i {\n  "
    end = "" if wrong.endswith(" }") and "{" not in wrong else "\n}\n"
    assert fixed(tmp_path, f"{head}{wrong}{end}").removeprefix(head).removesuffix(end).rstrip(";") == right.rstrip(";")


@pytest.mark.parametrize(
    "body",
    [
        "use stream.{t};",
        "f: func(x: option<unit>);",
        "enum e { a b }",
        "f: func(x: i32);",
        "import foo;",
        "f: func() -> (u32, u32);",
        "type t = unit;",
        "f: func() /* why */ : u32;",
    ],
)
def test_what_is_not_certain_is_not_fixed(tmp_path: Path, body: str) -> None:
    text = f"package a:b;\ninterface i {{\n  {body}\n}}\n"
    assert found_in(tmp_path, text)
    assert fixed(tmp_path, text) == text


def test_a_type_of_ones_own_may_be_called_unit(tmp_path: Path) -> None:
    text = "package a:b;\ninterface i {\n  record unit { a: u32 }\n  f: func() -> result<unit, unit>;\n}\n"
    assert found_in(tmp_path, text) == ()


def test_reading_goes_on_as_if_a_certain_fix_had_been_made(tmp_path: Path) -> None:
    text = "package a:b;\ninterface i {\n  record r { a: u32; b: nope }\n  r: fn(): missing\n}\n"
    messages = [one.message for one in found_in(tmp_path, text)]
    assert len(messages) == 7
    assert any("`nope`" in one for one in messages)
    assert any("`missing`" in one for one in messages)
    assert any("has the name of the record" in one for one in messages)


def test_overlapping_fixes_are_applied_one_at_a_time(tmp_path: Path) -> None:
    assert "-> result;" in fixed(tmp_path, "package a:b;\ninterface i { f: func() -> result<unit, unit>; }\n")


WORDS = [
    *("interface", "world", "i", "record", "r", "{", "}", ";", ":", ",", "func", "fn", "(", ")", "->", "unit", "u32"),
    *(
        "result",
        "<",
        ">",
        "_",
        "use",
        "a:b",
        "@",
        "0.1.0",
        ".",
        "/",
        "import",
        "type",
        "=",
        "\n",
        "float32",
        "enum",
        "漢",
    ),
]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_fixing_any_text_comes_to_an_end(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(50):
            path = Path(folder) / "x.wit"
            path.write_text(f"package a:b;\n{text}", "utf-8")
            diagnostics = load([path]).diagnostics
            assert to_github(diagnostics).count("\n") == len(diagnostics)
            assert len(to_json(diagnostics)["diagnostics"]) == len(diagnostics)
            assert len(to_sarif(diagnostics, "1.0.0")["runs"][0]["results"]) == len(diagnostics)
            texts = fixed_texts(diagnostics)
            if not texts:
                return
            ((file, changed),) = texts.items()
            assert changed != file.text
            text = changed.removeprefix("package a:b;\n")
        raise AssertionError(f"still fixing: {text!r}")


def test_worlds_are_not_default_any_more(tmp_path: Path) -> None:
    assert fixed(tmp_path, "package a:b;\ndefault world w {}\n") == "package a:b;\nworld w {}\n"
