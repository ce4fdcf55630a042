"""The reference tool says whether a component made for one world still fits another; for guests we must agree.

It knows one direction and no source text, so that names of unused types and external ids are left out here.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastic_hal.codegen.diffing import Report
from elastic_hal.codegen.diffing.rules import Side

Compare = Callable[..., Report]

WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")

TYPES = [
    *("record t { a: u8, b: u8 }", "record t { b: u8, a: u8 }", "record t { a: u8 }", "record t { a: u8, c: u8 }"),
    *("enum t { a, b }", "enum t { a }", "enum t { b, a }", "variant t { a, b }", "variant t { a, b(u8) }"),
    *("flags t { a, b }", "flags t { a }", "type t = u8;", "type t = list<u8>;", "resource t;"),
    "type u = u8; type t = u;",
]
FUNCTIONS = [
    *("f: func(x: t);", "f: func(y: t);", "f: func() -> t;", "f: func(x: t) -> t;", "f: func(x: list<t>) -> t;"),
    *("f: func(x: option<t>);", "f: func(x: t, y: u8);", "f: func(y: u8, x: t);", "f: async func(x: t);"),
]
PLAIN = ["", "g: func();", "g: func(); h: func() -> string;", "g: func(a: u8);"]

interfaces = st.builds(
    "x: interface {{ {} {} {} }}".format, st.sampled_from(TYPES), st.sampled_from(FUNCTIONS), st.sampled_from(PLAIN)
)
externs = st.builds("{} {}".format, st.sampled_from(["import", "export"]), interfaces) | st.sampled_from(
    ["", "import g: func();", "export g: func();", "import g: func() -> u8;", "export g: func(a: string);"]
)


def still_fits(folder: Path, old: str, new: str) -> bool:
    """What the reference tool says of a component made for the world `old` in the place of one for `new`."""
    if WASM_TOOLS is None:
        pytest.skip("wasm-tools is not installed")
    path = folder / "worlds.wit"
    path.write_text(f"package a:b@1.0.0; world old {{ {old} }} world new {{ {new} }}", "utf-8")
    command = [WASM_TOOLS, "component", "semver-check", "--prev", "old", "--new", "new", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def breaks_guests(compare: Compare, old: str, new: str) -> bool:
    report = compare(f"world w {{ {old} }}", f"world w {{ {new} }}")
    return any(Side.GUESTS in change.breaks for change in report.changes)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=externs, new=externs)
def test_any_two_worlds(compare: Compare, tmp_path: Path, old: str, new: str) -> None:
    assert breaks_guests(compare, old, new) == (not still_fits(tmp_path, old, new))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    direction=st.sampled_from(["import", "export"]),
    types=st.lists(st.sampled_from(TYPES), min_size=2, max_size=2),
    functions=st.lists(st.sampled_from(FUNCTIONS), min_size=2, max_size=2),
    differs=st.booleans(),
)
def test_worlds_that_differ_little(
    compare: Compare, tmp_path: Path, direction: str, types: list[str], functions: list[str], differs: bool
) -> None:
    pairs = zip(types, [functions[0]] * 2, strict=True) if differs else zip([types[0]] * 2, functions, strict=True)
    old, new = (f"{direction} x: interface {{ {type} {function} }}" for type, function in pairs)
    assert breaks_guests(compare, old, new) == (not still_fits(tmp_path, old, new))
