"""Identifiers made of WIT names."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.naming import (
    ClassName,
    Identifier,
    Scope,
    SnakeName,
    case_class,
    package_folder,
    pascal,
    private,
    snake,
    upper,
)

FIRST = st.from_regex(r"[a-z][a-z0-9]{0,5}|[A-Z][A-Z0-9]{0,5}", fullmatch=True)
WORD = st.from_regex(r"[a-z0-9]{1,6}|[A-Z0-9]{1,6}", fullmatch=True)
WIT_NAME = st.builds(lambda first, rest: "-".join([first, *rest]), FIRST, st.lists(WORD, max_size=4))


@pytest.mark.parametrize(
    ("wit", "as_snake", "as_pascal", "as_upper"),
    [
        ("key", "key", "Key", "KEY"),
        ("aes-128-gcm", "aes_128_gcm", "Aes128Gcm", "AES_128_GCM"),
        ("sha3-256", "sha3_256", "Sha3256", "SHA3_256"),
        ("get-URL", "get_url", "GetUrl", "GET_URL"),
        ("from", "from_", "From", "FROM"),
        ("none", "none", "None_", "NONE"),
        ("true", "true", "True_", "TRUE"),
        ("list", "list", "List", "LIST"),
        ("match", "match", "Match", "MATCH"),
    ],
)
def test_examples(wit: str, as_snake: str, as_pascal: str, as_upper: str) -> None:
    assert (snake(wit), pascal(wit), upper(wit)) == (as_snake, as_pascal, as_upper)


def test_composed_names() -> None:
    assert case_class(pascal("key-algorithm"), "none") == "KeyAlgorithm_None"
    assert private("codec", "key-type") == "_codec_key_type"
    assert package_folder("elastic", "hal") == "elastic_hal"
    assert package_folder("elastic", "hal", "0.2.0-rc.1+b7") == "elastic_hal_0_2_0_rc_1_b7"


@given(WIT_NAME)
def test_every_wit_name_gives_identifiers(wit: str) -> None:
    for name in (snake(wit), pascal(wit), upper(wit), private("codec", wit), case_class(ClassName("V"), wit)):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
    assert not snake(wit).startswith("_")


@given(st.lists(WIT_NAME, unique_by=str.lower))
def test_snake_case_keeps_different_names_apart(names: list[str]) -> None:
    assert len({snake(name) for name in names}) == len(names)


@given(st.lists(WIT_NAME))
def test_a_scope_hands_a_name_out_once(names: list[str]) -> None:
    scope = Scope(("Taken",))
    claimed = [scope.claim(pascal(name)) for name in names]
    assert len({*claimed, "Taken"}) == len(claimed) + 1
    assert all(isinstance(name, ClassName) for name in claimed)


@pytest.mark.parametrize("text", ["", "a-b", "1a", "class", "a b", "a\n"])
def test_a_raw_name_is_no_identifier(text: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        Identifier(text)


def test_a_scope_appends_underscores() -> None:
    scope = Scope()
    assert [scope.claim(SnakeName("a")) for _ in range(3)] == ["a", "a_", "a__"]
