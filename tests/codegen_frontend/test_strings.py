"""Strings of attributes: their escapes, what is refused, and that every value survives printing and formatting."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.formatting.files import format_bytes
from elastic_hal.codegen.frontend import LoadResult, load
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_package
from elastic_hal.codegen.syntax.strings import read_string, write_string

ATOMS = (
    *(r"\t", r"\n", r"\r", r"\"", r"\'", "\\\\", r"\u{41}", r"\7f", r"\c3\a9", r"\00", r"\q", r"\x41", r"\0", r"\u{}"),
    *(r"\u{d800}", r"\u{dfff}", r"\u{e000}", r"\u{110000}", r"\u{10ffff}", r"\u{4_1}", r"\u{_4}", r"\u{4_}", r"\u"),
    *(r"\u{", r"\u{41", r"\c3", r"\e2\80\ae", "\\", r"\F0\9f\98\80", r"\ed\a0\80", r"\u{00000000000000041}"),
    *(r"\u{ffffffffff}", r"\U{41}", r"\u{g}", r"\ 41", r"\4", r"\4G", r"\u{feff}", "\t", "\x01", "\x7f", "\u0085"),
    *("\u00e9", "\U0001f600", "\u202e", "\ufeff", '"', "a", "//", "/*", "*/", " ", "\n", "\r", "\r\n", "{", ")", ";"),
)
PLACES = (
    "@external-id({0}) f: func();",
    "@external-id({0}) record r {{ a: u8 }}",
    "@external-id({0}) resource q {{ @external-id({0}) m: func(); }}",
    "@since(version={0}) f: func();",
)
WORLD = (
    "world w {{ @external-id({0}) import i; @external-id({0}) import n: interface {{}} @external-id({0}) export i; }}"
)


def loaded(folder: Path, text: str) -> LoadResult:
    path = folder / "x.wit"
    path.write_bytes(text.encode())
    return load([path])


def with_string(literal: str) -> str:
    return f"package a:b;\n\ninterface i {{\n  @external-id({literal})\n  f: func();\n}}\n"


def external_id(result: LoadResult) -> str | None:
    assert result.resolve is not None, result.diagnostics
    return result.resolve.main.interfaces["i"].functions["f"].external_id


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('""', ""),
        (r'"\t\n\r\"\'\\"', "\t\n\r\"'\\"),
        (r'"\u{41}\u{4_1}\u{000000000041}\u{10FFFF}"', "AAA\U0010ffff"),
        (r'"\7f\00\08"', "\x7f\0\x08"),
        (r'"\c3\a9\C3\A9"', "\u00e9\u00e9"),
        (r'"\\q //"', "\\q //"),
        ('"\ufeffa\ufeff"', "a\ufeff"),
    ],
)
def test_escapes_are_interpreted(tmp_path: Path, literal: str, value: str) -> None:
    assert external_id(loaded(tmp_path, with_string(literal))) == value


@pytest.mark.parametrize(
    ("literal", "wrong"),
    [
        (r'"\q"', r"\q"),
        (r'"a\x41"', r"\x"),
        (r'"\0"', r"\0"),
        (r'"\u{}"', r"\u{}"),
        (r'"\u{_4}"', r"\u{_4}"),
        (r'"\u{4_}"', r"\u{4_}"),
        (r'"\u{d800}"', r"\u{d800}"),
        (r'"\u{110000}"', r"\u{110000}"),
        (
            r'"\u{ffffffffffffffffffffffffffffffffffffffffffffffff}"',
            r"\u{ffffffffffffffffffffffffffffffffffffffffffffffff}",
        ),
        ('"a\tb"', "\t"),
        (r'"\c3"', r'"\c3"'),
        (r'"\ed\a0\80"', r'"\ed\a0\80"'),
        (r'"\c0\80"', r'"\c0\80"'),
        (r'"open', '"'),
        (r'"open\"', '"'),
    ],
)
def test_what_no_string_may_hold_is_said_once_with_its_place(tmp_path: Path, literal: str, wrong: str) -> None:
    result = loaded(tmp_path, with_string(literal))
    (found,) = result.diagnostics
    assert result.resolve is None
    assert found.code is Code.INVALID_STRING
    assert found.span is not None
    assert found.span.file.text[found.span.start : found.span.end] == wrong
    assert found.notes


def test_a_wrong_string_does_not_hide_the_next_mistake(tmp_path: Path) -> None:
    text = with_string(r'"\q"').replace("f: func()", "f: func() -> u99")
    assert [one.code for one in loaded(tmp_path, text).diagnostics] == [Code.INVALID_STRING, Code.UNKNOWN_NAME]


@given(st.text())
def test_every_text_has_a_literal(text: str) -> None:
    assert read_string(write_string(text)) == text


def test_values_survive_the_printer_and_the_formatter(tmp_path: Path) -> None:
    value = '\ufeffquote " back \\ tab \t lines \r\n \0 \x7f \u0085 \u202e \u0149 \U0001f600'
    first = loaded(tmp_path, with_string(write_string(value)))
    assert external_id(first) == value
    assert first.resolve is not None
    assert external_id(loaded(tmp_path, print_package(first.resolve.main))) == value
    formatted = format_bytes(with_string(write_string(value)).encode(), "x.wit")
    assert isinstance(formatted, bytes)
    assert external_id(loaded(tmp_path, formatted.decode())) == value


def test_renames_may_be_none(tmp_path: Path) -> None:
    text = "package a:b;\nworld v { import f: func(); }\nworld w { include v with { } }\n"
    result = loaded(tmp_path, text)
    assert result.resolve is not None, result.diagnostics
    assert list(result.resolve.main.worlds["w"].imports) == ["f"]
    assert isinstance(format_bytes(text.encode(), "x.wit"), bytes)


def test_the_reference_tool_agrees(tmp_path: Path) -> None:
    tool = shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("the reference tool wasm-tools is not installed")
    chance = random.Random(7)
    accepted = 0
    for _ in range(250):
        content = "".join(chance.choice(ATOMS) for _ in range(chance.choice((0, 1, 1, 1, 2, 3))))
        literal = f'"{content}"'
        text = f"package a:b@1.0.0;\ninterface i {{ {chance.choice(PLACES).format(literal)} }}\n"
        if chance.random() < 0.3:
            text += WORLD.format(literal) + "\n"
        ours = loaded(tmp_path, text)
        command = [tool, "component", "wit", "--json", str(tmp_path / "x.wit")]
        theirs = subprocess.run(command, capture_output=True, check=False)
        assert (theirs.returncode == 0) == (ours.resolve is not None), text
        if ours.resolve is not None:
            accepted += 1
            assert _external_ids(json.loads(theirs.stdout)) == _external_ids(to_document(ours.resolve)), text
            again = loaded(tmp_path, print_package(ours.resolve.main))
            assert again.resolve is not None, text
            assert to_document(again.resolve) == to_document(ours.resolve), text
    assert 20 < accepted < 230


def _external_ids(document: object) -> list[str]:
    if isinstance(document, dict):
        own = [document["external_id"]] if "external_id" in document else []
        return sorted([*own, *(one for value in document.values() for one in _external_ids(value))])
    return sorted(one for value in document for one in _external_ids(value)) if isinstance(document, list) else []
