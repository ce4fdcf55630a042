"""Checks that a case file covers its interface: every function has a positive case, a negative one, and a catalogue
id.
"""

from __future__ import annotations

from elastic_hal.codegen.targets.suite.reach import functions_by_label
from elastic_hal.codegen.targets.suite.types import can_fail
from elastic_hal.conformance.cases import CaseFile
from elastic_hal.conformance.document import CaseProblem


def coverage_problems(file: CaseFile) -> list[CaseProblem]:
    """What the file lacks, one entry for each gap."""
    positive = {label for case in file.cases for label in case.positive}
    negative = {label for case in file.cases for label in case.negative}
    problems: list[CaseProblem] = []
    for label, function in functions_by_label(file.interface).items():
        if not file.catalogue_of(label):
            problems.append(
                _gap(
                    file,
                    f"{label} has no catalogue id",
                    "a `HAL: …` line in its doc comment, or `catalogue` in the file",
                )
            )
        if label not in positive:
            problems.append(
                _gap(file, f"{label} has no positive case", "a step that calls it with `expect: ok` or {ok: …}")
            )
        if can_fail(function) and label not in negative and label not in file.cannot_fail:
            hint = "a step with `expect: {err: …}`, or the reason why a guest cannot provoke one in `cannot-fail`"
            problems.append(_gap(file, f"{label} has no negative case", hint))
        if label in file.cannot_fail and label in negative:
            problems.append(_gap(file, f"{label} is in `cannot-fail` but has a negative case", "remove the entry"))
    return problems


def _gap(file: CaseFile, message: str, hint: str) -> CaseProblem:
    return CaseProblem(file.path, 1, message, hint)
