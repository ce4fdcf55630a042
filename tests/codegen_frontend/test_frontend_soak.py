"""Mutates WIT for as long as asked: nothing raises, every refusal has its place, and the reference tool agrees.

One second a test by default; `make soak` and `--soak-seconds` make it longer. A failure shows the seed and the text.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import render_text
from elastic_hal.codegen.frontend import LoadResult, load
from elastic_hal.codegen.resources import contract_dir

WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")
TOKEN = re.compile(r"//[^\n]*\n|/\*.*?\*/|%?[A-Za-z0-9_-]+|->|\s+|.", re.DOTALL)
SEED_TEXTS = [
    """package a:b@1.0.0;
interface i {
  /// A record.
  record r { a: u8, b: option<list<string>> }
  variant v { none, some(r), }
  flags f { a1-B2, %type }
  @unstable(feature = on) @deprecated(version = 0.1.0)
  resource res {
    constructor(x: u8) -> result<res, string>;
    size: get() -> u64;
    size: set(value: u64) -> result<_, string>;
    m: static async func(x: borrow<res>) -> tuple<r, v>;
  }
}
""",
    """package a:b@1.0.0-rc.1+b7;
package c:d@1.0.0 { interface t { type u = u8; } world x { import g: func(); export t; } }
use c:d/t@1.0.0 as other;
interface j { use other.{u as y}; f: func(p: y) -> result<y>; }
world w {
  include c:d/x@1.0.0 with { g as h }
  import j; /* a /* nested */ comment */
  export k: interface { use j.{y}; get: func(); }
  @since(version = 1.0.0-rc.1) import label: j;
}
""",
]
SPECIAL = [
    *("1.0.0-", "1.0.0-a.b+c", "%a", "a--b", "A", "\r\n", "\r", "\ufeff", "\0", "é", "漢", '"x"', "get(", "set(x: u8)"),
    *(
        "/**/",
        "/*",
        "*/",
        "///d\n",
        "@since(version = 1.0.0)",
        "@unstable(feature = off)",
        '@external-id("x")',
        "{",
        "}",
    ),
    *("<", ">", "list<", "as", "with", "_", "own<res>", "borrow<res>", "map<string, u8>", "static", "async", "\ud800"),
]


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few tokens removed, repeated, moved or replaced."""
    tokens = TOKEN.findall(text)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(tokens) + 1)
        match chance.randrange(5):
            case 0:
                del tokens[place : place + chance.choice([1, 1, 4])]
            case 1:
                tokens.insert(place, chance.choice(SPECIAL))
            case 2:
                tokens[place:place] = tokens[chance.randrange(len(tokens) + 1) :][: chance.randrange(12)]
            case 3 if place < len(tokens):
                tokens[place] = chance.choice(tokens)
            case _:
                tokens[place : place + 1] = [chance.choice(SPECIAL)] * chance.choice([1, 1, 300])
    return "".join(tokens)


def search(seconds: float, path: Path, check: Callable[[LoadResult], None]) -> None:
    seed = time.time_ns()
    chance = random.Random(seed)
    texts = SEED_TEXTS + [file.read_text("utf-8") for file in sorted(contract_dir().glob("*.wit"))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = mutated(chance.choice(texts), chance)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            check(load([path], frozenset({"on"})))
        except Exception:
            print(f"seed {seed}, text:\n{text!r}")
            raise


def test_mutated_text_gives_a_model_or_places(soak_seconds: float, tmp_path: Path) -> None:
    def check(result: LoadResult) -> None:
        render_text(result.diagnostics, colour=True)
        assert (result.resolve is None) == bool(result.diagnostics)
        assert all(one.span or one.code is Code.TOO_MANY_ERRORS for one in result.diagnostics)

    search(soak_seconds, tmp_path / "x.wit", check)


def test_the_reference_tool_agrees_on_mutated_text(soak_seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    if WASM_TOOLS is None:
        pytest.skip("wasm-tools is not installed")
    command = [WASM_TOOLS, "component", "wit", "--json", "--features", "on", str(path)]

    def check(result: LoadResult) -> None:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if "panicked" not in done.stderr and "\ufffd" not in path.read_text("utf-8", "replace"):
            assert (result.resolve is not None) == (done.returncode == 0), done.stderr

    search(soak_seconds, path, check)
