"""`elastic-hal wit` on good and bad contracts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen.resources import contract_dir

Run = Callable[..., Any]
GOOD = "package a:b;\ninterface x {\n  f: func(a: u8) -> u8;\n}\nworld w { import x; }\nworld v { import x; }\n"
WRONG = "package a:b;\ninterface x {\n  f: func(a: strin);\n}\n"


@pytest.fixture
def good(place: Path) -> Path:
    path = place / "good.wit"
    path.write_text(GOOD)
    return path


def test_the_contract_is_valid_and_the_answer_is_no_data(cli: Run) -> None:
    result = cli("wit", "check", contract_dir())
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("elastic:hal@0.2.0: valid; ")


def test_json_is_json_and_nothing_else(cli: Run, good: Path) -> None:
    result = cli("wit", "json", good)
    assert (result.code, result.err) == (0, "")
    assert [world["name"] for world in json.loads(result.out)["worlds"]] == ["w", "v"]


def test_what_is_printed_reads_back_the_same(cli: Run, good: Path, place: Path) -> None:
    result = cli("wit", "print", good)
    assert (result.code, result.err) == (0, "")
    again = place / "again.wit"
    again.write_text(result.out)
    assert cli("wit", "print", again).out == result.out


@pytest.mark.parametrize("command", ["check", "json", "print"])
def test_invalid_wit_is_shown_with_line_and_caret(cli: Run, place: Path, command: str) -> None:
    path = place / "wrong.wit"
    path.write_text(WRONG)
    result = cli("wit", command, path)
    result.refuses(1, "1 problem in", findings=True)
    assert f"--> {path}:3:14" in result.err
    shown = result.err.splitlines()
    source = next(number for number, line in enumerate(shown) if "f: func(a: strin);" in line)
    assert shown[source].index("strin") == shown[source + 1].index("^^^^^")


def test_several_wrong_files_are_counted_and_named(cli: Run, place: Path) -> None:
    folder = place / "several"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.wit").write_text(f"package a:b;\ninterface {name} {{\n  f: func(a: strin);\n}}\n")
    result = cli("wit", "check", folder)
    result.refuses(1, "2 problems in", findings=True)
    assert "one.wit, " in result.err.splitlines()[-1]


def test_text_in_another_encoding(cli: Run, place: Path) -> None:
    path = place / "binary.wit"
    path.write_bytes(b"package a:b;\n\xff\xfe")
    result = cli("wit", "check", path)
    result.refuses(1, "not UTF-8", findings=True)
    assert f"{path}:2:1" in result.err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.wit", "absent.wit: cannot be read: No such file"),
        ("empty", "no .wit file"),
        ("/dev/null", "is a device, not a regular file"),
    ],
)
def test_what_cannot_be_read(cli: Run, place: Path, name: str, reason: str) -> None:
    (place / "empty").mkdir()
    cli("wit", "check", name).refuses(2, reason)


def test_hostile_text_is_a_finding(cli: Run, place: Path) -> None:
    path = place / "deep.wit"
    path.write_text("package a:b;\ninterface x { type t = " + "list<" * 50_000 + "u8" + ">" * 50_000 + "; }")
    cli("wit", "check", path).refuses(1, "problem", findings=True)


def test_an_unknown_world_is_answered_with_those_that_there_are(cli: Run, good: Path) -> None:
    cli("wit", "print", good, "--world", "z").refuses(2, "no world `z`", "`w`, `v`")


@pytest.mark.parametrize("arguments", [["wit", "check"], ["wit", "frobnicate"], ["wit", "check", "--frobnicate", "x"]])
def test_wrong_usage_says_where_help_is(cli: Run, arguments: list[str]) -> None:
    cli(*arguments).refuses(2, "", "--help")
