"""Generated code says what the contract says: docs, parameters, errors and the WIT text, whatever these hold."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.targets import generate_guest, generate_host

Parse = Callable[[str], tuple[model.Resolve, model.World]]
Generate = Callable[[str, str], dict[str, str]]
LoadWorld = Callable[[str], tuple[model.Resolve, model.World]]

DOCUMENTED = """
package a:b@1.0.0;
interface i {
  /// Where a thing is.
  record place { x: u8, label: option<string> }
  variant why { gone(string), %none }
  enum code { low }
  resource thing {
    /// Makes one.
    constructor(%from: list<u8>);
    /// Moves it.
    ///
    /// Errors: `gone` where it is not there,
    /// `none` otherwise.
    ///
    /// REQ-7
    move: func(to: place, cls: u32) -> result<_, why>;
    check: static func() -> result<thing, code>;
  }
  /// Error: any text.
  ask: func() -> result<string, string>;
  tell: func(class: string);
}
world w { import i; }
"""

EXPECTED = {
    "move": """
        Moves it.

        Args:
            to: `place`
            cls_: `u32`

        Raises:
            Why: `gone` where it is not there, `none` otherwise.

        REQ-7

        WIT:
            move: func(to: place, cls: u32) -> result<_, why>;
    """,
    "check": """
        The WIT function `check`.

        Raises:
            CodeException: the WIT type `code`.

        WIT:
            check: static func() -> result<thing, code>;
    """,
    "constructor": """
        Makes one.

        Args:
            from_: `list<u8>`

        WIT:
            constructor(%from: list<u8>);
    """,
    "ask": """
        The WIT function `ask`.

        Raises:
            ResultError: any text.

        WIT:
            ask: func() -> result<string, string>;
    """,
    "tell": """
        The WIT function `tell`.

        Args:
            class_: `string`

        WIT:
            tell: func(class: string);
    """,
    "Place": """
        Where a thing is.

        WIT:
            record place {
              x: u8,
              label: option<string>,
            }
    """,
    "Thing": """
        The WIT resource `thing`.

        WIT:
            resource thing;
    """,
    "Why_Gone": "The case `gone(string)` of `why`.",
}
NAMES = {
    "Thing_check": "check",
    "Thing_constructor": "constructor",
    "__init__": "constructor",
}


def documented(text: str) -> Iterator[tuple[str, str | None]]:
    """Every class and function of a module, methods included, with its docstring."""
    module = ast.parse(text)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    for node in [*module.body, *(member for one in classes for member in one.body)]:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, ast.get_docstring(node)


@pytest.mark.parametrize("generate", [generate_host, generate_guest])
def test_sections(parse: Parse, generate: Callable[..., dict[str, str]]) -> None:
    found = {}
    for name, docs in documented(generate(*parse(DOCUMENTED))["a_b/i.py"]):
        if docs is not None:
            found.setdefault(NAMES.get(name, name), docs)
    assert {name: found[name] for name in EXPECTED} == {name: inspect.cleandoc(docs) for name, docs in EXPECTED.items()}


@pytest.mark.parametrize("target", ["host", "guest"])
@pytest.mark.parametrize("name", ["contract:imports", "values", "clash", "survive/doc-comments", "survive/shapes"])
def test_everything_public_has_a_docstring(name: str, target: str, generate: Generate) -> None:
    for path, text in generate(target, name).items():
        if path.endswith(".py"):
            assert ast.get_docstring(ast.parse(text)), path
            for defined, docs in documented(text):
                assert docs or defined.startswith("_"), (path, defined)


@pytest.mark.parametrize("target", ["host", "guest"])
def test_docs_say_what_the_contract_says(target: str, generate: Generate, load_world: LoadWorld) -> None:
    """Docs with quotes, backslashes, escapes and braces are read back as they were, but for white space."""
    _, world = load_world("survive/doc-comments")
    item = world.imports["test:doc-comments/docs@1.0.0"]
    assert isinstance(item, model.InterfaceItem)
    text = generate(target, "survive/doc-comments")["test_doc_comments/docs.py"]
    constants = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    read = [" ".join(constant.split()) for constant in constants if isinstance(constant, str)]
    written = [item.interface.docs]
    for wit_type in item.interface.types.values():
        written.append(wit_type.docs)
        kind = wit_type.kind
        if isinstance(kind, model.Record):
            written += [field.docs for field in kind.fields]
        elif isinstance(kind, model.Variant | model.Enum):
            written += [case.docs for case in kind.cases]
        elif isinstance(kind, model.Flags):
            written += [flag.docs for flag in kind.flags]
    written += [function.docs for function in item.interface.functions.values()]
    for docs in filter(None, written):
        first = docs.partition("\n\nErrors:")[0]
        assert any(" ".join(first.split()) in constant for constant in read), docs
