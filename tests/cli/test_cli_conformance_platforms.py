"""The suite on three platforms: which differences are declared, and what the report says of each id."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from elastic_hal.cli.platforms_command import PLATFORMS, _is_declared, _report, _verdicts
from elastic_hal.conformance.results import Verdict
from elastic_hal.reference_impl import platforms


@dataclass
class Case:
    id: str
    catalogue: tuple[str, ...]


@dataclass
class Item:
    case: Case
    verdict: Verdict
    interface: str = "elastic:hal/sealing@0.2.0"


@dataclass
class Result:
    results: list[Item] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {verdict.value: sum(item.verdict is verdict for item in self.results) for verdict in Verdict}


def run(**verdicts: Verdict) -> Any:
    return Result([Item(Case(name, ("CRY-2", "CRY-13")), verdict) for name, verdict in verdicts.items()])


@pytest.mark.parametrize(
    ("other", "declared"),
    [(Verdict.SKIP, True), (Verdict.FAIL, False), (Verdict.ERROR, False), (Verdict.PASS, True)],
)
def test_only_skipped_cases_may_differ(other: Verdict, declared: bool) -> None:
    verdicts = _verdicts({"simulated": run(a=Verdict.PASS), "tdx": run(a=other)})
    different = {case: found for case, found in verdicts.items() if len(set(found.values())) > 1}
    assert _is_declared(different) is declared


def test_a_case_that_one_platform_skips_and_another_fails_is_not_declared() -> None:
    assert not _is_declared({"a": {"simulated": "fail", "tdx": "skip"}})


def test_the_report_has_a_column_for_each_platform() -> None:
    results = {"simulated": run(a=Verdict.PASS, b=Verdict.PASS), "tdx": run(a=Verdict.SKIP, b=Verdict.PASS)}
    report = _report(results, {"elastic:hal/sealing@0.2.0 a": {"simulated": "pass", "tdx": "skip"}})
    lines = report.splitlines()
    assert "| catalogue | simulated | tdx |" in lines
    assert lines.index("| CRY-2 | 2 pass | 1 pass, 1 skip |") < lines.index("| CRY-13 | 2 pass | 1 pass, 1 skip |")
    assert "- elastic:hal/sealing@0.2.0 a: simulated pass, tdx skip" in lines


def test_every_platform_is_run() -> None:
    assert platforms.names() == PLATFORMS
