"""`elastic-hal wit check`: what it prints where, its exit codes, and what it writes into files."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli import wit_check
from elastic_hal.cli.main import main
from elastic_hal.codegen.codes import LINTS, Code
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.source import SourceFile

WRONG = "package a:b;\ninterface i {\n  f: func() -> result<unit, strin>\n  g: func() -> float64;\n}\n"
DOUBTFUL = "package a:b;\ninterface i {}\n"


def write(folder: Path, text: str, name: str = "x.wit") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["wit", "check", *map(str, arguments)])
    output = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, output.out, output.err


def findings(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    code, out, _ = run(capsys, "--format", "json", *arguments)
    document = json.loads(out)
    assert list(document) == ["diagnostics"]
    return code, document["diagnostics"]


def test_the_contract_is_good_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert findings(capsys, contract_dir()) == (0, [])
    assert run(capsys, contract_dir(), "--format", "github") == (0, "", "")
    code, out, _ = run(capsys, contract_dir(), "--format", "sarif")
    assert (code, json.loads(out)["runs"][0]["results"]) == (0, [])
    code, out, err = run(capsys, contract_dir())
    assert (code, out) == (0, "")
    assert err.startswith("elastic:hal@0.2.0: valid; ")


def test_errors_come_in_every_form_and_leave_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, WRONG)
    code, found = findings(capsys, path)
    assert code == 1
    assert [(one["code"], one["line"], "fix" in one) for one in found] == [
        ("unknown-name", 3, True),
        ("unknown-name", 3, False),
        ("syntax", 3, True),
        ("unknown-name", 4, True),
    ]
    code, out, err = run(capsys, path, "--format", "github")
    assert (code, out.count("::error "), err) == (1, 4, "")
    code, out, err = run(capsys, path, "--format", "sarif")
    assert (code, len(json.loads(out)["runs"][0]["results"]), err) == (1, 4, "")
    code, out, err = run(capsys, path)
    assert (code, out) == (1, "")
    assert err.count("error[") == 4
    assert err.endswith(f"4 problems in {path}\n")


def test_warnings_do_not_change_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, DOUBTFUL)
    code, found = findings(capsys, path, "--lints")
    assert (code, [(one["code"], one["severity"]) for one in found]) == (0, [("missing-docs", "warning")])
    code, _, err = run(capsys, path, "--lints")
    assert code == 0
    assert "warning[missing-docs]" in err
    assert err.endswith(": valid; 1 package, 1 interface, 0 functions; 1 warning\n")
    assert findings(capsys, path, "--no-lints") == (0, [])
    assert "warning" not in run(capsys, path, "--no-lints")[2]


def test_style_is_nothing_that_a_stranger_hears_of_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path,
        "package a:b@1.0.0;\ninterface i {\n  type left-over = u8;\n"
        "  open: func(class: u32) -> result<u32, string>;\n}\n",
    )
    assert [one["code"] for one in findings(capsys, path)[1]] == ["unused-type"]
    codes = {one["code"] for one in findings(capsys, path, "--lints")[1]}
    assert codes == {code.value for code in LINTS}


def test_what_cannot_be_read_is_wrong_usage_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none"
    code, found = findings(capsys, missing)
    assert (code, found[0]["code"], found[0]["path"]) == (2, "cannot-read", str(missing))
    assert run(capsys, missing)[0] == run(capsys, missing, "--format", "sarif")[0] == 2
    assert run(capsys, missing, "--format", "xml")[0] == 2


def test_features_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path,
        "package a:b;\n@unstable(feature = one)\ninterface i { type t = u8; }\n@unstable(feature = two)\n"
        "interface j { use i.{t}; }\n",
    )
    for features, expected in (
        (["--features", "two"], 1),
        (["--features", "one,two"], 0),
        (["--features", "one", "--features", "two"], 0),
        (["--all-features"], 0),
    ):
        assert findings(capsys, path, *features)[0] == expected, features


def test_fix_applies_what_is_certain_and_reports_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, WRONG)
    path.chmod(0o640)
    code, found = findings(capsys, path, "--fix")
    assert code == 1
    assert [one["message"] for one in found] == ["there is no type `strin` here; did you mean `string`?"]
    expected = "package a:b;\ninterface i {\n  f: func() -> result<_, strin>;\n  g: func() -> f64;\n}\n"
    assert path.read_text() == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert _files(tmp_path) == ["x.wit"]


def test_fix_says_what_it_did_and_leaves_with_0_where_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "package a:b;\ninterface i {\n  f: func() -> float32\n}\n")
    code, out, err = run(capsys, path, "--fix", "--no-lints")
    assert (code, out) == (0, "")
    assert f"{path}: 2 problems fixed" in err
    before = path.stat()
    assert run(capsys, path, "--fix", "--no-lints")[0] == 0
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_fix_keeps_every_other_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\ufeffpackage a:b;\r\n/* 漢字 \t*/\r\ninterface i {\r\n  f: func() -> float32;   \r\n}\r\n\r\n"
    path = write(tmp_path, text)
    assert run(capsys, path, "--fix")[0] == 0
    assert path.read_bytes() == text.replace("float32", "f32").encode()


def test_fix_follows_links_and_leaves_dependencies_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = write(tmp_path, "package a:b;\ninterface i { f: func() -> float32; }\n", "elsewhere/real.txt")
    dependency = write(tmp_path, "package c:d;\ninterface i { f: func() -> float32; }\n", "wit/deps/c.wit")
    (tmp_path / "wit" / "link.wit").symlink_to(real)
    code, found = findings(capsys, tmp_path / "wit", "--fix")
    assert (code, [one["path"] for one in found]) == (1, [str(dependency)])
    assert "-> f32;" in real.read_text()
    assert "float32" in dependency.read_text()
    assert (tmp_path / "wit" / "link.wit").is_symlink()


def test_fix_writes_all_files_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "interface {} {{ f: func() -> float32; }}\n"
    first = write(tmp_path, "package a:b;\n" + text.format("i"), "a.wit")
    second = write(tmp_path, text.format("j"), "b.wit")
    kept = first.read_text(), second.read_text()
    copy_mode = wit_check.shutil.copymode

    def refuse(source: Path, target: Path) -> None:
        if Path(source).name == "b.wit":
            raise OSError(28, "No space left on device", str(target))
        copy_mode(source, target)

    monkeypatch.setattr(wit_check.shutil, "copymode", refuse)
    code, _, err = run(capsys, tmp_path, "--fix")
    assert code == 3
    assert "No space left" in err
    assert (first.read_text(), second.read_text()) == kept
    assert _files(tmp_path) == ["a.wit", "b.wit"]


def test_a_file_that_changed_meanwhile_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "package a:b;\ninterface i { f: func() -> float32; }\n")

    def fixed_late(diagnostics: object) -> dict[SourceFile, str]:
        path.write_text("package c:d;\n")
        return {SourceFile(str(path), "package a:b;\n"): "package e:f;\n"}

    monkeypatch.setattr(wit_check, "fixed_texts", fixed_late)
    code, _, err = run(capsys, path, "--fix")
    assert code == 1
    assert "was changed" in err
    assert path.read_text() == "package c:d;\n"


def test_a_file_name_that_is_no_text_is_reported(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.wit"
    with open(name, "w") as file:
        file.write("package a:b;\ninterface i { f: func() -> nope; }\n")
    for form in wit_check.FORMATS:
        done = subprocess.run(
            [sys.executable, "-m", "elastic_hal.cli", "wit", "check", name, "--format", form],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr
        assert b"nope" in done.stdout + done.stderr


def test_every_code_is_a_word_of_its_own() -> None:
    assert all(code.value == code.value.lower() and "_" not in code.value for code in Code)
