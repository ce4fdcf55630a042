"""Properties over generated texts: nothing raises, what is printed means the same, and the reference tool agrees."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.codegen.diagnostics import render_text
from elastic_hal.codegen.formatting.formatter import format_text
from elastic_hal.codegen.frontend import LoadResult, load, load_or_raise
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_resolve
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.syntax.comments import comments_of_text, text_of_comments

WASM_TOOLS = shutil.which("wasm-tools", path=str(Path(sys.executable).parent)) or shutil.which("wasm-tools")

WORDS = [
    *(
        "package",
        "a:b",
        ";",
        "interface",
        "i",
        "{",
        "}",
        "type",
        "t",
        "=",
        "u32",
        "list",
        "<",
        ">",
        ",",
        "func",
        "(",
        ")",
    ),
    *("->", "world", "w", "import", "export", ":", "use", ".", "@", "since", "version", "1.0.0", "record", "resource"),
    *(
        "static",
        "include",
        "with",
        "as",
        "_",
        "%",
        "//x\n",
        "/**",
        "*/",
        "\t",
        "\r",
        "漢",
        '"',
        "constructor",
        "borrow",
    ),
]
METHODS = [
    *("", "m: func();", "constructor(x: u8) -> result<res, string>;", "s: static func() -> res;"),
    *("p: set(v: u8); p: get() -> u8;", "p: static get() -> res;", "p: set(v: u8);"),
]
WORLDS = [
    *("import i;", "export i;", "import i; export j;", "export i; export j;"),
    "use j.{rec}; import f: func(a: rec);",
    *("/// Why.\nimport i; export name: j;", "import p: get() -> u8; export p: get() -> u8; export p: set(v: u8);"),
    *("export j; import j; use i.{res as other}; include u with { x as y };", "include u; include u with { x as z };"),
]

primitives = st.sampled_from(["bool", "u8", "u16", "u32", "u64", "s8", "s64", "f32", "f64", "char", "string"])
named = st.sampled_from(["rec", "var", "res", "missing"])
types = st.recursive(
    primitives | named | st.sampled_from(["own<res>", "result", "stream", "future", "error-context"]),
    lambda inner: (
        st.builds("list<{}>".format, inner)
        | st.builds("list<{}, {}>".format, inner, st.integers(0, 9))
        | st.builds("option<{}>".format, inner)
        | st.builds("result<{}, {}>".format, inner | st.just("_"), inner)
        | st.builds("map<{}, {}>".format, primitives, inner)
        | st.builds("tuple<{}, {}>".format, inner, inner)
        | st.builds("stream<{}>".format, inner)
    ),
    max_leaves=5,
)
gates = st.sampled_from(
    [
        *("", "", "@since(version = 0.1.0) ", "@unstable(feature = on) ", "/// Says something.\n"),
        *("/**\n  In two\n   lines. */\n//   and more\n", "@since(version = 0.2.0-) ", "// One.\n/* Two. */ /***/ "),
    ]
)
parameters = st.lists(types | st.just("borrow<res>"), max_size=3).map(
    lambda listed: ", ".join(f"p{number}: {type}" for number, type in enumerate(listed))
)
functions = st.builds("{}f{}: func({}) -> {};".format, gates, st.integers(0, 30), parameters, types)
items = st.lists(functions | st.builds("{}type t{} = {};".format, gates, st.integers(0, 30), types), max_size=5)


@st.composite
def packages(draw: st.DrawFn) -> str:
    """A package that is mostly right; wrong names and repetitions come now and then."""
    body = "\n".join(draw(items))
    method = draw(st.sampled_from(METHODS))
    world = draw(st.sampled_from(WORLDS))
    return f"""package test:gen@0.2.0;
interface i {{
  record rec {{ a: u8, %list: {draw(primitives)} }}
  variant var {{ one, two({draw(primitives)}) }}
  resource res {{ {method} }}
  {body}
}}
interface j {{ use i.{{rec, var as other}}; f: func(x: other) -> rec; }}
world w {{ {world} }}
world u {{ import x: func(); import j; }}
world v {{ include w; import extra: interface {{ use i.{{res}}; g: func(r: borrow<res>); }} }}
"""


def load_text(text: str) -> LoadResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.wit"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return load([path], frozenset({"on"}))


def reference(path: Path) -> dict[str, Any] | None:
    """The model that the reference tool makes; None where it refuses the text."""
    if WASM_TOOLS is None:
        pytest.skip("wasm-tools is not installed")
    command = [WASM_TOOLS, "component", "wit", "--json", "--features", "on", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def meaning(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the numbers of its entries: types and interfaces stand where they are referred to."""
    types, interfaces, worlds = document["types"], document["interfaces"], document["worlds"]
    packages = [package["name"] for package in document["packages"]]

    def reference_to(type: Any) -> Any:
        if not isinstance(type, int):
            return type
        entry = types[type]
        if entry["name"] is None:
            return kind(entry["kind"])
        owner = entry["owner"]
        if "interface" in owner:
            place = interfaces[owner["interface"]]
            return [packages[place["package"]], place["name"], entry["name"]]
        return [packages[worlds[owner["world"]]["package"]], "world " + worlds[owner["world"]]["name"], entry["name"]]

    def kind(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: part if key in {"name", "docs"} or key == "fixed-length-list" else kind(part)
                for key, part in value.items()
                if key != "fixed-length-list"
            } | {key: [kind(part[0]), str(part[1])] for key, part in value.items() if key == "fixed-length-list"}
        if isinstance(value, list):
            return [kind(part) for part in value]
        return reference_to(value)

    def named_type(value: dict[str, Any]) -> Any:
        return [kind(value["kind"]), common(value)]

    def function(value: dict[str, Any]) -> Any:
        return {key: part if key in {"name", "docs", "stability"} else kind(part) for key, part in value.items()}

    def interface(value: dict[str, Any]) -> Any:
        return {
            "types": {
                name: [kind(types[number]["kind"]), common(types[number])] for name, number in value["types"].items()
            },
            "functions": {name: function(one) for name, one in value["functions"].items()},
            **common(value),
        }

    def common(value: dict[str, Any]) -> dict[str, Any]:
        return {key: value[key] for key in ("docs", "stability", "external_id") if key in value}

    def item(key: str, value: dict[str, Any]) -> tuple[str, Any]:
        ((sort, entry),) = value.items()
        if sort == "function":
            return key, function(entry)
        if sort == "type":
            return key, named_type(types[entry])
        place = interfaces[entry["id"]]
        if place["name"] is None:
            return key, [interface(place), common(entry)]
        name = f"{packages[place['package']]}/{place['name']}"
        return name if key.startswith("interface-") else key, [name, common(entry)]

    return {
        package["name"]: {
            "interfaces": {name: interface(interfaces[number]) for name, number in package["interfaces"].items()},
            "worlds": {
                name: [
                    dict(item(key, value) for key, value in worlds[number][side].items())
                    for side in ("imports", "exports")
                ]
                for name, number in package["worlds"].items()
            },
            **common(package),
        }
        for package in document["packages"]
    }


@given(st.text(max_size=200))
def test_any_text_gives_a_result(text: str) -> None:
    result = load_text(text)
    render_text(result.diagnostics, colour=True)
    assert (result.resolve is None) == bool(result.diagnostics)


@given(st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join))
def test_any_tokens_give_a_result(text: str) -> None:
    result = load_text("package a:b; interface i { " + text)
    render_text(result.diagnostics, colour=False)
    assert (result.resolve is None) == bool(result.diagnostics)


@given(packages())
def test_printed_packages_mean_the_same(text: str) -> None:
    resolve = load_text(text).resolve
    if resolve is None:
        return
    printed = print_resolve(resolve)
    again = load_text(printed)
    assert again.resolve is not None, printed + render_text(again.diagnostics, colour=False)
    # As text, so that the order counts.
    assert json.dumps(meaning(to_document(again.resolve))) == json.dumps(meaning(to_document(resolve)))
    assert print_resolve(again.resolve) == printed
    formatted = load_text(format_text(printed)).resolve
    assert formatted is not None
    assert to_document(formatted) == to_document(again.resolve)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60))
def test_documentation_survives_printing(docs: str) -> None:
    docs = "\n".join(line.rstrip() for line in docs.split("|"))
    assert text_of_comments(comments_of_text(docs)).strip() == docs.strip() or docs != docs.lstrip()


@settings(max_examples=30, deadline=None)
@given(packages())
def test_the_reference_tool_agrees(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.wit"
        path.write_text(text, "utf-8")
        expected = reference(path)
        result = load([path], frozenset({"on"}))
    assert (result.resolve is None) == (expected is None), render_text(result.diagnostics, colour=False)
    if result.resolve is not None and expected is not None:
        assert meaning(to_document(result.resolve)) == meaning(expected)


def test_the_contract_means_the_same_to_the_reference_tool() -> None:
    expected = reference(contract_dir())
    assert expected is not None
    assert meaning(to_document(load_or_raise([contract_dir()]))) == meaning(expected)


def test_the_printed_contract_means_the_same() -> None:
    resolve = load_or_raise([contract_dir()])
    again = load_text(print_resolve(resolve))
    assert again.resolve is not None
    assert meaning(to_document(again.resolve)) == meaning(to_document(resolve))
