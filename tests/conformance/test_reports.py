from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from elastic_hal.conformance import (
    Adapter,
    BuiltSuite,
    CaseResult,
    ResultsFile,
    Skip,
    SuiteResult,
    Verdict,
    matrix,
    run_suite,
    write_reports,
)
from elastic_hal.conformance.reports.jsonlines import json_lines

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = "<script>alert(1)</script> & \x00 \ud800 | ``` ]]> é"


class Balance(HTMLParser):
    """Fails where tags do not nest, or where the page loads something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def result(fake_adapter: Callable[..., Adapter], fake_suite: Callable[..., BuiltSuite]) -> SuiteResult:
    suite = fake_suite("good", "fails", "traps", "says-unsupported")
    found = run_suite(suite, fake_adapter(), platform="simulated")
    results = (replace(found.results[0], verdict=Verdict.ERROR, reason=HOSTILE, observed=HOSTILE), *found.results[1:])
    options = ("--adapter", "my runtime.py", "--platform", "tdx")
    return replace(found, results=results, stale=(HOSTILE.replace("\ud800", ""),), options=options)


def test_reports_are_well_formed_whatever_a_runtime_says(result: SuiteResult, tmp_path: Path) -> None:
    cases = [(item.interface, item.case) for item in result.results]
    written = write_reports(result, cases, tmp_path / "out")
    assert set(written.files) == {"results.jsonl", "junit.xml", "summary.md", "report.html"}
    texts = {name: Path(path).read_text(encoding="utf-8") for name, path in written.files.items()}
    lines = [json.loads(line) for line in texts["results.jsonl"].splitlines()]
    assert [line["type"] for line in lines] == ["run", "case", "case", "case", "case"]
    assert lines[0]["counts"]["fail"] == 2
    root = ElementTree.fromstring(texts["junit.xml"])
    suite = root.find("testsuite")
    assert suite is not None
    valid_junit(root)
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    page = Balance()
    page.feed(texts["report.html"])
    assert not page.open
    assert "script" not in page.seen
    again = (
        "elastic-hal conformance run --adapter 'my runtime.py' --platform tdx --case 'elastic:hal/crypto@0.2.0#fails'"
    )
    assert again in html.unescape(texts["report.html"])
    assert again in html.unescape(texts["junit.xml"])
    assert "<script>" not in texts["summary.md"]


def valid_junit(root: ElementTree.Element) -> None:
    """Checks what the schemas of JUnit that are in use demand of each element, and that the counts are true."""
    assert (root.tag, root.attrib) == ("testsuites", {})
    for number, suite in enumerate(root):
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == {
            *("id", "name", "package", "timestamp", "hostname", "time"),
            *("tests", "failures", "errors", "skipped"),
        }
        assert suite.get("id") == str(number)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
        tags = [child.tag for child in suite]
        cases = suite.findall("testcase")
        assert tags == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        for item in suite[0]:
            assert (item.tag, set(item.attrib)) == ("property", {"name", "value"})
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert len(case) <= 1
            for child in case:
                assert child.tag in {"failure", "error", "skipped"}
                assert set(child.attrib) == ({"message"} if child.tag == "skipped" else {"message", "type"})
        for element in (suite, *cases):
            assert float(element.get("time", "")) >= 0
            name = element.get("name", "")
            assert name == " ".join(name.split()) != ""
        for count, tag in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            found = [case for case in cases if tag is None or case.find(tag) is not None]
            assert suite.get(count) == str(len(found)), count


@pytest.mark.parametrize("why", ["not installed", HOSTILE, "a\x1bb\nc"])
@pytest.mark.parametrize("name", ["runtime", "a\n<b>\x00", " "])
def test_an_unavailable_runtime_is_reported_too(result: SuiteResult, tmp_path: Path, why: str, name: str) -> None:
    nothing = replace(result, results=(), stale=(), unavailable=why, adapter=name)
    written = write_reports(nothing, [], tmp_path)
    root = ElementTree.fromstring(Path(written.files["junit.xml"]).read_text())
    valid_junit(root)
    assert [suite.get("errors") for suite in root] == ["1"]
    assert "unavailable" in Path(written.files["report.html"]).read_text()
    assert not written.ok


def test_results_are_in_the_file_as_they_come(result: SuiteResult, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    file = ResultsFile(path, {"adapter": "a"})
    read = [path.read_text()]
    for item in result.results:
        file.add(item)
        read.append(path.read_text())
    file.close()
    assert [len(text.splitlines()) for text in read] == [1, 2, 3, 4, 5]
    assert [json.loads(line)["type"] for line in read[-1].splitlines()] == ["start", *["case"] * 4]


def test_what_json_cannot_hold_never_gets_into_results(result: SuiteResult) -> None:
    bad = replace(result, results=(replace(result.results[0], observed=float("nan")),))
    with pytest.raises(ValueError, match="JSON"):
        json_lines(bad)


def test_a_report_says_conforms_of_a_whole_run_with_passes_alone(result: SuiteResult, tmp_path: Path) -> None:
    """What was skipped did not run; a selection shows nothing of the rest."""
    passed = replace(result.results[1], verdict=Verdict.PASS)
    skipped = replace(passed, verdict=Verdict.SKIP, skip=Skip.NOT_LISTED)

    def page(*results: CaseResult, **changes: Any) -> tuple[bool, str]:
        run = replace(result, results=results, stale=(), **changes)
        return run.ok, Path(write_reports(run, [], tmp_path).files["report.html"]).read_text()

    ok, text = page(passed, skipped, level="listed")
    assert ok
    assert "✔ Conforms at level listed: 1 case passed; 1 case skipped, which shows nothing" in text
    for results, changes in (
        ((skipped,), {"level": None}),
        ((), {"level": None}),
        ((skipped,), {"selected": True}),
        ((passed,), {"level": None, "lacking": ("no case of x passed",)}),
        ((passed,), {"level": "listed", "wanted": "core", "lacking": ("no case of x passed",)}),
    ):
        ok, text = page(*results, **changes)
        assert not ok
        assert "✔" not in text.partition("<ul")[0]
        assert "Conforms" not in text
    ok, text = page(passed, selected=True)
    assert ok
    assert "Conforms" not in text


def test_the_matrix_gives_the_worst_verdict_of_each_id(result: SuiteResult) -> None:
    cases = [(item.interface, item.case) for item in result.results]
    rows = {row.id: row for row in matrix(cases, result)}
    assert rows["CRY-6"].verdict == "error"
    assert rows["CRY-6"].functions == ("elastic:hal/crypto@0.2.0#hash",)
    assert len(rows["CRY-6"].cases) == 4
    assert rows["GPU-1"].verdict == "untested"
    assert {row.id: row.verdict for row in matrix(cases)}["CRY-6"] == "not run"
