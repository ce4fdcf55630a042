"""What is valid WIT and yet gets a warning, and what does not."""

from pathlib import Path

import pytest

from elastic_hal.codegen.codes import LINTS, Code
from elastic_hal.codegen.diagnostics import Severity, render_text
from elastic_hal.codegen.frontend import load, load_and_lint
from elastic_hal.codegen.resources import contract_dir

DOCUMENTED = "package a:b;\n\n/// Docs.\ninterface i {{\n{body}\n}}\n"


def warnings(folder: Path, text: str) -> list[tuple[Code, str]]:
    path = folder / "x.wit"
    path.write_text(text, "utf-8")
    assert load([path]).diagnostics == ()
    result = load_and_lint([path])
    assert result.resolve is not None
    found = []
    for one in result.diagnostics:
        assert one.severity is Severity.WARNING
        assert one.code in LINTS
        assert one.span is not None
        assert one.notes
        found.append((one.code, one.span.file.text[one.span.start : one.span.end]))
    return found


def in_interface(folder: Path, body: str) -> list[tuple[Code, str]]:
    """The warnings about the body of an interface that are not about its documentation."""
    return [one for one in warnings(folder, DOCUMENTED.format(body=body)) if one[0] is not Code.MISSING_DOCS]


def test_the_contract_has_no_warnings() -> None:
    assert render_text(load_and_lint([contract_dir()]).diagnostics, colour=False) == ""


def test_dependencies_are_not_linted(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "c.wit").write_text("package c:d; interface e { f: func() -> result<u32, string>; }")
    (tmp_path / "x.wit").write_text("package a:b;\n/// Docs.\nworld w { import c:d/e; }\n")
    assert load_and_lint([tmp_path]).diagnostics == ()
    assert load_and_lint([tmp_path / "deps" / "c.wit"]).diagnostics != ()


def test_text_with_errors_is_not_linted(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b; interface i { f: func() -> nope; }")
    assert [one.code for one in load_and_lint([path]).diagnostics] == [Code.UNKNOWN_NAME]


def test_everything_that_is_declared_needs_docs(tmp_path: Path) -> None:
    text = (
        "package a:b;\ninterface i {\n  record r { a: u32 }\n"
        "  resource s { constructor(x: r); m: func(); n: static func(); }\n"
        "  f: func();\n}\n\nworld w {\n  import i;\n  import g: func();\n  export e: interface {}\n}\n"
    )
    names = [name for code, name in warnings(tmp_path, text) if code is Code.MISSING_DOCS]
    assert names == ["i", "r", "s", "constructor", "m", "n", "f", "w", "g", "e"]


def test_an_empty_doc_comment_is_none(tmp_path: Path) -> None:
    assert warnings(tmp_path, "package a:b;\n///\ninterface i {}\n") == [(Code.MISSING_DOCS, "i")]


def test_since_is_for_packages_with_a_version(tmp_path: Path) -> None:
    body = "/// Docs.\n{gate}interface i {{\n  /// Docs.\n  f: func();\n}}\n"
    assert warnings(tmp_path, "package a:b;\n" + body.format(gate="")) == []
    found = warnings(tmp_path, "package a:b@1.0.0;\n" + body.format(gate=""))
    assert found == [(Code.MISSING_SINCE, "i"), (Code.MISSING_SINCE, "f")]
    found = warnings(tmp_path, "package a:b@1.0.0;\n" + body.format(gate="@since(version = 1.0.0)\n"))
    assert found == [(Code.MISSING_SINCE, "f")]


@pytest.mark.parametrize(
    ("body", "unused"),
    [
        ("record r { a: u32 } f: func();", ["r"]),
        ("type t = u32; record r { a: t } f: func(x: list<option<r>>);", []),
        ("type t = u32; f: func() -> result<_, t>;", []),
        ("resource r; f: func();", ["r"]),
        ("resource r { m: func(); }", []),
        ("resource r; f: func(x: borrow<r>);", []),
        ("record r { a: u32 }", []),
    ],
)
def test_unused_types(tmp_path: Path, body: str, unused: list[str]) -> None:
    assert in_interface(tmp_path, body) == [(Code.UNUSED_TYPE, name) for name in unused]


def test_a_type_that_another_interface_brings_in_is_used(tmp_path: Path) -> None:
    body = "type t = u32; type u = u32; }\n/// Docs.\ninterface j { use i.{t, u as v}; f: func(x: t);"
    assert in_interface(tmp_path, body) == [(Code.UNUSED_TYPE, "v")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("f: func(file-handle: u32);", ["u32"]),
        ("f: func(handles: list<u32>, fd: option<s32>);", ["s32"]),
        ("type descriptor = u64; f: func(x: descriptor);", ["u64"]),
        ("close: func(id: u32);", ["u32"]),
        ("open: func(name: string) -> result<u64, bool>;", ["u64"]),
        ("open-count: func() -> list<u8>;", []),
        ("f: func(size: u64, handle: string) -> u32;", []),
        ("resource handle { close: func(); } g: func(handle: handle);", []),
    ],
)
def test_integers_that_are_handles(tmp_path: Path, body: str, found: list[str]) -> None:
    assert in_interface(tmp_path, body) == [(Code.INTEGER_HANDLE, name) for name in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("f: func() -> result<u32, string>;", ["string"]),
        ("f: func() -> list<result<_, string>>;", ["string"]),
        ("type problem = string; f: func() -> result<_, problem>;", ["problem"]),
        ("variant e { other(string) } f: func() -> result<string, e>;", []),
    ],
)
def test_errors_that_are_strings(tmp_path: Path, body: str, found: list[str]) -> None:
    assert in_interface(tmp_path, body) == [(Code.STRING_ERROR, name) for name in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("class: func();", ["class"]),
        ("f: func(lambda: u32, int: u32, new: u32, %type: u32);", ["lambda", "int", "new", "%type"]),
        ("record r { global: u32, new: u32, loop: u32 } f: func(x: r);", ["global", "loop"]),
        ("resource r { delete: func(); yield: func(); }", ["yield"]),
        ("record none { a: u32 } f: func(x: none);", ["none"]),
        ("variant v { self(u32), none } enum e { class, none } f: func(x: v, y: e);", ["self"]),
        ("get-class: func(from-list: u32);", []),
    ],
)
def test_names_that_clash(tmp_path: Path, body: str, found: list[str]) -> None:
    assert in_interface(tmp_path, body) == [(Code.NAME_CLASH, name) for name in found]
