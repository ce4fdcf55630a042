"""`elastic-hal guest`: names and projects that cannot be, and a program that does not build."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_a_new_project_is_all_that_is_made(cli: Run, place: Path) -> None:
    result = cli("guest", "new", "note-taker")
    assert (result.code, result.out) == (0, "note-taker\n")
    assert result.err == "next: cd note-taker && elastic-hal guest build\n"
    assert {Path(path).relative_to(place).parts[0] for path in result.left} == {"note-taker"}


@pytest.mark.parametrize(
    "name", ["Note", "note taker", "", "a/b", "../a", ".", "1a", "a--b", "a_b", "é", "a" * 65, "class", "json", "a\nb"]
)
def test_a_name_that_no_project_can_have(cli: Run, name: str) -> None:
    cli("guest", "new", name).refuses(2, "", "")


def test_a_folder_that_is_in_the_way(cli: Run, place: Path) -> None:
    (place / "taken").mkdir()
    (place / "link").symlink_to("nowhere")
    cli("guest", "new", "taken").refuses(2, "taken exists already", "another name")
    cli("guest", "new", "link").refuses(2, "link exists already", "another name")
    cli("guest", "new", "fresh", "--in", "absent").refuses(2, "absent is no folder")


def test_there_must_be_a_project(cli: Run, place: Path) -> None:
    cli("guest", "build").refuses(2, "is no guest project", "elastic-hal guest new")
    cli("guest", "build", "absent").refuses(2, "is no guest project", "elastic-hal guest new")
    (place / "file").write_text("text")
    cli("guest", "build", "file").refuses(2, "is no guest project")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("", "no table [tool.elastic-hal]"),
        ("[tool.elastic-hal]\nmodule = 'app'", "unknown key 'module'"),
        ("[tool.elastic-hal]\napp = 'absent'", "there is no module 'absent'"),
        ("[tool.elastic-hal]\napp = 'json'", "is taken by another module"),
        ("[tool.elastic-hal]\napp = 1", "app must be a text"),
        ("[tool.elastic-hal]\napp = 'app'\nsource = ['absent']", "which is no folder"),
        ("[tool", "not valid TOML"),
        ("a = " + "1" * 5_000, "not valid TOML"),
        ("a = " + "[" * 20_000, "not valid TOML"),
    ],
)
def test_settings_that_are_wrong(cli: Run, place: Path, settings: str, reason: str) -> None:
    (place / "pyproject.toml").write_text(settings)
    (place / "src").mkdir()
    (place / "src" / "app.py").write_text("")
    cli("guest", "build").refuses(2, reason)


def test_the_output_must_be_a_file(cli: Run, place: Path) -> None:
    assert cli("guest", "new", "note-taker").code == 0
    cli("guest", "build", "note-taker", "--output", place).refuses(2, "is a folder", "name the file")


def test_a_program_with_a_mistake_leaves_nothing_and_names_the_place(cli: Run, place: Path) -> None:
    assert cli("guest", "new", "note-taker").code == 0
    app = place / "note-taker" / "src" / "app.py"
    app.write_text(app.read_text() + "\ndef broken(:\n    pass\n")
    line = app.read_text().splitlines().index("def broken(:") + 1
    result = cli("guest", "build", "note-taker")
    assert (result.code, result.out, result.left) == (1, "", frozenset())
    assert result.err.splitlines()[0].startswith(f"elastic-hal: src/app.py:{line}: ")
    assert result.err.splitlines()[-1].startswith("  hint: ")
