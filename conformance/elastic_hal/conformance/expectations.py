"""Expected failures of a runtime, in a TOML file that may never be out of date.

    runtime = "elastic-hal-reference"

    [expected-failures."elastic:hal/crypto@0.2.0"]
    case-id = "why it fails"

As in wasi-testsuite's lists, the first key is the suite (here the interface), the second the test, the value the
reason. An entry whose case passes, or does not exist, is stale and fails the run, so the list can only shrink on
purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from elastic_hal.common.files import FileError
from elastic_hal.common.text import shown
from elastic_hal.common.toml_text import TomlError, read_toml
from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict

FAILURES = {Verdict.FAIL, Verdict.ERROR, Verdict.XFAIL}


class ExpectationsError(Exception):
    """An expectations file can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """Interface → case → reason."""

    path: str = ""
    runtime: str | None = None
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_expectations(path: Path) -> Expectations:
    """Reads a file; raises ExpectationsError."""
    try:
        document = read_toml(path)
    except FileError as error:
        raise ExpectationsError(str(error)) from error
    except TomlError as error:
        raise ExpectationsError(f"{shown(path)}: is not valid TOML: {error}") from error
    unknown = sorted(set(document) - {"runtime", "expected-failures"})
    if unknown:
        raise ExpectationsError(f"{path}: has the unknown key {unknown[0]!r}; known are runtime and expected-failures")
    runtime = document.get("runtime")
    failures = document.get("expected-failures", {})
    well_formed = isinstance(failures, dict) and all(
        isinstance(entries, dict) and all(isinstance(reason, str) for reason in entries.values())
        for entries in failures.values()
    )
    if not well_formed or not isinstance(runtime, str | None):
        raise ExpectationsError(f'{path}: expected-failures."<interface>" holds lines of the form case = "reason"')
    return Expectations(str(path), runtime, failures)


def apply_expectations(
    expectations: Expectations, results: Sequence[CaseResult], all_cases: Iterable[tuple[str, str]]
) -> tuple[list[CaseResult], list[str]]:
    """The results with XFAIL and XPASS, and the stale entries. `all_cases` are (interface, case) of the whole suite."""
    judged = [as_expected(result, expectations) for result in results]
    stale = [
        f"{result.interface} {result.case.id}: is expected to fail, but passes"
        for result in judged
        if result.verdict is Verdict.XPASS
    ]
    known = set(all_cases)
    for interface, entries in expectations.failures.items():
        stale += [f"{interface} {case}: there is no such case" for case in entries if (interface, case) not in known]
    return judged, stale


def as_expected(result: CaseResult, expectations: Expectations) -> CaseResult:
    """The result, as XFAIL or XPASS where the case is expected to fail."""
    reason = expectations.failures.get(result.interface, {}).get(result.case.id)
    if reason is None:
        return result
    if result.verdict in FAILURES:
        return replace(result, verdict=Verdict.XFAIL, reason=f"expected to fail: {reason} ({result.reason})")
    if result.verdict is Verdict.PASS:
        return replace(result, verdict=Verdict.XPASS, reason=f"passes, but was expected to fail: {reason}")
    return result


def write_expectations(result: SuiteResult, path: Path, previous: Expectations | None = None) -> int:
    """Writes a file that lists every failure of a run, with the reasons of `previous`; returns their number."""
    failures: dict[str, dict[str, str]] = {}
    for case in result.results:
        if case.verdict in FAILURES:
            kept = (previous or Expectations()).failures.get(case.interface, {}).get(case.case.id)
            failures.setdefault(case.interface, {})[case.case.id] = kept or case.reason
    lines = [f"runtime = {_quoted(result.adapter)}"]
    for interface, entries in sorted(failures.items()):
        lines += ["", f"[expected-failures.{_quoted(interface)}]"]
        lines += [f"{name} = {_quoted(reason)}" for name, reason in sorted(entries.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
    return sum(len(entries) for entries in failures.values())


def _quoted(text: str) -> str:
    """A TOML basic string; its escapes are those of JSON except for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
