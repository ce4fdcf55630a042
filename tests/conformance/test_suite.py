from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen import model
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets.output import MARKER, write_tree
from elastic_hal.codegen.targets.suite.cases import CallStep, SuiteCase, SuiteGuest
from elastic_hal.codegen.targets.suite.interpreter import packed as packed_reader
from elastic_hal.codegen.targets.suite.interpreter.packed import unpacked
from elastic_hal.codegen.targets.suite.packing import cases_module, packed
from elastic_hal.codegen.targets.suite.tree import generate_suite
from elastic_hal.conformance import (
    Adapter,
    AdapterError,
    BuildError,
    CaseFileError,
    adapter_names,
    adapter_options,
    build_suite,
    load_adapter,
    load_guests,
    run_mutants,
    run_suite,
    select_guests,
)

GENERAL_MUTANTS = ("always-error", "wrong-bytes", "hangs")
FEATURES = frozenset({"post-quantum"})


@pytest.fixture(scope="module")
def guests(contract: model.Resolve) -> list[SuiteGuest]:
    return load_guests(contract)


def test_the_suite_is_the_same_each_time(contract: model.Resolve, guests: list[SuiteGuest]) -> None:
    first = generate_suite(contract, guests)
    again = load_or_raise([contract_dir()], FEATURES)
    second = generate_suite(again, load_guests(again))
    assert first == second
    assert all(MARKER in text.partition("\n")[0] for text in first.values())
    assert {path.partition("/")[0] for path in first} == {"wit", *(guest.name for guest in guests)}


def test_generated_python_is_tidy(contract: model.Resolve, guests: list[SuiteGuest], tmp_path: Path) -> None:
    chosen = [guest for guest in guests if guest.interface.name in {"attestation", "random"}]
    write_tree(generate_suite(contract, chosen), tmp_path)
    config = Path(__file__).parents[2] / "pyproject.toml"
    ruff = [str(Path(sys.executable).parent / "ruff"), "check", "--no-cache", "--config", str(config)]
    # Which imports count as the project's own depends on the folder, so their grouping is left out.
    ruff += ["--ignore", "I001", "--exclude", "bindings", str(tmp_path)]
    found = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_worlds_resolve(contract: model.Resolve, guests: list[SuiteGuest], tmp_path: Path) -> None:
    write_tree(generate_suite(contract, guests), tmp_path)
    resolved = load_or_raise([tmp_path / "wit"], FEATURES)
    assert set(resolved.main.worlds) == {guest.name for guest in guests}


NEUTRAL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.lists(inside, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=6) | st.sampled_from(["bytes", "tuple", "dict"]), inside, max_size=3)
    ),
)


@given(NEUTRAL)
def test_neutral_values_survive_packing(value: Any) -> None:
    assert repr(unpacked(tuple(packed(value)))) == repr(value), "with every type in it"


def test_cases_survive_the_way_through_source(monkeypatch: pytest.MonkeyPatch) -> None:
    values = (("float", "nan"), b"\x00" * 200, "é\x00" * 80, [None, True, -1, 1.5], {"a": ("any",)}, ("typed",))
    case = SuiteCase("c", "", "file", (CallStep("i", "f", values, None),), (), ())
    monkeypatch.setitem(sys.modules, "interpreter.packed", packed_reader)
    names: dict[str, object] = {}
    exec(compile(cases_module("# header", [case]), "cases.py", "exec"), names)
    found = names["CASES"]
    assert isinstance(found, tuple)
    assert found[0]["id"] == "c"
    assert found[0]["steps"][0]["args"] == list(values)


def test_guests_carry_every_case_packed(contract: model.Resolve, guests: list[SuiteGuest]) -> None:
    """What a guest compiles while it is built stays in its memory, and so in the component, many times as large."""
    files = generate_suite(contract, guests)
    for guest in guests:
        text = files[f"{guest.name}/cases.py"]
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)] == [
            case.id for case in guest.cases
        ]
        assert len(text) <= 8_000 * max(1, len(guest.cases))
        for case, call in zip(guest.cases, calls, strict=True):
            steps = unpacked(tuple(ast.literal_eval(part) for part in call.args[1:]))
            assert len(steps) == len(case.steps)


def test_every_import_of_a_guest_is_at_the_top(contract: model.Resolve, guests: list[SuiteGuest]) -> None:
    for path, text in generate_suite(contract, guests).items():
        if path.endswith(".py"):
            for function in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)):
                late = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                assert not late, path


def test_a_folder_without_cases_is_refused(contract: model.Resolve, tmp_path: Path) -> None:
    with pytest.raises(CaseFileError, match="no case files"):
        load_guests(contract, tmp_path)


def test_a_failing_build_says_why(
    contract: model.Resolve, guests: list[SuiteGuest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elastic_hal.common.guest_tool.START_TOOL", "import sys; sys.exit('no such world')")
    with pytest.raises(BuildError, match="no such world"):
        build_suite(contract, guests[:1], cache=tmp_path)
    assert not list(tmp_path.rglob("*.wasm"))


def test_a_guest_is_built_without_the_packages_of_this_machine(
    contract: model.Resolve, guests: list[SuiteGuest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool takes what lies in `VIRTUAL_ENV`, or in this Python where that is not set, into the component."""
    seen = (
        "import os, pathlib, sys; environment = pathlib.Path(os.environ['VIRTUAL_ENV']);"
        "packages, = environment.rglob('site-packages'); found = [path.name for path in packages.iterdir()];"
        "open(sys.argv[-1], 'w').write(repr((found, str(environment), sys.stdin.read(), '' in sys.path)))"
    )
    monkeypatch.setattr("elastic_hal.common.guest_tool.START_TOOL", seen)
    planted = tmp_path / "planted" / "lib" / "python3.14" / "site-packages"
    planted.mkdir(parents=True)
    (planted / "planted.py").write_text("")
    for variable in (str(tmp_path / "planted"), None, ""):
        monkeypatch.delenv("VIRTUAL_ENV", raising=False)
        if variable is not None:
            monkeypatch.setenv("VIRTUAL_ENV", variable)
        (built,) = build_suite(contract, guests[:1], cache=tmp_path / f"cache {variable}".replace("/", "-")).guests
        found, environment, said, searches_here = ast.literal_eval(built.component.read_text())
        assert (found, said, searches_here) == ([], "", False)
        assert not Path(environment).exists(), "it goes with the build"


def test_a_guest_is_the_same_whichever_others_are_wanted(
    contract: model.Resolve, guests: list[SuiteGuest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a selection of cases builds nothing that is built already."""
    built: list[str] = []

    def build(parts: Mapping[str, str], name: str, target: Path, running: object) -> None:
        built.append(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"")

    monkeypatch.setattr("elastic_hal.conformance.build._build", build)
    whole = {guest.interface: guest.component for guest in build_suite(contract, guests, cache=tmp_path).guests}
    assert len(built) == len(guests)
    for expression in ("hash", "=seal-bounds", "tls or poll", "origin:types"):
        some = build_suite(contract, select_guests(guests, expression), cache=tmp_path).guests
        assert {guest.interface: guest.component for guest in some}.items() <= whole.items()
    assert len(built) == len(guests)


def test_shipped_adapters_load() -> None:
    assert "elastic-hal-reference" in adapter_names()
    adapter = load_adapter("elastic-hal-reference", adapter_options("simulated", "hangs"))
    assert adapter.name == "elastic-hal-reference"
    argv = adapter.argv(Path("guest.wasm"), ["--case", "one"])
    assert argv[1:2] == ("run",)
    assert argv[argv.index("--mutant") : argv.index("--mutant") + 2] == ("--mutant", "hangs")
    assert argv[-4:] == ("guest.wasm", "--", "--case", "one")
    batch = adapter.batch_argv(Path("guest.wasm"))
    assert batch is not None
    assert "--batch" in batch


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (", "cannot be loaded"),
        ("raise RuntimeError('no')", "cannot be loaded: RuntimeError: no"),
        ("def get_name(): return 'x'", "lacks the function get_version"),
    ],
)
def test_a_wrong_adapter_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "adapter.py"
    path.write_text(text)
    with pytest.raises(AdapterError, match=message):
        load_adapter(path)


def test_an_unknown_adapter_names_those_that_exist() -> None:
    with pytest.raises(AdapterError, match="shipped are elastic-hal-reference"):
        load_adapter("no-such-adapter")


@pytest.fixture(scope="module")
def one_known_answer(contract: model.Resolve, guests: list[SuiteGuest]) -> tuple[str, list[SuiteGuest]]:
    expression = "elastic:hal/timezone and zone-id-is-a-name or attestation and evidence-holds-the-measurements"
    return expression, select_guests(guests, expression)


def test_the_reference_runtime_passes_and_every_mutant_is_caught(
    contract: model.Resolve, one_known_answer: tuple[str, list[SuiteGuest]]
) -> None:
    expression, chosen = one_known_answer
    suite = build_suite(contract, chosen)
    healthy = run_suite(suite, load_adapter("elastic-hal-reference"), expression=expression)
    assert healthy.ok, healthy.summary

    def mutated(name: str | None) -> Adapter:
        return load_adapter("elastic-hal-reference", adapter_options(None, name))

    found = run_mutants(suite, mutated, names=GENERAL_MUTANTS, expression=expression, timeout=3.0)
    assert {result.mutant: result.killed for result in found} == dict.fromkeys(GENERAL_MUTANTS, True)
