"""The contract as the build tool gets it says the same, without docs and with names for inline interfaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.guest_sdk.staged_wit import StagedWorld, stage_world
from elastic_hal.guest_sdk.tool_errors import BuildFailedError


def staged(tmp_path: Path, text: str, world: str = "a:b/w@1.0.0") -> StagedWorld | None:
    (tmp_path / "in.wit").write_text(f"package a:b@1.0.0;\n{text}")
    return stage_world([tmp_path / "in.wit"], world, tmp_path / "out.wit")


def test_docs_are_left_out(tmp_path: Path) -> None:
    text = '/// """ \\x\ninterface i {\n/// """\nrecord r { /** \\ */ a: u8 }\n/// "\nf: func(a: r);\n}\n'
    text += "world w { import i; }"
    found = staged(tmp_path, text)
    assert found is not None
    written = found.wit.read_text()
    assert '"""' not in written
    assert "\\" not in written
    world = select_world(load_or_raise([found.wit]), found.world)
    assert list(world.imports) == ["a:b/i@1.0.0"]


def test_inline_interfaces_get_names(tmp_path: Path) -> None:
    text = (
        "interface inline-log { type t = u8; }\n"
        "world w {\nimport log: interface { f: func(); }\n"
        "import store: interface { use inline-log.{t}; g: func(a: t); }\n"
        "export log: interface { h: func(); }\n}"
    )
    found = staged(tmp_path, text)
    assert found is not None
    assert found.imports == {"a:b/another-inline-log@1.0.0": "log", "a:b/inline-store@1.0.0": "store"}
    assert found.exports == {"a:b/another-another-inline-log@1.0.0": "log"}
    world = select_world(load_or_raise([found.wit]), found.world)
    assert set(world.imports) == {"a:b/inline-log@1.0.0", *found.imports}
    assert list(world.exports) == list(found.exports)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("f: func(a: u8) -> string;", False),
        ("record point { x: u8 }  f: func(a: point);", False),
        ("resource r { constructor(a: u8); m: func(); }", False),
        ("record optional { x: u8 } f: func(a: optional);", True),
        ("enum %flag { x } f: func(a: %flag);", True),
        ("isinstance: func() -> result;", True),
        ("%type: func(str: string, len: u8) -> result; print: func(hash: u8);", False),
        ("f: func(self: u8);", True),
        ("resource r { classmethod: func(); }", True),
        ("resource r { constructor(a: u8) -> result<r>; }", True),
    ],
)
def test_which_worlds_need_repair(tmp_path: Path, text: str, needed: bool) -> None:
    found = staged(tmp_path, f"interface i {{ {text} }}\nworld w {{ import i; }}")
    assert found is not None
    assert found.needs_repair is needed


def test_the_contract_needs_no_repair(tmp_path: Path) -> None:
    """An ordinary guest is built with componentize-py's modules as they are."""
    found = stage_world([contract_dir()], "elastic:hal/command@0.2.0", tmp_path / "out.wit")
    assert found is not None
    assert (found.imports, found.exports, found.needs_repair) == ({}, {}, False)


def test_what_the_tool_explains_itself(tmp_path: Path) -> None:
    assert staged(tmp_path, "world w {}", "a:b/other@1.0.0") is None
    assert staged(tmp_path, "world {") is None
    assert not (tmp_path / "out.wit").exists()


@pytest.mark.parametrize(
    ("text", "construct", "place"),
    [
        ("import i: interface { f: func(a: map<u8, u8>); }", "a map", "function f of i"),
        ("import f: func() -> option<list<u8, 3>>;", "a list of a fixed length", "function f of world w"),
        ("export i: interface { record r { a: list<u8, 3> } f: func(a: r); }", "a list", "type r of i"),
    ],
)
def test_what_the_tool_cannot_carry(tmp_path: Path, text: str, construct: str, place: str) -> None:
    with pytest.raises(BuildFailedError) as caught:
        staged(tmp_path, f"world w {{\n  {text}\n}}")
    assert caught.value.message.startswith(construct)
    assert f"{place} (" in caught.value.message
    assert "in.wit:3:" in caught.value.message
    assert caught.value.hint
