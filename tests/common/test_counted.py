"""Numbers with their nouns."""

import pytest

from elastic_hal.common.text import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 packages"), (1, "1 package"), (2, "2 packages"), (1_000_000, "1000000 packages")]
)
def test_the_noun_agrees(number: int, text: str) -> None:
    assert counted(number, "package") == text


def test_a_plural_of_another_form() -> None:
    assert (counted(1, "entry", "entries"), counted(3, "entry", "entries")) == ("1 entry", "3 entries")
