"""Every rendered diagnostic is kept as a text file beside the WIT file that causes it.

After a deliberate change run the tests with UPDATE_SNAPSHOTS=1 and read what git says has changed.
"""

import os
from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Diagnostics, Fix, Note, Severity, WitError, render_text
from elastic_hal.codegen.frontend import load, load_or_raise
from elastic_hal.codegen.source import SourceFile, Span

CASES = Path(__file__).parent / "diagnostics"
OF_FOLDERS = {
    Code.CANNOT_READ,
    Code.NOT_UTF8,
    Code.BINARY_PACKAGE,
    Code.DUPLICATE_DOCS,
    Code.TOO_MANY_ERRORS,
    Code.UNKNOWN_WORLD,
}
"""Codes that no single valid file can cause; `test_frontend_loading.py` covers them."""


def cases() -> list[Path]:
    return sorted(CASES.glob("*.wit"))


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_rendered_text_is_as_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    result = load([Path(path.name)])
    text = render_text(result.diagnostics, colour=False) + "\n"
    kept = path.with_suffix(".txt")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(text, "utf-8")
    assert result.resolve is None
    assert text == kept.read_text("utf-8")


def test_every_code_is_shown_once() -> None:
    shown = {diagnostic.code for path in cases() for diagnostic in load([path]).diagnostics}
    assert shown | OF_FOLDERS == set(Code)


def test_every_diagnostic_has_its_place() -> None:
    for path in cases():
        for diagnostic in load([path]).diagnostics:
            assert diagnostic.span is not None
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.file.text)


def test_carets_stand_under_what_is_meant_in_tabs_and_wide_text() -> None:
    file = SourceFile("x.wit", "a\t漢字e\u0301 bad\n")
    start = file.text.index("bad")
    diagnostic = Diagnostic(Code.SYNTAX, Severity.ERROR, "no", Span(file, start, start + 3))
    _, place, _, source, caret = render_text([diagnostic], colour=False).split("\n")
    assert place.endswith("x.wit:1:8")
    assert source == "1 | a   漢字e\u0301 bad"
    # Two columns for each wide character, none for the accent.
    assert caret == "  | " + " " * 10 + "^^^"


def test_colour_changes_nothing_but_escapes() -> None:
    file = SourceFile("x.wit", "word\n")
    span = Span(file, 0, 4)
    diagnostic = Diagnostic(Code.SYNTAX, Severity.ERROR, "no", span, (Note("see", span),), Fix(span, "other"))
    coloured = render_text([diagnostic], colour=True)
    assert "\x1b[31m" in coloured
    for escape in ("\x1b[31m", "\x1b[34m", "\x1b[1m", "\x1b[0m"):
        coloured = coloured.replace(escape, "")
    assert coloured == render_text([diagnostic], colour=False)


def test_control_codes_of_the_source_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b; // \x1b[31m\n")
    text = render_text(load([path]).diagnostics, colour=False)
    assert "\x1b" not in text
    assert "U+001B" in text


def test_all_independent_mistakes_come_in_one_run(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b;\ninterface i { f: func(x: nope); g: fun(); h: func() -> nada; type t = ; }\n")
    found = [diagnostic.code for diagnostic in load([path]).diagnostics]
    assert found == [Code.UNKNOWN_NAME, Code.SYNTAX, Code.UNKNOWN_NAME, Code.SYNTAX]


def test_names_of_broken_items_are_not_reported_again(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text(
        "package a:b;\ninterface i { record r { a u32 } f: func(x: r); }\nworld w { use i.{r}; import j; }\n"
    )
    found = load([path]).diagnostics
    assert [diagnostic.code for diagnostic in found] == [Code.SYNTAX, Code.UNKNOWN_NAME]
    assert "`j`" in found[1].message


def test_a_fix_gives_text_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b;\ninterface i {\n  type list = u8\n  f: func() -> result<unit, float32>;\n}\n")
    for _ in range(5):
        fixes = [diagnostic.fix for diagnostic in load([path]).diagnostics if diagnostic.fix]
        text = path.read_text()
        for fix in sorted(fixes, key=lambda one: one.span.start, reverse=True):
            text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
        path.write_text(text)
    assert load([path]).diagnostics == ()
    assert "%list" in text


def test_an_error_is_its_rendered_text(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b;\ninterface {}\n")
    with pytest.raises(WitError) as raised:
        load_or_raise([path])
    assert str(raised.value) == render_text(raised.value.diagnostics, colour=False)


def test_a_run_stops_reporting_at_some_point() -> None:
    diagnostics = Diagnostics()
    for number in range(1000):
        diagnostics.error(Code.SYNTAX, f"number {number}", None)
    found = diagnostics.sorted()
    assert len(found) == 301
    assert found[-1].code is Code.TOO_MANY_ERRORS
