from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.conformance.expression import ExpressionError, compile_expression

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
