from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.conformance import (
    Adapter,
    BuiltSuite,
    Expectations,
    ExpectationsError,
    Verdict,
    load_expectations,
    run_suite,
    write_expectations,
)

MakeAdapter = Callable[..., Adapter]
MakeSuite = Callable[..., BuiltSuite]
CRYPTO = "elastic:hal/crypto@0.2.0"


def test_a_listed_failure_is_xfail_and_the_run_is_good(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    expectations = Expectations(failures={CRYPTO: {"fails": "known since the beginning"}})
    result = run_suite(fake_suite("good", "fails"), fake_adapter(), expectations=expectations)
    assert [item.verdict for item in result.results] == [Verdict.PASS, Verdict.XFAIL]
    assert "known since the beginning" in result.results[1].reason
    assert result.ok


def test_a_listed_case_that_passes_is_stale(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    result = run_suite(fake_suite("good"), fake_adapter(), expectations=Expectations(failures={CRYPTO: {"good": "no"}}))
    assert [item.verdict for item in result.results] == [Verdict.XPASS]
    assert not result.ok
    assert result.stale == (f"{CRYPTO} good: is expected to fail, but passes",)


def test_a_listed_case_that_does_not_exist_is_stale(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    result = run_suite(fake_suite("good"), fake_adapter(), expectations=Expectations(failures={CRYPTO: {"gone": "no"}}))
    assert result.stale == (f"{CRYPTO} gone: there is no such case",)
    assert not result.ok


def test_a_case_that_is_not_selected_is_not_stale(fake_adapter: MakeAdapter, fake_suite: MakeSuite) -> None:
    expectations = Expectations(failures={CRYPTO: {"fails": "known"}})
    assert run_suite(fake_suite("good", "fails"), fake_adapter(), expectations=expectations, expression="good").ok


def test_what_is_written_can_be_read_and_makes_the_run_good(
    fake_adapter: MakeAdapter, fake_suite: MakeSuite, tmp_path: Path
) -> None:
    suite, adapter, path = fake_suite("good", "fails", "traps"), fake_adapter(), tmp_path / "expected.toml"
    assert write_expectations(run_suite(suite, adapter), path) == 2
    expectations = load_expectations(path)
    assert expectations.runtime == "fake"
    second = run_suite(suite, adapter, expectations=expectations)
    assert second.ok
    assert write_expectations(second, path, expectations) == 2
    assert load_expectations(path) == expectations


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("runtime = ", "not valid TOML"),
        ("runtme = 'x'", "unknown key 'runtme'"),
        ("expected-failures = 3", "holds lines"),
        ("[expected-failures.x]\ny = 3", "holds lines"),
        ("runtime = 3", "holds lines"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "expected.toml"
    path.write_text(text)
    with pytest.raises(ExpectationsError, match=part):
        load_expectations(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpectationsError, match="cannot be read"):
        load_expectations(tmp_path / "none.toml")
