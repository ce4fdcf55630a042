"""`summary.md`: the verdicts by interface, what failed, and the catalogue, for a pull request or release notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from elastic_hal.conformance.matrix import MatrixRow
from elastic_hal.conformance.results import SuiteResult, Verdict

GLYPHS = {
    Verdict.PASS: "✔",
    Verdict.FAIL: "✘",
    Verdict.ERROR: "!",
    Verdict.SKIP: "–",
    Verdict.XFAIL: "x",
    Verdict.XPASS: "⚠",
}
MOST_FAILURES = 50


def markdown_summary(result: SuiteResult, rows: Sequence[MatrixRow]) -> str:
    """The text of the file."""
    lines = [f"# Conformance: {_cell(result.adapter)} {_cell(result.version)}", "", _cell(result.summary) + ".", ""]
    if result.unavailable is None:
        lines += [f"**{_cell(result.conclusion)}**", ""]
    lines.append(f"Platform: {result.platform or 'as the adapter chooses'}. Started: {result.started}.")
    if result.results:
        lines += [
            "",
            "| interface | " + " | ".join(f"{GLYPHS[v]} {v.value}" for v in Verdict) + " |",
            "|---|" + "---|" * len(Verdict),
        ]
        for interface in dict.fromkeys(case.interface for case in result.results):
            counted = Counter(case.verdict for case in result.results if case.interface == interface)
            lines.append(f"| `{interface}` | " + " | ".join(str(counted[verdict] or "") for verdict in Verdict) + " |")
    bad = [case for case in result.results if not case.verdict.is_good]
    if bad:
        lines += ["", "## Not as it should be", "", "| case | verdict | why |", "|---|---|---|"]
        for case in bad[:MOST_FAILURES]:
            lines.append(f"| `{case.interface}` {case.case.id} | {case.verdict.value} | {_cell(case.reason)} |")
        if len(bad) > MOST_FAILURES:
            lines.append(f"| and {len(bad) - MOST_FAILURES} more | | |")
    if result.stale:
        lines += ["", "## Stale expectations", "", *(f"- {_cell(entry)}" for entry in result.stale)]
    tested = [row for row in rows if row.cases]
    if tested:
        lines += ["", "## Catalogue", "", "| id | functions | cases | verdict |", "|---|---|---|---|"]
        lines += [f"| {row.id} | {len(row.functions)} | {len(row.cases)} | {row.verdict} |" for row in tested]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
