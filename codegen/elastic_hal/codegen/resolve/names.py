"""The names of one scope, and which of them conflict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.accessors import check_setter
from elastic_hal.codegen.resolve.context import Scope
from elastic_hal.codegen.similarity import closest
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.syntax.ast import Token

MAX_CANDIDATES = 2000
"""Names among which a similar one is looked for; a text that declares more is not typed by hand."""

MAX_PATH = 8
"""Names of a cycle that are shown."""


class _Taken(NamedTuple):
    """A name that is taken, where, and by what."""

    name: str
    span: Span
    label: str


class NameTable:
    """Names in the spelling of the canonical ABI, such as `[method]file.read`.

    Letter case and hyphens make no difference, a method and a static function of one resource share their names, and
    neither may be called like the resource.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._seen: dict[str, _Taken] = {}

    def add(self, name: str, token: Token, label: str) -> bool:
        """Takes a name for what `label` says, such as `record`; False, reported, where it is taken already."""
        span = self._scope.span(token)
        earlier = self._seen.setdefault(_key(name), _Taken(name, span, label))
        if earlier.span is span:
            return True
        shown, first = name.rpartition("]")[2], earlier.name.rpartition("]")[2]
        notes = [Note(f"the {earlier.label} `{first}` is declared here", earlier.span)]
        if first != shown:
            message = f"the {label} `{shown}` conflicts with the {earlier.label} `{first}`"
        elif earlier.label == label:
            message = f"the {label} `{shown}` is declared twice"
        else:
            message = f"the {label} `{shown}` has the name of the {earlier.label} `{first}`"
            if "." not in shown:
                notes.append(Note(f"types and functions share one set of names; {_advice(shown, label)}"))
        self._scope.error(Code.DUPLICATE_NAME, message, token, notes)
        return False

    def check_setters(self) -> None:
        """Reports the setters among the names whose getter is not."""
        names = {taken.name for taken in self._seen.values()}
        for taken in self._seen.values():
            check_setter(taken.name, names, taken.span, self._scope.context.diagnostics)


def _advice(name: str, label: str) -> str:
    if label == "function":
        return f"call the function `get-{name}`, say"
    return "rename one of the two"


def _key(name: str) -> str:
    if not name.startswith("["):
        return comparable(name)
    marks, _, rest = name.rpartition("]")
    if marks == "[constructor":
        return f"[constructor]{comparable(rest)}"
    resource, _, function = rest.partition(".")
    key = comparable(resource)
    if key == comparable(function):
        return key
    # A setter stands beside its getter, whose name is that of a function.
    return ("[set]" if marks.endswith("[set") else "") + (f"{key}.{comparable(function)}" if function else key)


def comparable(name: str) -> str:
    """A name without what languages may lose of it; two names of one scope must differ in more than that."""
    return name.lower().replace("-", "")


def close_names(wanted: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?` for a name that is nearly one of the candidates, else nothing."""
    found = closest(wanted, islice(candidates, MAX_CANDIDATES))
    return f"; did you mean `{found}`?" if found else ""


def cycle_path(names: Sequence[str]) -> str:
    """`a` → `b` → `a`, the middle of a long one left out."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > MAX_PATH:
        shown = [*shown[: MAX_PATH - 1], "…"]
    return " → ".join([*shown, f"`{names[0]}`"])
