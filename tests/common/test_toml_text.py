"""TOML texts that would take too long, and that everything else is read as before."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.common.toml_text import MAX_DEPTH, MAX_KEY_PARTS, TomlError, parse_toml

MANY = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * MANY + " = 1",
        '"a"' + '."a"' * MANY + " = 1",
        "a" + " . a" * MANY + " = 1",
        "[" + "a." * MANY + "a]",
        "[[" + "a." * MANY + "a]]",
        "x = { " + "a." * MANY + "a = 1 }",
        "x = { y = 1, " + "a." * MANY + "a = 1 }",
        "x = [1, { " + "a." * MANY + "a = 1 }]",
        "'''" + "x" * 10 + "'''" + ".a" * MANY + " = 1",
    ],
)
def test_refuses_keys_of_many_parts(text: str) -> None:
    with pytest.raises(TomlError, match="a key of over 16 parts"):
        parse_toml(text)


@pytest.mark.parametrize("text", ["a = " + "[" * MANY, "a = " + "{a = " * MANY, "a = " + "[{a = " * MANY])
def test_refuses_deep_nesting(text: str) -> None:
    with pytest.raises(TomlError, match="nested more than 64 deep"):
        parse_toml(text)


@pytest.mark.parametrize(
    "text", ['a = "' + '\\"' * MANY, "a = '''" + "''x" * MANY, 'a = """' + '""x' * MANY, '"' * MANY]
)
def test_strings_without_end_are_refused_as_ever(text: str) -> None:
    with pytest.raises(TomlError):
        parse_toml(text)


def test_reads_what_is_at_the_bounds() -> None:
    key = ".".join("a" * MAX_KEY_PARTS)
    assert parse_toml(f"{key} = 1") == tomllib.loads(f"{key} = 1")
    nested = "a = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_toml(nested) == tomllib.loads(nested)


def test_dots_and_brackets_in_strings_and_comments_do_not_count() -> None:
    inside = "." * 100 + "[{" * 100
    text = f"""# {inside}
a = "{inside}"
b = '{inside}'
c = \"\"\"
{inside}\\" ""
\"\"\"
d = '''
{inside} ''
'''
"{inside}" = 1.5
e = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0]
f = [
  1.0, # {inside}
  2.0,
]
"""
    assert parse_toml(text) == tomllib.loads(text)


@given(st.text(alphabet="ab.\"'[]{}=,#\\\n 1", max_size=60))
def test_reads_short_texts_as_the_parser_does(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(TomlError):
            parse_toml(text)
        return
    try:
        assert parse_toml(text) == expected
    except TomlError as error:
        assert any(said in str(error) for said in ("a key of over", "outside of the 64 bits"))  # noqa: PT017


@pytest.mark.parametrize(
    "number",
    ["0x" + "f" * 9000, "0b1" + "0" * 64, str(2**63), str(-(2**63) - 1), f"[1, {{ deep = [0o{'7' * 31}] }}]"],
)
def test_refuses_integers_outside_of_64_bits(number: str) -> None:
    with pytest.raises(TomlError, match="outside of the 64 bits"):
        parse_toml(f"number = {number}")


def test_takes_the_largest_and_smallest_integers() -> None:
    assert parse_toml(f"a = {2**63 - 1}\nb = [{-(2**63)}]") == {"a": 2**63 - 1, "b": [-(2**63)]}
