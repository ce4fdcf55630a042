"""`results.jsonl`: one object for the run, then one for each case."""

from __future__ import annotations

import json

from elastic_hal.conformance.results import SuiteResult


def json_lines(result: SuiteResult) -> str:
    """The text of the file."""
    run = result.to_json()
    results = run.pop("results")
    lines = [{"type": "run", **run}, *({"type": "case", **case} for case in results)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
