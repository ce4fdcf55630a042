"""`results.jsonl`: one object for the run, then one for each case.

While a run is under way the file has a line `start` and then the cases as they end, so that what was found is there
whatever happens to the runner; the line of the run is missing until it has ended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from elastic_hal.conformance.results import CaseResult, SuiteResult


def json_lines(result: SuiteResult) -> str:
    """The text of the file."""
    run = result.to_json()
    results = run.pop("results")
    lines = [{"type": "run", **run}, *({"type": "case", **case} for case in results)]
    return "".join(_line(line) for line in lines)


class ResultsFile:
    """The file while the run is under way. What is written is at once in the file, not only in this process."""

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("wb", buffering=0)
        self._write({"type": "start", **about})

    def add(self, result: CaseResult) -> None:
        """Writes one case."""
        self._write({"type": "case", **result.to_json()})

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def _write(self, value: dict[str, Any]) -> None:
        line = memoryview(_line(value).encode("utf-8", "replace"))
        while line:
            line = line[self._file.write(line) or 0 :]


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
