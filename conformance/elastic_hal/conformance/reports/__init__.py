"""Writes what a run gave: JSON lines for programs, JUnit for CI, Markdown for a pull request, one HTML page for
people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.matrix import matrix
from elastic_hal.conformance.reports.html import html_report
from elastic_hal.conformance.reports.jsonlines import ResultsFile, json_lines
from elastic_hal.conformance.reports.junit import junit_report
from elastic_hal.conformance.reports.markdown import markdown_summary
from elastic_hal.conformance.results import SuiteResult

RESULTS = "results.jsonl"

__all__ = ["RESULTS", "ResultsFile", "write_reports"]


def write_reports(result: SuiteResult, cases: Iterable[tuple[str, SuiteCase]], out_dir: Path) -> SuiteResult:
    """Writes every report into a folder; gives the result with their paths. `cases` are those of the whole suite."""
    out_dir.mkdir(parents=True, exist_ok=True)
    rows = matrix(cases, result)
    texts = {
        RESULTS: json_lines(result),
        "junit.xml": junit_report(result),
        "summary.md": markdown_summary(result, rows),
        "report.html": html_report(result, rows),
    }
    files = {}
    for name, text in texts.items():
        path = out_dir / name
        # Whole or not at all: the file may hold what was found so far, and a full disk must not take that away.
        unfinished = out_dir / f".{name}.part"
        unfinished.write_text(text, encoding="utf-8", errors="replace")
        unfinished.replace(path)
        files[name] = str(path)
    return replace(result, files=files)
