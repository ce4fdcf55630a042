"""`report.html`: one self-contained page with every case, its verdict, what was expected and observed, and how to run
it again.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

import jinja2

from elastic_hal.conformance.expression import full_id
from elastic_hal.conformance.matrix import MatrixRow
from elastic_hal.conformance.reports.markdown import GLYPHS
from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict


def html_report(result: SuiteResult, rows: Sequence[MatrixRow]) -> str:
    """The text of the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("elastic_hal.conformance.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("report.html.jinja")
    return template.render(
        result=result,
        interfaces=_grouped(result),
        verdicts=list(Verdict),
        glyphs={verdict.value: glyph for verdict, glyph in GLYPHS.items()},
        rows=rows,
        pretty=_pretty,
        reproduce=lambda case: once_more(case, result.options),
    )


def _grouped(result: SuiteResult) -> dict[str, dict[str, list[CaseResult]]]:
    """Interface → function → its cases. A case stands under each function that it covers."""
    grouped: dict[str, dict[str, list[CaseResult]]] = {}
    for case in result.results:
        functions = grouped.setdefault(case.interface, {})
        for function in case.case.functions or ("(none)",):
            functions.setdefault(function, []).append(case)
    return {interface: dict(sorted(functions.items())) for interface, functions in grouped.items()}


def _pretty(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


def once_more(case: CaseResult, options: Sequence[str]) -> str:
    """The command that runs just this case again, with the options of its run; for a shell."""
    name = full_id(case.interface, case.case)
    return shlex.join(["elastic-hal", "conformance", "run", *options, "--case", name])
