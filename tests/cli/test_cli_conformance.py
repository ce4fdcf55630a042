"""`elastic-hal conformance`: what is wrong is said before anything is built or run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_the_cases_as_data(cli: Run) -> None:
    result = cli("conformance", "list", "-k", "hash and not boundary", "--json")
    assert (result.code, result.err, result.left) == (0, "", frozenset())
    cases = json.loads(result.out)
    assert cases
    assert all({"interface", "case", "title", "functions", "catalogue"} <= set(case) for case in cases)
    lines = cli("conformance", "list", "-k", "hash and not boundary")
    assert len(lines.out.splitlines()) == len(cases)
    assert lines.err == f"{len(cases)} cases\n"


def test_selections_add_up_and_one_case_can_be_named(cli: Run) -> None:
    def listed(*options: str) -> set[str]:
        result = cli("conformance", "list", *options, "--json")
        assert result.code == 0
        return {f"{case['interface']}#{case['case']}" for case in json.loads(result.out)}

    one = listed("--case", "hash-known-sha-256-abc")
    assert one == {"elastic:hal/crypto@0.2.0#hash-known-sha-256-abc"} == listed("--case", *one)
    assert one < listed("-k", "hash-known-sha-256-abc") | listed("-k", "hash")
    poll, random = listed("-k", "hal/poll"), listed("-k", "wasi:random")
    assert listed("-k", "hal/poll", "-k", "wasi:random") == poll | random
    assert listed("-k", "hal/poll", "--case", "hash-known-sha-256-abc") == poll | one


def test_the_matrix_without_verdicts(cli: Run) -> None:
    result = cli("conformance", "matrix", "--no-run", "--json")
    assert (result.code, result.err, result.left) == (0, "", frozenset())
    rows = json.loads(result.out)
    assert len({row["id"] for row in rows}) == len(rows) > 10
    assert {row["verdict"] for row in rows} <= {"not run", "untested"}


@pytest.mark.parametrize(
    "expression", ["", " ", "and", "hash and", "(hash", "hash)", "not", "(" * 5_000, "a" * 5 + " b"]
)
@pytest.mark.parametrize("command", [["list"], ["run"], ["matrix", "--no-run"]])
def test_a_selection_that_cannot_be_understood(cli: Run, command: list[str], expression: str) -> None:
    cli("conformance", *command, "-k", expression).refuses(2, "selection")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"cases: [", "cases.yaml:1: is not valid YAML"),
        (b"a: 1", "has no key 'a'"),
        (b"\xff", "is not UTF-8"),
        (b"- 1", "cases.yaml:1"),
        (b"", "cases.yaml"),
        (b"interface: acme:x/y", "cases.yaml:1"),
        (b"a: &a [*a, *a]", "cases.yaml"),
        (b"[" * 20_000, "cases.yaml"),
    ],
)
def test_cases_that_cannot_be_used(cli: Run, place: Path, content: bytes, reason: str) -> None:
    (place / "folder").mkdir()
    (place / "folder" / "cases.yaml").write_bytes(content)
    for command in ("list", "run"):
        cli("conformance", command, "--cases", "folder").refuses(2, reason, findings=True)


def test_cases_that_are_not_there(cli: Run, place: Path) -> None:
    (place / "empty").mkdir()
    for folder in ("absent", "empty"):
        cli("conformance", "list", "--cases", folder).refuses(2, f"{folder}:1: there are no case files")


@pytest.mark.parametrize(
    ("arguments", "reason", "hint"),
    [
        (["run", "--adapter", "absent"], "no adapter 'absent'", ""),
        (["run", "--adapter", "absent.py"], "absent.py: there is no such file", ""),
        (["run", "--platform", "abacus"], "unknown platform 'abacus'", ""),
        (["run", "-k", "no-such-case"], "no case matches", "elastic-hal conformance list"),
        (
            ["list", "-k", "hash", "-k", "no-such-case"],
            "no case matches -k 'no-such-case'",
            "elastic-hal conformance list",
        ),
        (["run", "--case", "hash-known-sha-256-abd"], "no case 'hash-known-sha-256-abd'", "hash-known-sha-256-abc"),
        (["list", "--case", "hash"], "there is no case 'hash'", ""),
        (["mutants", "--case", "no-such-case-at-all"], "there is no case", "elastic-hal conformance list"),
        (["matrix", "--no-run", "--case", "no-such-case-at-all"], "there is no case", "elastic-hal conformance list"),
        (["run", "--level", "best"], "--level", "--help"),
        (["run", "--timeout", "nan"], "not a number", "--help"),
        (["run", "--timeout", "0"], "--timeout", "--help"),
        (["run", "--expectations", "absent.toml"], "absent.toml: cannot be read", ""),
        (["expectations", "--out", "known.toml", "--adapter", "absent"], "no adapter", ""),
        (["mutants", "--mutant", "fly"], "no mutant 'fly'", "always-error"),
        (["matrix", "--adapter", "absent"], "no adapter 'absent'", ""),
    ],
)
def test_what_is_not_there(cli: Run, arguments: list[str], reason: str, hint: str) -> None:
    cli("conformance", *arguments).refuses(2, reason, hint)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1", "unknown key 'x'"),
        ("runtime = ", "is not valid TOML"),
        ("runtime = " + "1" * 5_000, "is not valid TOML"),
        ("a = " + "[" * 20_000, "is not valid TOML"),
        ("expected-failures = 1", "expected-failures"),
    ],
)
def test_expectations_that_are_wrong(cli: Run, place: Path, text: str, reason: str) -> None:
    (place / "known.toml").write_text(text)
    cli("conformance", "run", "--expectations", "known.toml").refuses(2, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def (", "adapter.py: cannot be loaded: SyntaxError"),
        ("1 / 0", "adapter.py: cannot be loaded: ZeroDivisionError"),
        ("", "adapter.py: lacks the function get_name"),
    ],
)
def test_an_adapter_that_is_wrong(cli: Run, place: Path, text: str, reason: str) -> None:
    (place / "adapter.py").write_text(text)
    result = cli("conformance", "run", "--adapter", "adapter.py")
    assert {Path(path).name.partition(".")[0] for path in result.left} <= {"__pycache__", "adapter"}
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"elastic-hal: {reason}")
    assert len(result.err.splitlines()) == 1


ADAPTER = """
def get_name(): return "mine"
def get_version(): return "1"
def get_wasi_versions(): return ["wasm32-wasip2"]
def get_wasi_worlds(): return ["wasi:cli/command"]
def compute_argv(*_): return ["/bin/false"]
def configure(options): pass
"""


@pytest.mark.parametrize("command", ["run", "mutants", "expectations"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("['elastic:hal/crypto']", "did you mean elastic:hal/crypto@0.2.0?"),
        (
            "['elastic:hal/crypto@0.2.0', 'elastic:hal/capabilitys@0.2.0']",
            "did you mean elastic:hal/capabilities@0.2.0?",
        ),
        ("['x']", "write it with package and version"),
        ("5", "must return a list of texts"),
    ],
)
def test_an_adapter_that_lists_what_the_contract_has_not(
    cli: Run, place: Path, command: str, answer: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is built."""
    monkeypatch.setattr("elastic_hal.conformance.build._build", lambda *_: pytest.fail("something was built"))
    (place / "mine.py").write_text(f"{ADAPTER}\ndef get_hal_interfaces(): return {answer}\n")
    out = ["--out", "known.toml"] if command == "expectations" else []
    result = cli("conformance", command, "--adapter", "mine.py", *out)
    assert result.code == 2
    assert reason in result.err
    assert "mine.py: get_hal_interfaces" in result.err


def test_nothing_is_concluded_from_a_runtime_that_is_not_there(cli: Run, place: Path) -> None:
    (place / "none.py").write_text(
        'def get_name(): return "none"\n'
        'def get_version(): return "1"\n'
        'def get_wasi_versions(): return ["wasm32-wasip2"]\n'
        'def get_wasi_worlds(): return ["wasi:cli/command"]\n'
        'def get_hal_interfaces(): return ["wasi:random/random@0.2.9"]\n'
        'def compute_argv(*values, **named): return ["/nonexistent/runtime"]\n'
    )
    chosen = ["--adapter", "none.py", "-k", "wasi:random/random@0.2.9"]
    cli("conformance", "expectations", *chosen, "--out", "known.toml").refuses(3, "/nonexistent/runtime")
    assert not (place / "known.toml").exists()
    cli("conformance", "matrix", "--run", *chosen).refuses(3, "/nonexistent/runtime")
