"""Cases as Python source, laid out as a formatter would: neutral values, steps, and the module that holds them."""

from __future__ import annotations

from collections.abc import Sequence

from elastic_hal.codegen.targets.layout import Bracket, Expression, call, flat, statement, string, tuple_of
from elastic_hal.codegen.targets.suite.cases import CallStep, DropStep, Neutral, Step, SuiteCase

DIGITS_IN_PART = 96
TEXT_IN_PART = 90


def cases_module(header: str, cases: Sequence[SuiteCase]) -> str:
    """The text of the guest's `cases.py`."""
    items = tuple(_dict(id=string(case.id), steps=_list(*(_step(step) for step in case.steps))) for case in cases)
    lines = [
        header,
        '"""The cases of this guest as data. Tuples are expressions and matchers, tagged by their first element."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Any",
        "",
        "",
        "def _hex(*parts: str) -> bytes:",
        '    return bytes.fromhex("".join(parts))',
        "",
        "",
        "def _text(*parts: str) -> str:",
        '    return "".join(parts)',
        "",
        "",
        statement("CASES: list[dict[str, Any]] = ", _list(*items)),
    ]
    return "\n".join(lines) + "\n"


def literal(value: Neutral) -> Expression:
    """A neutral value, expression or matcher as Python source."""
    match value:
        case None | bool() | int():
            return repr(value)
        case float():
            return repr(value)
        case str():
            return _text(value)
        case bytes():
            digits = value.hex()
            return call("_hex", *(string(part) for part in _parts(digits, DIGITS_IN_PART)))
        case list():
            return _list(*(literal(item) for item in value))
        case tuple() if len(value) == 1:
            # A key in front would hide from the layout that this is a tuple, and with it the comma that makes it one.
            return f"({flat(literal(value[0]))},)"
        case tuple():
            return tuple_of(*(literal(item) for item in value))
        case dict():
            return Bracket("{", tuple(_entry(name, literal(item)) for name, item in value.items()), "}")
    raise TypeError(f"{type(value).__name__} is not neutral")


def _text(value: str) -> Expression:
    if len(value) <= TEXT_IN_PART:
        return string(value)
    return call("_text", *(string(part) for part in _parts(value, TEXT_IN_PART)))


def _parts(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]


def _list(*items: Expression) -> Bracket:
    return Bracket("[", items, "]")


def _dict(**entries: Expression) -> Bracket:
    return Bracket("{", tuple(_entry(name, item) for name, item in entries.items()), "}")


def _entry(name: str, item: Expression) -> Expression:
    key = f"{string(name)}: "
    return Bracket(key + item.opening, item.items, item.closing) if isinstance(item, Bracket) else key + flat(item)


def _step(step: Step) -> Expression:
    if isinstance(step, CallStep):
        return _dict(
            do=string("call"),
            function=string(f"{step.interface}#{step.function}"),
            args=_list(*(literal(argument) for argument in step.arguments)),
            expect=literal(step.expect if step.expect is not None else ("ok", ("any",))),
            bind=literal(step.bind),
            repeat=literal(step.repeat),
        )
    if isinstance(step, DropStep):
        return _dict(do=string("drop"), value=literal(step.value))
    return Bracket(
        "{",
        (
            _entry("do", string("check")),
            _entry("value", literal(step.value)),
            _entry("is", literal(step.matcher)),
        ),
        "}",
    )
