"""Functions written in the order of another language, merge conflicts, and mistakes that are reported only once."""

from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic
from elastic_hal.codegen.fixes import fixed_texts
from elastic_hal.codegen.frontend import load

IN_INTERFACE = "package a:b;\ninterface i {{\n  {0}\n  last: func() -> u99;\n}}\n"
IN_RESOURCE = "package a:b;\ninterface i {{\n  resource r {{ {0} }}\n  last: func() -> u99;\n}}\n"
IN_WORLD = "package a:b;\nworld w {{\n  {0}\n  import last: func() -> u99;\n}}\n"


def found_in(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    path = folder / "x.wit"
    path.write_text(text, "utf-8", newline="")
    return load([path]).diagnostics


@pytest.mark.parametrize(
    ("around", "wrong", "right"),
    [
        (IN_INTERFACE, "async f: func();", "f: async func();"),
        (IN_INTERFACE, "fn k();", "k: func();"),
        (IN_INTERFACE, "fn k(a: u32) -> u32;", "k: func(a: u32) -> u32;"),
        (IN_INTERFACE, "function k();", "k: func();"),
        (IN_INTERFACE, "def k: func();", "k: func();"),
        (IN_INTERFACE, "func k();", "k: func();"),
        (IN_INTERFACE, "func k: func();", "k: func();"),
        (IN_INTERFACE, "async fn k();", "k: async func();"),
        (IN_INTERFACE, "async func k();", "k: async func();"),
        (IN_INTERFACE, "fn import();", "%import: func();"),
        (IN_RESOURCE, "static f: func();", "f: static func();"),
        (IN_RESOURCE, "static async f: func();", "f: static async func();"),
        (IN_RESOURCE, "async f: static func();", "f: static async func();"),
        (IN_RESOURCE, "f: async static func();", "f: static async func();"),
        (IN_RESOURCE, "fn new() -> r;", "new: func() -> r;"),
        (IN_WORLD, "import async f: func();", "import f: async func();"),
        (IN_WORLD, "async import f: func();", "import f: async func();"),
        (IN_WORLD, "export fn k();", "export k: func();"),
        (IN_WORLD, "import func k();", "import k: func();"),
    ],
)
def test_the_order_that_was_meant_is_offered(tmp_path: Path, around: str, wrong: str, right: str) -> None:
    found = found_in(tmp_path, around.format(wrong))
    # One finding about the function, and what follows is read as if it were right.
    assert [one.code for one in found] == [Code.SYNTAX, Code.UNKNOWN_NAME]
    assert "keyword" not in " ".join(note.message for note in found[0].notes)
    (text,) = fixed_texts(found[:1]).values()
    assert text == around.format(right)
    assert [one.code for one in found_in(tmp_path, text)] == [Code.UNKNOWN_NAME]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (IN_INTERFACE.format("static f: func();"), "only functions of a resource are static"),
        (IN_INTERFACE.format("export k: func();"), "imports and exports stand in a world"),
        (IN_INTERFACE.format("f: func() -> result<(), u8>;"), "`result<_, error>`"),
        (IN_RESOURCE.format("f: func(self);"), "leave `self` out"),
        (IN_RESOURCE.format("f: func(self, a: u8);"), "leave `self` out"),
        (IN_INTERFACE.format("fn q;"), "a function is written `q: func(…)`"),
        ("package a:b;\ninterface i {\ninterface j {}\n", "is the `}` missing"),
        (IN_INTERFACE.format("record: func();"), "as a name it is written `%record`"),
    ],
)
def test_notes_say_what_was_meant(tmp_path: Path, text: str, notes: str) -> None:
    assert any(notes in note.message for one in found_in(tmp_path, text) for note in one.notes)


def test_a_missing_end_comes_before_the_order_of_the_next_function(tmp_path: Path) -> None:
    text = IN_INTERFACE.format("async f: func()\n  async g: func();")
    (fixed,) = fixed_texts(found_in(tmp_path, text)).values()
    while texts := fixed_texts(found_in(tmp_path, fixed)):
        (fixed,) = texts.values()
    assert fixed == IN_INTERFACE.format("f: async func();\n  g: async func();")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("base", ["", "||||||| base\n  f: func() -> u8;\n"])
def test_a_merge_conflict_is_one_finding(tmp_path: Path, base: str, end: str) -> None:
    text = (
        f"package a:b;\ninterface i {{\n<<<<<<< HEAD\n  f: func();\n{base}=======\n  f: func(a: u32);\n"
        ">>>>>>> other\n  g: func() -> u99;\n}\n"
    ).replace("\n", end)
    first, second = found_in(tmp_path, text)
    assert (first.code, second.code) == (Code.MERGE_CONFLICT, Code.UNKNOWN_NAME)
    assert first.span is not None
    assert first.span.file.text[first.span.start : first.span.end] == "<<<<<<< HEAD"
    span = first.notes[1].span
    assert span is not None
    assert span.file.text[span.start : span.end] == ">>>>>>> other"


def test_a_conflict_across_declarations_is_one_finding(tmp_path: Path) -> None:
    text = "package a:b;\n<<<<<<< HEAD\ninterface i {\n=======\ninterface j {\n>>>>>>> x\n  f: func();\n}\n"
    assert [one.code for one in found_in(tmp_path, text)] == [Code.MERGE_CONFLICT]


def test_marks_that_are_left_over_are_found_and_comments_are_left_alone(tmp_path: Path) -> None:
    text = "package a:b;\ninterface i {\n=======\n  f: func();\n>>>>>>> x\n}\n<<<<<<< y"
    assert [one.code for one in found_in(tmp_path, text)] == [Code.MERGE_CONFLICT] * 3
    text = "package a:b;\n/*\n<<<<<<< x\n=======\n*/\n// =======\ninterface i { type t = list<list<list<u8>>>; }\n"
    assert found_in(tmp_path, text) == ()


def test_a_comment_without_its_end_is_one_finding(tmp_path: Path) -> None:
    for text in (
        "package a:b;\ninterface i {\n  /* f: func();\n}\n",
        "package a:b;\ninterface i {\n  f: func(/* a: u32);\n}\n",
        "package a:b;\n/* interface i {}\n",
        "package a:b;\nworld w { import i; }\n/* interface i {}\n",
        "/*",
    ):
        assert [one.code for one in found_in(tmp_path, text)] == [Code.UNTERMINATED_COMMENT], text
    (found,) = found_in(tmp_path, "package a:b;\n/* one /* two */\n")
    assert "nest" in found.notes[0].message
