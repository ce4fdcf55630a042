"""An appraisal as a table for people: what was checked, what was found, what was expected, and the verdict."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from elastic_hal.common.text import MAX_MESSAGE, shown

if TYPE_CHECKING:
    from elastic_hal.reference_impl.verify import Appraisal, Check

_MARKS = {"pass": "✓", "fail": "✗", "not-checked": "·"}
_COLUMN = 42
_LONG_DIGITS = re.compile(r"([0-9a-f]{10})[0-9a-f]{20,}([0-9a-f]{8})")


def appraisal_table(appraisal: Appraisal) -> Iterator[str]:
    """The lines of the table. Long digests are shortened here; JSON has them whole."""
    width = max(len(check.name) for check in appraisal.checks)
    yield f"  {'check':<{width}}  {'value':<{_COLUMN}}  {'expected':<{_COLUMN}}  verdict"
    for check in appraisal.checks:
        yield from _row(check, width)


def _row(check: Check, width: int) -> Iterator[str]:
    """One check: as many lines as its cells need, then the remark, where there is one."""
    verdict = check.verdict.value
    unchecked = verdict == "not-checked" and not check.expected
    expected = f"({check.detail})" if unchecked and check.detail else check.expected
    cells = itertools.zip_longest(_wrapped(check.value), _wrapped(expected), fillvalue="")
    for number, (value, wanted) in enumerate(cells):
        mark, name, last = (_MARKS[verdict], check.name, verdict) if number == 0 else (" ", "", "")
        yield f"{mark} {name:<{width}}  {value:<{_COLUMN}}  {wanted:<{_COLUMN}}  {last}".rstrip()
    if check.detail and not unchecked:
        yield f"  {'':<{width}}  → {_shortened(check.detail)}"


def _wrapped(text: str | None) -> list[str]:
    return textwrap.wrap(shown(_shortened(text or ""), MAX_MESSAGE), _COLUMN) or [""]


def _shortened(text: str) -> str:
    return _LONG_DIGITS.sub(r"\1…\2", text)
