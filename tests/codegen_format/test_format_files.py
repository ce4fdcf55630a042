"""`elastic-hal wit fmt`: which files it reads, what it writes, what it says."""

import io
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from elastic_hal.cli import wit_format
from elastic_hal.codegen.diagnostics import Code, WitError
from elastic_hal.codegen.formatting import files

UGLY = b"package a:b;\ninterface  i{f:func();}\n"
NEAT = b"package a:b;\ninterface i {\n  f: func();\n}\n"


def folder(path: Path) -> Path:
    (path / "deps" / "c").mkdir(parents=True)
    (path / "deps" / "d.wit").write_bytes(UGLY)
    (path / "deps" / "c" / "c.wit").write_bytes(UGLY)
    (path / "ugly.wit").write_bytes(UGLY)
    (path / "neat.wit").write_bytes(NEAT)
    (path / "notes.txt").write_bytes(b"interface  i{}")
    return path


def run(*arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "elastic_hal.cli", "wit", "fmt", *arguments]
    return subprocess.run(command, input=text, capture_output=True, check=False)


def test_a_folder_means_its_own_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = folder(tmp_path)
    untouched = (place / "neat.wit").stat()
    (place / "ugly.wit").chmod(0o640)
    assert wit_format.write([place, place / "ugly.wit"]) == 0
    assert (place / "ugly.wit").read_bytes() == NEAT
    assert (place / "ugly.wit").stat().st_mode & 0o777 == 0o640
    assert (place / "deps" / "d.wit").read_bytes() == (place / "deps" / "c" / "c.wit").read_bytes() == UGLY
    after = (place / "neat.wit").stat()
    assert (after.st_ino, after.st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)
    assert sorted(os.listdir(place)) == ["deps", "neat.wit", "notes.txt", "ugly.wit"]
    spoken = capsys.readouterr()
    assert spoken.out == ""
    assert spoken.err == f"formatted {place / 'ugly.wit'}\n1 file changed, 1 left as they are\n"


def test_check_lists_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = folder(tmp_path)
    assert wit_format.check([place]) == 1
    assert capsys.readouterr().out == f"{place / 'ugly.wit'}\n"
    assert (place / "ugly.wit").read_bytes() == UGLY
    assert wit_format.check([place / "neat.wit"]) == 0
    assert capsys.readouterr().out == ""


def test_one_bad_file_and_nothing_is_written(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "bad.wit").write_bytes(b"package a:b;\ninterface {\n")
    (place / "binary.wit").write_bytes(b"\xff\x00")
    with pytest.raises(WitError) as caught:
        wit_format.write([place])
    assert {one.code for one in caught.value.diagnostics} == {Code.SYNTAX, Code.NOT_UTF8}
    assert (place / "ugly.wit").read_bytes() == UGLY


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "link.wit").symlink_to("deps/d.wit")
    files.write_changed(files.format_paths([place / "link.wit"]))
    assert (place / "link.wit").is_symlink()
    assert (place / "deps" / "d.wit").read_bytes() == NEAT


@pytest.mark.parametrize("name", ["missing.wit", "empty", "nul\0.wit", "pipe.wit", "loop.wit"])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop.wit").symlink_to("loop.wit")
    os.mkfifo(tmp_path / "pipe.wit")
    with pytest.raises(WitError) as caught:
        wit_format.write([tmp_path / name])
    assert [one.code for one in caught.value.diagnostics] == [Code.CANNOT_READ]


def test_a_failed_write_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path)

    def fail(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        wit_format.write([place])
    assert (place / "ugly.wit").read_bytes() == UGLY
    assert sorted(os.listdir(place)) == ["deps", "neat.wit", "notes.txt", "ugly.wit"]


def test_standard_input_stands_alone() -> None:
    with pytest.raises(click.UsageError, match="give it alone"):
        wit_format.check([Path("-"), Path("x.wit")])


def test_check_of_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UGLY)))
    assert wit_format.check([Path("-")]) == 1
    assert capsys.readouterr().out == "<stdin>\n"


def test_the_command(tmp_path: Path) -> None:
    place = folder(tmp_path)
    through = run("-", text=UGLY)
    assert (through.returncode, through.stdout, through.stderr) == (0, NEAT, b"")
    assert run("--check", str(place)).returncode == 1
    assert run(str(place)).returncode == 0
    assert run("--check", str(place)).returncode == 0
    bad = run("-", text=b"interface {")
    assert (bad.returncode, bad.stdout) == (1, b"")
    assert b"<stdin>:1:11" in bad.stderr
    assert run(str(place / "missing.wit")).returncode == 2
    assert run().returncode == 2
