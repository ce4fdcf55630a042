"""Writing a tree touches what was generated before, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from elastic_hal.codegen.targets import OutputError, write_tree
from elastic_hal.codegen.targets.output import marker_line

MARKER = marker_line("test:a@1.0.0") + "\n"
FILES = {"__init__.py": MARKER, "sub/a.py": MARKER + "A = 1\n", "sub/deep/b.py": MARKER + "B = 2\n"}


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_writes_a_new_tree_and_leaves_it_alone_when_nothing_changed(tmp_path: Path) -> None:
    out = tmp_path / "not" / "there"
    assert len(write_tree(FILES, out)) == 3
    assert content(out) == FILES
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert write_tree(FILES, out) == ()
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_removes_what_is_no_longer_generated(tmp_path: Path) -> None:
    write_tree(FILES, tmp_path)
    (tmp_path / "sub" / "deep" / "__pycache__").mkdir()
    (tmp_path / "sub" / "deep" / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"x")
    left = {"__init__.py": MARKER, "sub/a.py": MARKER + "A = 3\n"}
    assert write_tree(left, tmp_path) == (tmp_path / "sub/a.py", tmp_path / "sub/deep/b.py")
    assert content(tmp_path) == left
    assert not (tmp_path / "sub" / "deep").exists()


def test_keeps_a_file_that_somebody_added(tmp_path: Path) -> None:
    write_tree(FILES, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_tree({"__init__.py": MARKER}, tmp_path)
    assert content(tmp_path) == {"__init__.py": MARKER, "notes.txt": "mine"}


def test_refuses_a_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / "precious.py").write_text("x = 1\n")
    with pytest.raises(OutputError, match="were not generated") as caught:
        write_tree(FILES, tmp_path)
    assert "empty" in caught.value.hint
    assert content(tmp_path) == {"precious.py": "x = 1\n"}


def test_refuses_to_overwrite_a_foreign_file(tmp_path: Path) -> None:
    write_tree({"__init__.py": MARKER}, tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("mine\n")
    with pytest.raises(OutputError, match=r"a\.py: is in the way"):
        write_tree(FILES, tmp_path)
    assert content(tmp_path) == {"__init__.py": MARKER, "sub/a.py": "mine\n"}


def test_refuses_links_out_of_the_folder(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_tree({"__init__.py": MARKER}, out)
    (out / "sub").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="link"):
        write_tree(FILES, out)
    assert content(elsewhere) == {}


def test_refuses_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text(MARKER)
    with pytest.raises(OutputError, match="not a folder"):
        write_tree(FILES, tmp_path / "out")


@pytest.mark.parametrize("path", ["../a.py", "/a.py", "", "a/../../b.py"])
def test_refuses_paths_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(OutputError, match="outside"):
        write_tree({path: MARKER}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_system_error_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError) as caught:
        write_tree(FILES, tmp_path / "file" / "out")
    assert os.strerror(20) in str(caught.value)
