"""Diagnostics in the forms that programs read."""

import json
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Fix, Note, Severity
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.reports import to_github, to_json, to_sarif
from elastic_hal.codegen.source import SourceFile, Span

FILE = SourceFile("wit/50% x,y.wit", "漢\te\u0301 bad\nnext\n")
PLACE = Span(FILE, 5, 8)
EARLIER = Span(FILE, 0, 1)
DIAGNOSTIC = Diagnostic(
    Code.UNKNOWN_NAME,
    Severity.ERROR,
    "no `100%`\r\n::error::",
    PLACE,
    (Note("see", EARLIER), Note("plain")),
    Fix(PLACE, "good"),
)


def test_json_has_places_in_characters() -> None:
    place = {"path": "wit/50% x,y.wit", "line": 1, "column": 6, "end_line": 1, "end_column": 9}
    first = {"path": "wit/50% x,y.wit", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    nowhere = dict.fromkeys(place)
    assert to_json([DIAGNOSTIC]) == {
        "diagnostics": [
            {
                "code": "unknown-name",
                "severity": "error",
                "message": "no `100%`\r\n::error::",
                **place,
                "notes": [{"message": "see", **first}, {"message": "plain", **nowhere}],
                "fix": {"message": "write `good` instead of `bad`", "replacement": "good", **place},
            }
        ]
    }
    assert to_json([]) == {"diagnostics": []}


def test_a_place_may_go_over_lines() -> None:
    diagnostic = Diagnostic(Code.SYNTAX, Severity.WARNING, "no", Span(FILE, 5, 11))
    (finding,) = to_json([diagnostic])["diagnostics"]
    assert (finding["line"], finding["column"], finding["end_line"], finding["end_column"]) == (1, 6, 2, 3)
    assert "fix" not in finding
    assert to_github([diagnostic]) == "::warning file=wit/50%25 x%2Cy.wit,line=1,endLine=2,title=syntax::no\n"


def test_github_commands_are_one_line_each_and_escaped() -> None:
    assert (
        to_github([DIAGNOSTIC, DIAGNOSTIC]).splitlines()
        == [
            "::error file=wit/50%25 x%2Cy.wit,line=1,endLine=1,col=6,endColumn=9,title=unknown-name"
            "::no `100%25`%0D%0A::error::%0Anote: see (wit/50%25 x,y.wit:1:1)%0Anote: plain"
            "%0Ahelp: write `good` instead of `bad`"
        ]
        * 2
    )
    assert to_github([]) == ""


def test_sarif_refers_to_rules_and_places() -> None:
    log = to_sarif([DIAGNOSTIC], "1.2.3")
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("elastic-hal", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == [code.value for code in Code]
    (result,) = run["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "unknown-name"
    assert result["level"] == "error"
    assert result["message"]["text"] == "no `100%`\r\n::error::\nplain"
    region = {"startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 9}
    artifact = {"uri": "wit/50%25%20x%2Cy.wit"}
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
    assert result["relatedLocations"][0]["message"] == {"text": "see"}
    assert result["fixes"][0]["artifactChanges"] == [
        {
            "artifactLocation": artifact,
            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "good"}}],
        }
    ]
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_without_findings_is_a_run_without_results() -> None:
    assert to_sarif([], "1.0.0")["runs"][0]["results"] == []


@pytest.mark.parametrize("name", ["none.wit", "a b/none"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    diagnostics = load([path]).diagnostics
    (finding,) = to_json(diagnostics)["diagnostics"]
    assert (finding["path"], finding["line"]) == (str(path), None)
    location: dict[str, Any] = to_sarif(diagnostics, "1.0.0")["runs"][0]["results"][0]["locations"][0]
    assert location == {"physicalLocation": {"artifactLocation": {"uri": path.as_uri()}}}
    assert f"file={path}," in to_github(diagnostics)


def test_all_forms_can_hold_any_text() -> None:
    file = SourceFile("x\udcff.wit", "\ud800")
    diagnostic = Diagnostic(Code.SYNTAX, Severity.ERROR, "\x1b\u2028", Span(file, 0, 1))
    assert to_sarif([diagnostic], "1.0.0")["runs"][0]["results"][0]["locations"][0]["physicalLocation"][
        "artifactLocation"
    ] == {"uri": "x%FF.wit"}
    assert json.loads(json.dumps(to_json([diagnostic])))["diagnostics"][0]["path"] == "x\udcff.wit"
    assert to_github([diagnostic]).count("\n") == 1
