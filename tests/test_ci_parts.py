"""What CI runs: all of it, and one line at the end that says how it went."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_parts", REPOSITORY / ".ci" / "parts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ci_parts", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    return module


def script(
    parts: ModuleType, name: str, text: str, *, after: tuple[str, ...] = (), pytest_runs: bool = False
) -> object:
    return parts.Part(name, ("sh", "-c", text, *(["pytest"] if pytest_runs else [])), after)


def test_every_part_can_begin(parts: ModuleType) -> None:
    names = [part.name for part in parts.PARTS]
    assert len(set(names)) == len(names)
    for number, part in enumerate(parts.PARTS):
        assert set(part.after) <= set(names[:number]), "so that no two wait for each other"


def test_every_test_is_in_one_half(parts: ModuleType) -> None:
    first, second = [part.command for part in parts.PARTS if part.name in {"tests", "tests with guests"}]
    left_out = {word.removeprefix("--ignore=") for word in first if word.startswith("--ignore=")}
    assert left_out == set(second[3:]) == set(parts.GUEST_TESTS)
    assert all((REPOSITORY / folder).is_dir() for folder in left_out)


def test_the_last_line_counts(
    parts: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "echo '=== 2 failed, 40 passed, 3 skipped, 1 error in 12.34s (0:00:12) ==='"
    monkeypatch.setattr(
        parts,
        "PARTS",
        (
            script(parts, "good", "echo fine"),
            script(parts, "bad", "echo this is why; exit 3"),
            script(parts, "tests", f"{said}; exit 1", pytest_runs=True),
            script(parts, "later", "cat", after=("bad",)),
        ),
    )
    assert parts.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "42 passed, 4 failed"
    assert "this is why" in lines
    assert "fine" not in lines
    ended = [line for line in lines if line.startswith(("[ci] passed", "[ci] FAILED"))]
    assert [line.split()[2] for line in ended].index("later") > [line.split()[2] for line in ended].index("bad")


def test_all_is_well(parts: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        parts,
        "PARTS",
        (script(parts, "one", "true"), script(parts, "two", "echo '5 passed in 0.1s'", pytest_runs=True)),
    )
    assert parts.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "6 passed, 0 failed"
    assert parts.main(["one"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"
    assert parts.main(["three"]) == 2


def test_a_run_of_pytest_that_breaks_has_failed(parts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may end without a summary, or with one that knows of no failure."""
    for text in ("exit 4", "echo '3 passed in 1.0s'; exit 1"):
        monkeypatch.setattr(parts, "PARTS", (script(parts, "one", text, pytest_runs=True),))
        assert parts.main([]) == 1


def test_a_part_that_hangs_is_ended(
    parts: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parts, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(parts, "PARTS", (script(parts, "one", "sleep 4322 & sleep 4322"),))
    assert parts.main([]) == 1
    assert "ended after 0.5 s" in capsys.readouterr().out


def test_the_script_is_a_shell_script() -> None:
    assert subprocess.run(["bash", "-n", str(REPOSITORY / ".ci" / "run")], check=False).returncode == 0
