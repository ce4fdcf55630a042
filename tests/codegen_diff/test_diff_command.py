"""`elastic-hal wit diff`: what it prints and the codes it leaves with."""

import json
from pathlib import Path

import pytest

from elastic_hal.cli.main import main

OLD = "package a:b@1.0.0;\ninterface i {\n  f: func();\n}\n"
NEW = "package a:b@1.0.1;\n/// Docs.\ninterface i {\n  f: func(x: u8);\n  @unstable(feature = u)\n  g: func();\n}\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.wit"
    path.write_text(OLD, "utf-8")
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.wit"
    path.write_text(NEW, "utf-8")
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["wit", "diff", *map(str, arguments)])
    return int(left.value.code or 0)


def test_text(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(old, new) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a:b 1.0.0 → 1.0.1",
        "",
        "Breaking for hosts and guests (1)",
        "  types are compared exactly when a component is linked, so that old and new do not fit in either direction",
        "  interface i / function f / parameter x  [parameter-added]",
        f"    new: x: u8  ({new}:4)",
        "    the function takes one more parameter",
        "",
        "Unstable, so that nothing is promised (1)",
        "  interface i / function g  [function-added]",
        f"    new: g: func()  ({new}:6)",
        "    there is a new function; it stands behind `@unstable(feature = u)`, for which nothing is promised",
        "",
        "Documentation only (1)",
        "  interface i  [docs-changed]",
        f"    old: {old}:2",
        f"    new: {new}:3",
        "",
        "these changes need a major bump: after 1.0.0 comes 2.0.0 or later; 1.0.1 is too small",
    ]


def test_json(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(old, new, "--json", "--ignore-docs", "--features", "other") == 1
    document = json.loads(capsys.readouterr().out)
    why = document["changes"][0].pop("why")
    assert "compared exactly" in why
    assert document == {
        "format": 1,
        "package": "a:b",
        "old": "1.0.0",
        "new": "1.0.1",
        "changes": [
            {
                "rule": "parameter-added",
                "class": "breaking-for-both",
                "breaks": ["guests", "hosts"],
                "bump": "major",
                "path": ["interface i", "function f", "parameter x"],
                "old": None,
                "new": {"text": "x: u8", "path": str(new), "line": 4, "column": 3},
                "travels": [],
                "exempt": None,
            }
        ],
        "summary": {"breaking-for-both": 1, "breaking-for-hosts": 0, "breaking-for-guests": 0, "compatible": 0},
        "bump": "major",
        "needed": "2.0.0",
        "sufficient": False,
    }


def test_nothing_changed(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(old, old) == 0
    assert capsys.readouterr().out == "a:b 1.0.0 → 1.0.0\n\nnothing changed\n"


def test_enough(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new.write_text(NEW.replace("1.0.1", "2.0.0"), "utf-8")
    assert run(old, new) == 0
    assert capsys.readouterr().out.endswith("after 1.0.0 comes 2.0.0 or later; 2.0.0 is enough\n")


def test_documentation_can_be_ignored(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new.write_text(OLD.replace("interface", "/// Docs.\ninterface"), "utf-8")
    assert run(old, new) == 1
    assert "patch bump" in capsys.readouterr().out
    assert run(old, new, "--ignore-docs") == 0


def test_different_packages(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new.write_text("package a:c@1.0.0;", "utf-8")
    assert run(old, new) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "different packages" in captured.err


def test_wrong_wit(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new.write_text("package a:b@1.0.0; interface", "utf-8")
    assert run(old, new) == 1
    assert str(new) in capsys.readouterr().err


def test_missing_file(old: Path, tmp_path: Path) -> None:
    assert run(old, tmp_path / "absent") == 2
    assert run(old) == 2
