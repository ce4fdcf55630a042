from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elastic_hal.codegen.targets.suite.cases import CallStep, SuiteCase
from elastic_hal.conformance import Adapter, BuiltGuest, BuiltSuite, Verdict, run_suite

MakeAdapter = Callable[..., Adapter]
MakeSuite = Callable[..., BuiltSuite]


@pytest.mark.parametrize("batch", [True, False])
def test_each_outcome_has_its_verdict(fake_adapter: MakeAdapter, fake_suite: MakeSuite, batch: bool) -> None:
    names = ("good", "fails", "traps", "no-summary", "wrong-exit", "says-unsupported")
    result = run_suite(fake_suite(*names), fake_adapter(batch=batch))
    assert {item.case.id: item.verdict for item in result.results} == {
        "good": Verdict.PASS,
        "fails": Verdict.FAIL,
        "traps": Verdict.FAIL,
        "no-summary": Verdict.ERROR,
        "wrong-exit": Verdict.ERROR,
        "says-unsupported": Verdict.SKIP,
    }
    assert not result.ok
    by_id = {item.case.id: item for item in result.results}
    assert by_id["fails"].expected == "1"
    assert by_id["fails"].observed == "2"
    assert by_id["fails"].reason == "step 2: hash: differs"
    assert "trapped" in by_id["traps"].reason
    assert by_id["fails"].command[-3:] == ("--", "--case", "fails")


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crashes", "the runtime ended before the case did"),
        ("garbage", "the output is not one JSON object a line"),
        ("floods", "the output is larger than a case may print"),
        ("long-line", "the output is larger than a case may print"),
    ],
)
def test_a_broken_runtime_is_an_error_and_the_rest_still_runs(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite, batch: bool, fault: str, reason: str
) -> None:
    result = run_suite(fake_suite("before", "faulty", "after"), fake_adapter(fault, batch=batch))
    assert [item.verdict for item in result.results] == [Verdict.PASS, Verdict.ERROR, Verdict.PASS]
    assert result.results[1].reason.partition(":")[0] == reason


def test_a_hanging_case_is_killed_in_time(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    result = run_suite(fake_suite("before", "faulty", "after"), fake_adapter("hangs"), timeout=10)
    assert [item.verdict for item in result.results] == [Verdict.PASS, Verdict.ERROR, Verdict.PASS]
    assert "killed" in result.results[1].reason


def test_a_runtime_that_refuses_to_start_gives_an_error_for_each_case(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite
) -> None:
    result = run_suite(fake_suite("one", "two"), fake_adapter("refuses-to-start"))
    assert [item.verdict for item in result.results] == [Verdict.ERROR, Verdict.ERROR]
    assert "a word on stderr" in result.results[0].stderr
    assert result.results[0].reason.endswith(": a word on stderr")


def test_what_was_found_before_the_runtime_went_away_stays(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    extra = """
def compute_argv(test_path, args_env_dirs, *_):
    if "second" in args_env_dirs[0]: raise FileNotFoundError(2, "gone", "the runtime")
    import sys
    return [sys.executable, "-c", "raise SystemExit(1)"]
"""
    result = run_suite(fake_suite("first", "second"), fake_adapter(batch=False, extra=extra))
    assert result.unavailable == "the runtime was not found"
    assert [item.case.id for item in result.results] == ["first"]
    assert not result.ok


def test_a_missing_runtime_is_unavailable(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    extra = "\ndef compute_batch_argv(*_): return ['no-such-runtime-at-all']\n"
    result = run_suite(fake_suite("one"), fake_adapter(extra=extra))
    assert result.unavailable == "the program 'no-such-runtime-at-all' was not found"
    assert not result.ok
    assert "unavailable" in result.summary


PREPARES = CallStep("a", "prepare", (), None)
TRAPS = CallStep("a", "b", (), ("trap",))


@pytest.mark.parametrize(
    ("case", "steps", "verdict"),
    [
        ("traps-as-expected", (TRAPS,), Verdict.PASS),
        ("traps-later", (PREPARES, TRAPS), Verdict.PASS),
        ("traps-as-expected", (), Verdict.FAIL),
        ("traps-as-expected", (PREPARES,), Verdict.FAIL),
        ("traps-as-expected", (PREPARES, TRAPS), Verdict.FAIL),
        ("traps-as-expected", (CallStep("a", "other", (), ("trap",)),), Verdict.FAIL),
        ("traps-later", (TRAPS, TRAPS), Verdict.FAIL),
        ("traps-later", (CallStep("a", "prepare", (), ("err", None)), TRAPS), Verdict.FAIL),
        ("traps", (TRAPS,), Verdict.FAIL),
    ],
)
def test_a_trap_passes_only_where_the_case_expects_one(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite, case: str, steps: tuple[CallStep, ...], verdict: Verdict
) -> None:
    (guest,) = fake_suite(case).guests
    suite = BuiltSuite((replace(guest, cases=(replace(guest.cases[0], steps=steps),)),))
    assert [item.verdict for item in run_suite(suite, fake_adapter()).results] == [verdict]


def test_an_interface_that_the_adapter_does_not_list_is_skipped(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite
) -> None:
    adapter = fake_adapter(extra="\ndef get_hal_interfaces(): return ['elastic:hal/timezone@0.2.0']\n")
    result = run_suite(fake_suite("good"), adapter)
    assert [item.verdict for item in result.results] == [Verdict.SKIP]


@pytest.mark.parametrize(
    ("fault", "case", "verdict", "reason"),
    [
        ("denies", "says-unsupported", Verdict.SKIP, "unsupported, as capabilities say of CRY-6"),
        ("none", "says-unsupported", Verdict.FAIL, "unsupported, but capabilities say that CRY-6 is supported"),
        ("denies", "good", Verdict.FAIL, "capabilities say that CRY-6 is not supported, but it is served"),
        ("none", "good", Verdict.PASS, ""),
    ],
)
def test_capabilities_and_calls_must_agree(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite, fault: str, case: str, verdict: Verdict, reason: str
) -> None:
    asked = BuiltGuest("elastic:hal/capabilities@0.2.0", Path("guest.wasm"), ())
    suite = BuiltSuite((asked, *fake_suite(case).guests))
    result = run_suite(suite, fake_adapter(fault))
    assert [(item.verdict, item.reason) for item in result.results] == [(verdict, reason)]


def test_an_algorithm_that_is_not_listed_may_be_unsupported(fake_adapter: MakeAdapter) -> None:
    asked = BuiltGuest("elastic:hal/capabilities@0.2.0", Path("guest.wasm"), ())
    case = SuiteCase("says-unsupported", "", "file", (), ("CRY-6",), ("CRY-6/blake3",), ("hash",))
    suite = BuiltSuite((asked, BuiltGuest("elastic:hal/crypto@0.2.0", Path("guest.wasm"), (case,))))
    assert [item.verdict for item in run_suite(suite, fake_adapter()).results] == [Verdict.SKIP]


def test_progress_counts_every_case(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    seen: list[tuple[str, int, int]] = []
    run_suite(
        fake_suite("good", "fails"),
        fake_adapter(),
        on_progress=lambda result, done, total: seen.append((result.case.id, done, total)),
    )
    assert seen == [("good", 1, 2), ("fails", 2, 2)]


def test_a_selection_runs_only_what_it_names(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    result = run_suite(fake_suite("good", "fails"), fake_adapter(), expression="good and not fails")
    assert [item.case.id for item in result.results] == ["good"]
