from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance.expression import (
    ExpressionError,
    UnknownCaseError,
    any_of,
    case_words,
    compile_expression,
    exact_ids,
)

WORDS = ("elastic:hal/crypto@0.2.0", "hash-known-abc", "hash", "CRY-6", "SHA-256 of abc")


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("hash", True),
        ("HASH and cry-6", True),
        ("sign", False),
        ("not sign", True),
        ("sign or hash", True),
        ("sign or hash and nothing", False),
        ("(sign or hash) and not (verify or mac)", True),
        ("not not hash", True),
        ("elastic:hal/crypto@0.2.0", True),
        ("(hash)", True),
    ],
)
def test_selection(text: str, selected: bool) -> None:
    assert compile_expression(text)(WORDS) is selected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("hash and", "ends where a word"),
        ("and hash", "'and' at column 1"),
        ("(hash", "closing parenthesis"),
        ("hash)", "')' at column 5"),
        ("hash sign", "'sign' at column 6"),
        ("(" * 500 + "a" + ")" * 500, "nested too deeply"),
        ("not " * 500 + "a", "nested too deeply"),
    ],
)
def test_a_wrong_selection_says_where(text: str, part: str) -> None:
    with pytest.raises(ExpressionError, match=part.replace("(", r"\(").replace(")", r"\)")):
        compile_expression(text)


@given(st.text(max_size=60))
def test_any_text_selects_or_is_refused(text: str) -> None:
    try:
        predicate = compile_expression(text)
    except ExpressionError:
        return
    assert predicate(WORDS) in {True, False}


def case(name: str) -> SuiteCase:
    return SuiteCase(name, f"the title of {name}", "file", (), (), (), ("hash",))


CASES = [("a:b/c@1.0.0", case(name)) for name in ("hash", "hash-abc", "mac")] + [("a:b/d@1.0.0", case("mac"))]


def chosen(text: str | None) -> list[tuple[str, str]]:
    assert text is not None
    predicate = compile_expression(text)
    return [(interface, item.id) for interface, item in CASES if predicate(case_words(interface, item))]


@pytest.mark.parametrize("name", ["hash", "a:b/c@1.0.0#hash"])
def test_a_case_named_exactly_is_the_only_one(name: str) -> None:
    assert chosen(any_of([], exact_ids([name], CASES))) == [("a:b/c@1.0.0", "hash")]


def test_selections_add_up() -> None:
    assert len(chosen(any_of(["abc", "d@1"]))) == 2
    assert chosen(any_of(["abc", "hash-abc"])) == [("a:b/c@1.0.0", "hash-abc")]
    assert len(chosen(any_of(["abc and nothing", "not hash-abc and mac"]))) == 2
    assert len(chosen(any_of(["abc"], exact_ids(["a:b/d@1.0.0#mac", "hash"], CASES)))) == 3
    assert any_of(["hash"]) == "hash"
    assert any_of([]) is None


@pytest.mark.parametrize("parts", [["a) or (b"], ["a", ""], ["a", "b and"], ["(a", "b)"]])
def test_each_selection_has_to_be_one_by_itself(parts: list[str]) -> None:
    with pytest.raises(ExpressionError):
        any_of(parts)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("hash-abd", "there is no case 'hash-abd'", "did you mean hash-abc"),
        ("a:b/c@1.0.0#mak", "there is no case", "a:b/c@1.0.0#mac"),
        ("HASH", "there is no case", ""),
        ("", "there is no case ''", "list"),
        ("mac", "2 cases have the id 'mac'", "a:b/c@1.0.0#mac, a:b/d@1.0.0#mac"),
        ("hash) or (mac", "there is no case", ""),
        ("x\n\x1b[2J", "there is no case", "list"),
    ],
)
def test_a_case_that_is_not_there_is_an_error_with_a_hint(name: str, message: str, hint: str) -> None:
    with pytest.raises(UnknownCaseError) as raised:
        exact_ids([name], CASES)
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert hint in raised.value.hint
