"""Every rendered diagnostic is kept as a text file beside the WIT file that causes it.

After a deliberate change run the tests with UPDATE_SNAPSHOTS=1 and read what git says has changed.
"""

import os
from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Diagnostics, Fix, Note, Severity, WitError, render_text
from elastic_hal.codegen.frontend import load, load_or_raise
from elastic_hal.codegen.reference.page import report_of
from elastic_hal.codegen.source import SourceFile, Span

CASES = Path(__file__).parent / "diagnostics"


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


@pytest.mark.parametrize("code", Code)
def test_the_example_of_each_code_is_reported_as_kept(code: Code) -> None:
    text = report_of(code) + "\n"
    kept = CASES / "codes" / f"{code}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(text, "utf-8")
    assert f"[{code}]" in text
    assert text == kept.read_text("utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in (CASES / "codes").iterdir()} == set(Code)


def test_every_code_says_what_it_means() -> None:
    assert all(code.meaning.endswith(".") for code in Code)
    assert len({code.meaning for code in Code}) == len(Code)


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


def test_carets_count_what_a_terminal_shows() -> None:
    # A syllable of Hangul in three characters, a heart with a variation selector, a letter with an enclosing circle.
    for before, columns in (("\u1112\u1161\u11ab", 2), ("\u2764\ufe0f", 1), ("a\u20dd", 1), ("\U0001f600", 2)):
        file = SourceFile("x.wit", f"{before}bad\n")
        span = Span(file, len(before), len(before) + 3)
        diagnostic = Diagnostic(Code.SYNTAX, Severity.ERROR, "no", span)
        assert render_text([diagnostic], colour=False).endswith("\n  | " + " " * columns + "^^^")


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


def test_very_long_names_do_not_make_very_long_messages(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    long = "a" * 100_000
    path.write_text(
        f"package a:b;\ninterface i {{\n  {long}<u8>;\n  {long}(x: u8);\n  f: func() -> result<{long}, unit>;\n}}\n"
    )
    found = load([path]).diagnostics
    assert len(found) == 3
    assert len(render_text(found, colour=False)) < 5000


def test_a_file_that_is_given_up_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text("package a:b;\ninterface i {\n" + "  g: func()\n" * 60 + "}\n")
    found = load([path]).diagnostics
    assert len(found) == 51
    assert found[-1].code is Code.TOO_MANY_ERRORS
    assert found[-1].span is not None


def test_warnings_that_run_over_stay_warnings() -> None:
    diagnostics = Diagnostics()
    span = Span(SourceFile("x.wit", "x"), 0, 1)
    for number in range(1000):
        diagnostics.warning(Code.MISSING_DOCS, f"number {number}", span)
    assert not diagnostics.has_errors
    assert diagnostics.sorted()[-1].severity is Severity.WARNING


PUBLISHED = {
    "time.wit": """\
package elastic:time@0.1.0;

use wasi:io@0.2.0.{poll};

interface clock {
  record timezone { offset: s32, name: string }
  timezone: func() -> timezone;
  set-time: func(seconds: u64) -> result<unit, string>;
}

world timekeeper {
  import wasi:clocks/wall-clock@0.2.0;
  import clock;
}
""",
    "random.wit": """\
package elastic:random@0.1.0;

interface random {
  seed: func() -> result<unit, string>;
}
""",
}


def test_the_published_mistakes_come_in_one_run_with_what_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "wit"
    folder.mkdir()
    for name, text in PUBLISHED.items():
        (folder / name).write_text(text)
    found = load([folder]).diagnostics
    places = {(one.code.value, Path(one.span.file.path).stem, _line(one.span)) for one in found if one.span}
    assert places == {
        ("syntax", "time", 3),
        ("duplicate-name", "time", 7),
        ("unknown-name", "time", 8),
        ("unknown-package", "time", 12),
        ("conflicting-package", "time", 1),
        ("unknown-name", "random", 4),
    }
    text = render_text(found, colour=False)
    for wanted in (
        "write `use wasi:io/poll@0.2.0;`",
        "`use wasi:io/INTERFACE@0.2.0.{poll};`",
        "the function `timezone` has the name of the record `timezone`",
        "call the function `get-timezone`",
        "`result<_, string>`",
        "the package `wasi:clocks@0.2.0` is not known",
        f"the folder searched is {folder / 'deps'} (no such folder)",
        "a folder holds one package: move this file to",
    ):
        assert wanted in text


def _line(span: Span) -> int:
    return span.file.position(span.start)[0]
