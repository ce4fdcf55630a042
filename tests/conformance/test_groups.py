"""Cases that run beside each other: how groups are read, chosen, run and judged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance import Adapter, BuiltGuest, BuiltSuite, Verdict, run_suite, select
from elastic_hal.conformance.cases import load_case_file
from elastic_hal.conformance.document import CaseFileError
from elastic_hal.conformance.groups import lead_groups, members, whole_groups

GROUP = """
def compute_group_argv(members, proposals, wasi_world, wasi_version):
    words = [word for name, _component, (arguments, _, _) in members for word in (name, arguments[1])]
    return [{python!r}, {script!r}, *words]
"""
FAKE = """
import json, sys, time
words = sys.argv[1:]
pairs = list(zip(words[::2], words[1::2]))
def say(name, **event): print(f"{name:<9} | {json.dumps(event)}", flush=True)
bad = False
for name, case in pairs:
    say(name, event="begin", case=case)
for name, case in pairs:
    if case == "hangs": time.sleep(600)
    if case == "garbage": print("who says this?", flush=True)
    if case == "silent": continue
    verdict = "fail" if case == "fails" else "pass"
    bad = bad or verdict == "fail"
    say(name, event="end", case=case, verdict=verdict, step=1, reason="differs")
    say(name, event="summary", count=1, passed=1)
sys.exit(7 if "lies" in words else int(bad))
"""


def case(name: str) -> SuiteCase:
    return SuiteCase(name, f"the case {name}", "file", (), ("CHN-1",), ("CHN-1",), ("sender.open",), place="c.yaml:3")


def group(leader: str, *others: str, timeout: float = 10.0) -> BuiltSuite:
    cases = [case(name) for name in (leader, *others, "alone")]
    beside = {leader: {f"w{index}": name for index, name in enumerate(others)}}
    made, problems = lead_groups(cases, beside, "c.yaml")
    assert problems == []
    return BuiltSuite((BuiltGuest("elastic:hal/channels@0.2.0", Path("leader.wasm"), tuple(made)),))


@pytest.fixture
def adapter(fake_adapter: Callable[..., Adapter], tmp_path: Path) -> Adapter:
    script = tmp_path / "group.py"
    script.write_text(FAKE)
    return fake_adapter(extra=GROUP.format(python=sys.executable, script=str(script)))


def verdicts(suite: BuiltSuite, adapter: Adapter, **options: float) -> dict[str, Verdict]:
    return {item.case.id: item.verdict for item in run_suite(suite, adapter, **options).results}  # type: ignore[arg-type]


def test_every_case_of_a_group_has_its_own_verdict(adapter: Adapter) -> None:
    assert verdicts(group("first", "second", "fails"), adapter) == {
        "first": Verdict.PASS,
        "second": Verdict.PASS,
        "fails": Verdict.FAIL,
        "alone": Verdict.PASS,
    }


def test_a_case_without_an_end_is_no_pass(adapter: Adapter) -> None:
    found = verdicts(group("first", "silent"), adapter)
    assert (found["first"], found["silent"]) == (Verdict.PASS, Verdict.ERROR)


def test_an_exit_code_that_contradicts(adapter: Adapter) -> None:
    found = run_suite(group("lies", "second"), adapter).results
    assert {item.case.id: item.verdict for item in found}["lies"] is Verdict.ERROR


def test_output_of_nobody_spoils_the_group(adapter: Adapter) -> None:
    found = verdicts(group("first", "garbage"), adapter)
    assert (found["first"], found["garbage"]) == (Verdict.ERROR, Verdict.ERROR)


def test_a_group_that_hangs_is_killed(adapter: Adapter) -> None:
    found = run_suite(group("first", "hangs"), adapter, timeout=10).results
    by_id = {item.case.id: item for item in found}
    assert by_id["hangs"].verdict is Verdict.ERROR
    assert "killed" in by_id["hangs"].reason
    assert by_id["alone"].verdict is Verdict.PASS


def test_who_failed_while_others_hang_has_failed(adapter: Adapter) -> None:
    found = run_suite(group("fails", "second", "hangs"), adapter, timeout=5).results
    verdicts = {item.case.id: item.verdict for item in found}
    assert (verdicts["fails"], verdicts["hangs"]) == (Verdict.FAIL, Verdict.ERROR)
    assert verdicts["second"] is Verdict.ERROR, "it passed, but nobody knows its exit code"


def test_without_the_function_groups_are_skipped(fake_adapter: Callable[..., Adapter]) -> None:
    found = verdicts(group("first", "second"), fake_adapter())
    assert found == {"first": Verdict.SKIP, "second": Verdict.SKIP, "alone": Verdict.PASS}


def test_choosing_one_case_of_a_group_chooses_all(adapter: Adapter) -> None:
    suite = group("first", "second", "third")
    assert [item.id for item in select(suite, "second")[0].cases] == ["first", "second", "third"]
    assert [item.id for item in select(suite, "alone")[0].cases] == ["alone"]
    cases = suite.guests[0].cases
    assert set(members(cases)) == {"first", "second", "third"}
    assert whole_groups([], cases) == ()


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"a": {"w": "no-such"}}, "there is no case 'no-such'"),
        ({"a": {"w": "b"}, "b": {"w": "c"}}, "'b' leads a group itself"),
        ({"a": {"w": "c"}, "b": {"w": "c"}}, "'c' is in the group of 'a' already"),
    ],
)
def test_groups_that_cannot_be(beside: dict[str, dict[str, str]], reason: str) -> None:
    _made, problems = lead_groups([case(name) for name in "abc"], beside, "c.yaml")
    assert [problem for problem in problems if reason in str(problem)], problems


def test_a_file_says_who_runs_beside_whom(contract: model.Resolve, tmp_path: Path) -> None:
    path = tmp_path / "poll.yaml"
    text = """interface: elastic:hal/poll@0.2.0
cases:
  - id: a
    title: The first
    beside: {neighbour: b}
    steps: [{call: now, expect: ok}]
  - id: b
    title: The second
    steps: [{call: now, expect: ok}]
"""
    path.write_text(text)
    file = load_case_file(path, contract)
    assert members(file.cases)["b"].beside == (("neighbour", "b"),)
    path.write_text(text.replace("{neighbour: b}", "b"))
    with pytest.raises(CaseFileError, match="beside is a mapping"):
        load_case_file(path, contract)
