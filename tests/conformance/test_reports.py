from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from elastic_hal.conformance import Adapter, BuiltSuite, SuiteResult, Verdict, matrix, run_suite, write_reports

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
    return replace(found, results=results, stale=(HOSTILE.replace("\ud800", ""),))


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
    assert "-k &#39;elastic:hal/crypto@0.2.0 and fails&#39;" in texts["report.html"]
    assert "<script>" not in texts["summary.md"]


def test_an_unavailable_runtime_is_reported_too(result: SuiteResult, tmp_path: Path) -> None:
    written = write_reports(replace(result, results=(), unavailable="not installed"), [], tmp_path)
    assert "not installed" in Path(written.files["report.html"]).read_text()
    assert "not installed" in Path(written.files["junit.xml"]).read_text()


def test_the_matrix_gives_the_worst_verdict_of_each_id(result: SuiteResult) -> None:
    cases = [(item.interface, item.case) for item in result.results]
    rows = {row.id: row for row in matrix(cases, result)}
    assert rows["CRY-6"].verdict == "error"
    assert rows["CRY-6"].functions == ("elastic:hal/crypto@0.2.0#hash",)
    assert len(rows["CRY-6"].cases) == 4
    assert rows["GPU-1"].verdict == "untested"
    assert {row.id: row.verdict for row in matrix(cases)}["CRY-6"] == "not run"
