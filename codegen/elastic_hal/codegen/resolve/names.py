"""The names of one scope, and which of them conflict."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.context import Scope
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.syntax.ast import Token

MAX_CANDIDATES = 500
"""Names among which a similar one is looked for; more would take too long."""

MAX_PATH = 8
"""Names of a cycle that are shown."""


class NameTable:
    """Names in the spelling of the canonical ABI, such as `[method]file.read`.

    Letter case and hyphens make no difference, a method and a static function of one resource share their names, and
    neither may be called like the resource.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._seen: dict[str, tuple[str, Span]] = {}

    def add(self, name: str, token: Token) -> bool:
        """Takes a name; False, reported, where it is taken already."""
        span = self._scope.span(token)
        earlier, place = self._seen.setdefault(_key(name), (name, span))
        if place is span:
            return True
        problem = "is declared twice" if earlier == name else f"conflicts with `{earlier}`"
        self._scope.error(
            Code.DUPLICATE_NAME, f"`{name}` {problem}", token, [Note(f"`{earlier}` is declared here", place)]
        )
        return False


def _key(name: str) -> str:
    if not name.startswith("["):
        return comparable(name)
    kind, _, rest = name[1:].partition("]")
    if kind == "constructor":
        return f"[constructor]{comparable(rest)}"
    resource, _, function = rest.partition(".")
    key = comparable(resource)
    return key if key == comparable(function) else f"{key}.{comparable(function)}"


def comparable(name: str) -> str:
    """A name without what languages may lose of it; two names of one scope must differ in more than that."""
    return name.lower().replace("-", "")


def close_names(wanted: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?` for a name that is nearly one of the candidates, else nothing."""
    similar = sorted(name for name in set(candidates) if abs(len(name) - len(wanted)) <= len(wanted) // 3 + 1)
    found = difflib.get_close_matches(wanted[:100], similar[:MAX_CANDIDATES], n=1, cutoff=0.7)
    return f"; did you mean `{found[0]}`?" if found else ""


def cycle_path(names: Sequence[str]) -> str:
    """`a` → `b` → `a`, the middle of a long one left out."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > MAX_PATH:
        shown = [*shown[: MAX_PATH - 1], "…"]
    return " → ".join([*shown, f"`{names[0]}`"])
