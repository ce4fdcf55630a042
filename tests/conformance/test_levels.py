"""What an adapter says is checked against the contract, and a level states what has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance import (
    Adapter,
    AdapterError,
    BuiltGuest,
    BuiltSuite,
    CaseResult,
    Skip,
    Verdict,
    run_suite,
)
from elastic_hal.conformance.levels import CORE, level_reached

CONTRACT = (
    "elastic:hal/crypto@0.2.0",
    "elastic:hal/timezone@0.2.0",
    "elastic:hal/post-quantum@0.2.0",
    "wasi:random/random@0.2.9",
)
MakeAdapter = Callable[..., Adapter]
MakeSuite = Callable[..., BuiltSuite]


def listing(*names: object) -> str:
    return f"\ndef get_hal_interfaces(): return {list(names)!r}\n"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("elastic:hal/crypto", "elastic:hal/crypto@0.2.0"),
        ("elastic:hal/crypto@0.1.0", "elastic:hal/crypto@0.2.0"),
        ("elastic:hal/crypto@0.2", "elastic:hal/crypto@0.2.0"),
        ("elastic:hal/cripto@0.2.0", "elastic:hal/crypto@0.2.0"),
        ("elastic:hal/Crypto@0.2.0", "elastic:hal/crypto@0.2.0"),
        ("wasi:random/random", "wasi:random/random@0.2.9"),
        ("crypto", "write it with package and version"),
        ("", "write it with package and version"),
        ("something:else/entirely@1.0.0", "write it with package and version"),
    ],
)
def test_a_name_that_is_no_interface_of_the_contract_is_refused_with_the_one_that_is_meant(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite, name: str, meant: str
) -> None:
    suite = replace(fake_suite("good"), contract=CONTRACT)
    with pytest.raises(AdapterError) as raised:
        run_suite(suite, fake_adapter(extra=listing("elastic:hal/timezone@0.2.0", name)))
    assert repr(name) in str(raised.value)
    assert meant in str(raised.value)


@pytest.mark.parametrize("answer", ["'elastic:hal/crypto@0.2.0'", "[1]", "3", "{'a'}", "[None]", "['a\\0b']"])
def test_an_answer_of_another_shape_is_refused(fake_adapter: MakeAdapter, fake_suite: MakeSuite, answer: str) -> None:
    for function in ("get_hal_interfaces", "get_wasi_versions", "get_wasi_worlds"):
        with pytest.raises(AdapterError, match=function):
            run_suite(fake_suite("good"), fake_adapter(extra=f"\ndef {function}(): return {answer}\n"))


def test_whoever_lists_nothing_does_not_conform(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    result = run_suite(replace(fake_suite("good"), contract=CONTRACT), fake_adapter(extra=listing()))
    assert [item.verdict for item in result.results] == [Verdict.SKIP]
    assert not result.ok
    assert result.level is None
    assert "no case passed" in result.conclusion
    selected = run_suite(fake_suite("good"), fake_adapter(extra=listing()), expression="good")
    assert not selected.ok


def test_a_name_and_a_version_of_an_adapter_stand_on_one_line(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    extra = "\ndef get_name(): return 'x\\nelastic-hal: accepted'\ndef get_version(): return '1\\x1b[2J'\n"
    assert run_suite(fake_suite("good"), fake_adapter(extra=extra)).summary.isprintable()


def result_of(interface: str, verdict: Verdict, skip: Skip | None = None) -> CaseResult:
    return CaseResult(interface, SuiteCase("c", "", "file", (), (), ()), verdict, skip=skip)


def passes(*interfaces: str) -> list[CaseResult]:
    return [result_of(interface, Verdict.PASS) for interface in interfaces]


EVERYTHING = (*(f"{name}@1.0.0" for name in CORE), "elastic:hal/tls@1.0.0", "elastic:hal/post-quantum@1.0.0")


def test_each_level_says_what_it_lacks() -> None:
    tls = "elastic:hal/tls@1.0.0"
    assert level_reached([], None, EVERYTHING)[0] is None
    assert level_reached(passes(tls), [tls], EVERYTHING) == (
        "listed",
        tuple(f"no case of {name} passed" for name in CORE),
    )
    assert level_reached(passes(tls), None, EVERYTHING)[0] == "listed"
    core = passes(*EVERYTHING[: len(CORE)])
    assert level_reached(core, EVERYTHING[: len(CORE)], EVERYTHING) == ("core", (f"no case of {tls} passed",))
    whole = [*core, *passes(tls)]
    assert level_reached(whole, None, EVERYTHING) == ("full", ())
    assert level_reached([*whole, result_of(tls, Verdict.SKIP, Skip.NO_GROUPS)], None, EVERYTHING)[0] == "core"
    assert level_reached([*whole, result_of(tls, Verdict.SKIP, Skip.LACKING)], None, EVERYTHING)[0] == "full"
    for bad in (Verdict.FAIL, Verdict.ERROR, Verdict.XPASS):
        assert level_reached([*whole, result_of(tls, bad)], None, EVERYTHING)[0] is None


def test_an_interface_that_is_listed_has_to_pass_or_be_denied_by_the_runtime_itself() -> None:
    sealing, crypto = "elastic:hal/sealing@1.0.0", "elastic:hal/crypto@1.0.0"
    good = passes(crypto)
    for skip, level in ((Skip.LACKING, "listed"), (Skip.NO_GROUPS, None), (Skip.NOT_ASKED, None)):
        results = [*good, result_of(sealing, Verdict.SKIP, skip)]
        assert level_reached(results, [sealing, crypto], [sealing, crypto])[0] == level
    assert level_reached([result_of(sealing, Verdict.SKIP, Skip.LACKING)], [sealing], [sealing])[0] is None


def test_a_run_of_selected_cases_has_no_level(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    whole = run_suite(fake_suite("good", "other"), fake_adapter(), level="core")
    assert (whole.level, whole.ok) == ("listed", False)
    assert "elastic:hal/poll" in whole.conclusion
    chosen = run_suite(fake_suite("good", "other"), fake_adapter(), expression="good", level="core")
    assert (chosen.level, chosen.ok) == (None, True)
    assert "selected" in chosen.conclusion


def test_a_runtime_that_states_no_capabilities_excuses_nothing(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite
) -> None:
    asked = BuiltGuest("elastic:hal/capabilities@0.2.0", Path("guest.wasm"), ())
    suite = BuiltSuite((asked, *fake_suite("says-unsupported").guests))
    for extra in (listing("elastic:hal/crypto@0.2.0"), ""):
        (found,) = run_suite(suite, fake_adapter("says-nothing", extra=extra)).results
        assert found.verdict is Verdict.FAIL
        assert "capabilities" in found.reason


def test_expected_failures_reach_no_level() -> None:
    results = (
        result_of("a:b/c@1.0.0", Verdict.PASS),
        result_of("a:b/c@1.0.0", Verdict.XFAIL),
    )
    assert level_reached(results, ["a:b/c@1.0.0"], ["a:b/c@1.0.0"]) == (None, ("1 case failed, as expected",))
