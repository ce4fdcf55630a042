"""Cases as the module that a guest carries them in: packed, for `interpreter/packed.py` to read one at a time."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from elastic_hal.codegen.targets.layout import call, statement, string, tuple_of
from elastic_hal.codegen.targets.suite.cases import CallStep, DropStep, Neutral, Step, SuiteCase

CHARACTERS_IN_PART = 100


def cases_module(header: str, cases: Sequence[SuiteCase]) -> str:
    """The text of the guest's `cases.py`."""
    packed_cases = (call("PackedCase", string(case.id), *map(string, packed(_steps(case)))) for case in cases)
    lines = [
        header,
        '"""The cases of this guest, each as `PackedCase` unpacks it."""',
        "",
        "from __future__ import annotations",
        "",
        "from interpreter.packed import PackedCase",
        "",
        statement("CASES: tuple[PackedCase, ...] = ", tuple_of(*packed_cases)),
    ]
    return "\n".join(lines) + "\n"


def packed(value: Neutral) -> list[str]:
    """A neutral value as the parts that `interpreter.packed.unpacked` takes."""
    text = json.dumps(_plain(value), separators=(",", ":"))
    letters = base64.b85encode(zlib.compress(text.encode(), level=9)).decode("ascii")
    return [letters[start : start + CHARACTERS_IN_PART] for start in range(0, len(letters), CHARACTERS_IN_PART)]


def _plain(value: Neutral) -> Any:
    """The value as JSON data; `interpreter/packed.py` says how bytes, tuples and dictionaries are told apart."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [_plain(item) for item in value]
        case tuple():
            return {"tuple": [_plain(item) for item in value]}
        case dict():
            return {"dict": {name: _plain(item) for name, item in value.items()}}
    raise TypeError(f"{type(value).__name__} is not neutral")


def _steps(case: SuiteCase) -> list[Neutral]:
    return [_step(step) for step in case.steps]


def _step(step: Step) -> dict[str, Neutral]:
    match step:
        case CallStep():
            return {
                "do": "call",
                "function": f"{step.interface}#{step.function}",
                "args": list(step.arguments),
                "expect": step.expect if step.expect is not None else ("ok", ("any",)),
                "bind": step.bind,
                "repeat": step.repeat,
            }
        case DropStep():
            return {"do": "drop", "value": step.value}
        case _:
            return {"do": "check", "value": step.value, "is": step.matcher}
