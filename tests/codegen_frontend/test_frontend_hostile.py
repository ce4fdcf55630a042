"""Text made to break a reader: each is read in a process of its own, with its memory and time limited."""

import subprocess
import sys
from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.resolve.files import MAX_FILE_BYTES

MEMORY = 2 << 30
SECONDS = 60
"""Far more than any of these needs, so that a busy machine fails no test; reading on for ever does."""

READ = f"""
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from elastic_hal.codegen.diagnostics import render_text
from elastic_hal.codegen.frontend import load
result = load([Path(sys.argv[1])])
print(render_text(result.diagnostics, colour=False))
sys.exit(result.resolve is None)
"""

MANY = range(20_000)
HEAD = "package a:b; interface i {"
REFUSED = {
    "braces": "package a:b;" + "{" * 15_000_000,
    "spaces": " " * 15_000_000,
    "letters": "package a:b; " + "a" * 15_000_000,
    "comments": "package a:b;" + "/*" * 2_000_000,
    "zeros": "\0" * 1_000_000,
    "packages": "package a:b {" * 20_000,
    "parentheses": HEAD + "f: func(" + "(" * 100_000,
    "types": HEAD + "type t = " + "list<" * 10_000 + "u8" + ">" * 10_000 + "; }",
    "unknown types": HEAD + "".join(f"type t{number} = x{number};" for number in MANY) + "}",
    "one name": HEAD + "f: func();" * 20_000 + "}",
    "a cycle": HEAD + "".join(f"type t{number} = t{(number + 1) % 20_000};" for number in MANY) + "}",
    "signs": HEAD + "? " * 200_000,
    "a version": "package a:b@1" + ".1" * 500_000 + ";",
}
ACCEPTED = {
    "lines": "package a:b;" + "\n" * 15_000_000,
    "nested comments": "package a:b;" + "/*" * 100_000 + "*/" * 100_000,
    "a name": HEAD + "type " + "a" * 1_000_000 + " = u8; }",
    "interfaces": "package a:b;" + "".join(f"interface i{number} {{}}" for number in MANY),
    "a chain of types": HEAD + "".join(f"type t{number} = t{number + 1};" for number in MANY) + "type t20000 = u8; }",
    "a chain of interfaces": (
        "package a:b;"
        + "".join(f"interface i{number} {{ use i{number + 1}.{{t}}; }}" for number in MANY)
        + "interface i20000 { type t = u8; } world w { import i0; export i0; }"
    ),
    "setters before getters": (
        HEAD
        + "".join(f"p{number}: set(value: u8);" for number in MANY)
        + "".join(f"p{number}: get() -> u8;" for number in MANY)
        + "}"
    ),
}


def read(path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert not done.stderr, done.stderr[-2000:]
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_text_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text(REFUSED[name], "utf-8")
    code, output = read(path)
    assert code == 1
    assert "x.wit:1:" in output
    assert len(output) < 1_000_000


@pytest.mark.parametrize("name", ACCEPTED)
def test_big_but_valid_text_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text(ACCEPTED[name], "utf-8")
    code, output = read(path)
    assert code == 0, output[:2000]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    diagnostics = load([path]).diagnostics
    assert [one.code for one in diagnostics] == [Code.CANNOT_READ]
    assert f"has more than {MAX_FILE_BYTES >> 20}MiB" in diagnostics[0].message


def test_a_folder_with_the_name_of_a_file_is_not_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text("package a:b;", "utf-8")
    (tmp_path / "b.wit").mkdir()
    assert load([tmp_path]).resolve is not None
