"""What a guest in Python cannot have: the generator of bindings and the build say the same about it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.targets import GenerationError, generate_guest
from elastic_hal.guest_sdk.staged_wit import stage_world
from elastic_hal.guest_sdk.tool_errors import BuildFailedError

BEYOND = [
    ("interface i { f: func(a: map<u8, u8>); } world w { import i; }", "a map", "function f of a:b/i"),
    ("interface i { type m = map<u8, u8>; f: func(); } world w { import i; }", "a map", "type m of a:b/i"),
    (
        "interface i { f: func(a: list<u8, 4>); } world w { import i; }",
        "a list of a fixed length",
        "function f of a:b/i",
    ),
    ("interface i { f: func() -> map<u8, u8>; } world w { export i; }", "a map", "function f of a:b/i"),
    ("interface i { f: func() -> map<u8, u8>; } world w { import one: i; }", "a map", "function f of one"),
    ("world w { import i: interface { f: func(a: map<u8, u8>); } }", "a map", "function f of i"),
    ("world w { export run: func(a: option<map<u8, u8>>); }", "a map", "function run of world w"),
    ("world w { type m = map<u8, u8>; }", "a map", "type m of world w"),
    (
        "world w { resource thing { size: func() -> u32; } import take: func(t: borrow<thing>); }",
        "a resource of the world itself",
        "type thing of world w",
    ),
]


@pytest.mark.parametrize(("text", "construct", "place"), BEYOND)
def test_generator_and_build_know_the_same_limits(tmp_path: Path, text: str, construct: str, place: str) -> None:
    path = tmp_path / "in.wit"
    path.write_text(f"package a:b;\n{text}\n")
    resolve = load_or_raise([path])
    with pytest.raises(GenerationError) as generating:
        generate_guest(resolve, select_world(resolve, "w"))
    with pytest.raises(BuildFailedError) as building:
        stage_world([path], "a:b/w", tmp_path / "out.wit")
    for message in (str(generating.value), building.value.message):
        assert message.startswith(f"{construct} in {place} ({path}:2:")
    assert generating.value.hint == building.value.hint
    assert "componentize-py" in generating.value.hint


CARRIED = [
    "interface i { f: func() -> u32; } world w { import primary: i; import backup: i; export out: i; }",
    "interface i { resource thing; } world w { use i.{thing}; import f: func(x: borrow<thing>); }",
    "interface class { def: func(is: u8); record %from { is: u32 } } world w { import class; import try: class; }",
    "world w { record r { a: u32 } import f: func(x: r) -> r; export run: func() -> r; }",
    "interface i { f: func() -> u32; } world w { import i; }",
    "world w { import raise: func(); }",
    "world w { }",
    'interface i { @external-id("y") f: func(); } world w { @external-id("z") import i; }',
    "interface i { f: func(); } interface j { f: func(a: map<u8, u8>); } world v { import j; } world w { import i; }",
    "interface i { f: func(); } interface j { resource r { size: get() -> u32; } } world w { import i; }",
]


@pytest.mark.parametrize("text", CARRIED)
def test_what_is_no_limit_is_carried_by_the_tool(tmp_path: Path, text: str) -> None:
    path = tmp_path / "in.wit"
    path.write_text(f"package a:b;\n{text}\n")
    resolve = load_or_raise([path])
    generate_guest(resolve, select_world(resolve, "w"))
    staged = stage_world([path], "a:b/w", tmp_path / "out.wit")
    assert staged is not None
    program = Path(sys.executable).with_name("componentize-py")
    command = [program, "-d", staged.wit, "-w", staged.world, "bindings", tmp_path / "bindings"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bindings" / "wit_world" / "__init__.py").is_file()


READ_BY_THE_TOOL = [
    text
    for text, construct, _ in BEYOND
    if construct != "a resource of the world itself" and "import one:" not in text and ": interface" not in text
]


@pytest.mark.parametrize("text", READ_BY_THE_TOOL)
def test_the_tool_itself_still_has_these_limits(tmp_path: Path, text: str) -> None:
    """Where it carries one of them some day, the table has an entry too many."""
    path = tmp_path / "in.wit"
    path.write_text(f"package a:b;\n{text}\n")
    program = Path(sys.executable).with_name("componentize-py")
    command = [program, "-d", path, "-w", "w", "bindings", tmp_path / "bindings"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
