"""`elastic-hal generate`: what it writes, and what it refuses before it has written anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen.resources import contract_dir

Run = Callable[..., Any]
GOOD = "package a:b;\ninterface x {\n  f: func(a: u8) -> u8;\n}\nworld w { import x; }\nworld v { import x; }\n"
ASYNC = "package a:b;\ninterface x {\n  f: func(a: %s<u8>);\n}\nworld w { import x; }\n"


@pytest.fixture
def good(place: Path) -> Path:
    path = place / "good.wit"
    path.write_text(GOOD)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("target", ["host", "guest", "suite"])
def test_generating_again_changes_nothing(cli: Run, place: Path, target: str) -> None:
    arguments = ["generate", target, contract_dir(), "--world", "imports", "--out"]
    first = cli(*arguments, "one")
    assert (first.code, first.out) == (0, "")
    assert cli(*arguments, "two").code == 0
    assert tree(place / "one") == tree(place / "two") != {}
    again = cli(*arguments, "one")
    assert again.left == frozenset()
    assert again.err.endswith("files, 0 of them changed\n")


@pytest.mark.parametrize("target", ["host", "guest", "suite"])
def test_the_world_must_be_there(cli: Run, good: Path, target: str) -> None:
    cli("generate", target, good, "--world", "z", "--out", "out").refuses(2, "no world `z`", "`w`, `v`")
    cli("generate", target, good, "--out", "out").refuses(2, "has several worlds", "`w`, `v`")


@pytest.mark.parametrize("target", ["host", "guest"])
@pytest.mark.parametrize("construct", ["stream", "future"])
def test_a_construct_that_python_cannot_carry(cli: Run, place: Path, target: str, construct: str) -> None:
    path = place / "async.wit"
    path.write_text(ASYNC % construct)
    reason = f"{construct} in function f of a:b/x ({path}:3:3) cannot be generated"
    cli("generate", target, path, "--out", "out").refuses(1, reason, "synchronous")


def test_somebody_elses_folder_is_not_touched(cli: Run, good: Path, place: Path) -> None:
    folder = place / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    result = cli("generate", "host", good, "--world", "w", "--out", folder)
    result.refuses(2, "not generated", "empty folder")
    assert tree(folder) == {"thesis.txt": b"years of work"}


def test_a_file_in_the_place_of_the_folder(cli: Run, good: Path, place: Path) -> None:
    (place / "file").write_text("text")
    cli("generate", "guest", good, "--world", "w", "--out", "file").refuses(2, "is not a folder", "folder")
    cli("generate", "guest", good, "--world", "w", "--out", "/proc/out").refuses(2, "/proc/out", "may write")


def test_wrong_wit_leaves_no_folder(cli: Run, place: Path) -> None:
    path = place / "wrong.wit"
    path.write_text("package a:b;\ninterface x { f: func(a: strin); }\nworld w { import x; }")
    cli("generate", "host", path, "--out", "out").refuses(1, "1 problem in", findings=True)


def test_a_suite_needs_cases(cli: Run, good: Path, place: Path) -> None:
    cli("generate", "suite", contract_dir(), "--world", "imports", "--cases", "absent", "--out", "out").refuses(
        2, "no case files"
    )
    cli("generate", "suite", good, "--world", "w", "--out", "out").refuses(2, "problems", findings=True)


def test_where_to_write_must_be_said(cli: Run, good: Path) -> None:
    cli("generate", "host", good).refuses(2, "--out", "generate host --help")
