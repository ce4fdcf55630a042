"""Docstrings and literals say what was meant, whatever the text holds, and statements keep to the line length."""

from __future__ import annotations

import ast
import keyword

from hypothesis import example, given
from hypothesis import strategies as st

from elastic_hal.codegen.targets.layout import (
    LINE_LENGTH,
    Bracket,
    Expression,
    annotated_statement,
    annotation,
    call,
    definition_statement,
    docstring,
    flat,
    right_side,
    statement,
    string,
    tuple_of,
)

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\\n\t \x00\r\u2028{}%'), max_size=300)


def value_of(source: str) -> object:
    tree = ast.parse(source)
    assert len(tree.body) == 1
    node = tree.body[0]
    assert isinstance(node, ast.Expr)
    return ast.literal_eval(node.value)


@given(TEXT, st.integers(0, 3))
@example('"""', 0)
@example('ends with a quote"', 1)
@example("ends with a backslash\\", 1)
@example('\\"', 0)
@example("\\N{DASH} \\x \\u12", 0)
@example('""""', 0)
def test_any_text_is_a_docstring(text: str, depth: int) -> None:
    printed = docstring(text, depth)
    wrapped = printed if depth == 0 else "if True:\n" + printed.replace("    " * depth, "    ", 1)
    read = ast.parse(wrapped if depth else printed)
    assert len(read.body) == 1
    assert not any(line != line.rstrip() for line in printed.split("\n"))


@given(st.lists(st.sampled_from(["word", "a-b", "`code`", '"quoted"', "back\\slash"]), min_size=1))
def test_words_survive(words: list[str]) -> None:
    read = value_of(docstring(" ".join(words)))
    assert isinstance(read, str)
    assert read.split() == words


def test_paragraphs_and_lists_stay() -> None:
    text = "First\nline.\n\n- one\n- two\n\n    code  here\n\n```\nas it is\n```"
    assert value_of(docstring(text)) == "First line.\n\n- one\n- two\n\n    code  here\n\n```\nas it is\n```\n"


@given(TEXT)
def test_any_text_is_a_literal(text: str) -> None:
    assert value_of(string(text)) == text


NAMES = st.from_regex(r"[a-z]{1,30}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name))
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    NAMES,
    lambda inner: (
        st.builds(lambda items: tuple_of(*items), st.lists(inner, min_size=1, max_size=6))
        | st.builds(lambda name, items: call(name, *items), NAMES, st.lists(inner, max_size=6))
    ),
    max_leaves=30,
)


@given(EXPRESSIONS, st.integers(0, 2))
def test_breaking_lines_changes_nothing(expression: Expression, depth: int) -> None:
    text = statement("value = ", expression, depth=depth)
    flat = expression if isinstance(expression, str) else expression.flat()
    block = "".join(f"{'    ' * level}if x:\n" for level in range(depth)) + text
    node: ast.stmt = ast.parse(block).body[0]
    while isinstance(node, ast.If):
        node = node.body[0]
    assert ast.unparse(node) == ast.unparse(ast.parse(f"value = {flat}"))
    if depth == 0 and max(map(len, text.split("\n"))) > LINE_LENGTH:
        assert isinstance(expression, Bracket)


def test_unions_break_before_the_bar() -> None:
    assert right_side("A = ", annotation("B | C")) == "A = B | C"
    members = tuple(f"Member_{number:030}" for number in range(5))
    text = right_side("A = ", annotation(" | ".join(members)))
    assert text.startswith("A = (\n    Member_")
    assert all(len(line) <= LINE_LENGTH for line in text.split("\n"))


ANNOTATIONS = st.recursive(
    NAMES | st.just("tuple[()]"),
    lambda inner: (
        st.builds(lambda name, parts: f"{name}[{', '.join(parts)}]", NAMES, st.lists(inner, min_size=1, max_size=4))
        | st.builds(" | ".join, st.lists(inner, min_size=2, max_size=4))
    ),
    max_leaves=30,
)


@given(ANNOTATIONS)
def test_annotations_are_taken_apart_and_put_together(text: str) -> None:
    assert flat(annotation(text)) == text


@given(st.lists(ANNOTATIONS, max_size=4), ANNOTATIONS, st.integers(0, 1))
def test_breaking_a_definition_changes_nothing(parameters: list[str], returns: str, depth: int) -> None:
    named = tuple(f"p{number}: {wanted}" for number, wanted in enumerate(parameters))
    text = definition_statement("name", named, returns, depth)
    body = f"{text} ..." if depth == 0 else f"class A:\n{text} ..."
    expected = f"def name({', '.join(named)}) -> {returns}: ..."
    (node,) = ast.parse(body).body
    found = node.body[0] if isinstance(node, ast.ClassDef) else node
    assert ast.dump(found) == ast.dump(ast.parse(expected).body[0])


@given(ANNOTATIONS, EXPRESSIONS)
def test_breaking_an_annotated_assignment_changes_nothing(wanted: str, value: Expression) -> None:
    text = annotated_statement("name", wanted, value)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(f"name: {wanted} = {flat(value)}"))
