"""The lint about types that nothing needs."""

from __future__ import annotations

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.lints.items import Item, items_of, type_expressions
from elastic_hal.codegen.resolve.context import Unit
from elastic_hal.codegen.resolve.types import names_in_expression
from elastic_hal.codegen.syntax.ast import Token


def find_unused_types(unit: Unit) -> None:
    """Warns of types, declared or brought in, to which nothing in the package refers.

    A package without any function is a vocabulary for others, and nothing in it counts as unused.
    """
    items = list(items_of(unit))
    if not any(item.function is not None for item in items):
        return
    needed = _needed_names(items, unit)
    for item in items:
        # A resource with functions is of use to other packages, whose functions may give it.
        is_type = item.type is not None and not item.type.functions
        if is_type and (item.home, item.name.text) not in needed:
            _warn(item, item.name, f"the {item.label} `{item.name.text}` is not used by any function or type")
        for used in () if item.used is None else item.used.names:
            if (item.home, used.local.text) not in needed:
                _warn(item, used.local, f"the type `{used.local.text}` is brought in here, and not used")


def _warn(item: Item, name: Token, message: str) -> None:
    item.warn(Code.UNUSED_TYPE, message, name, [Note("remove it, or let a function take or return it")])


def _needed_names(items: list[Item], unit: Unit) -> set[tuple[int, str]]:
    """Names that something refers to, each with the number of the interface or world that it belongs to."""
    homes: dict[str, int] = {}
    for item in items:
        if item.label in {"interface", "world"}:
            homes[item.name.text] = item.home
    needed: set[tuple[int, str]] = set()
    for item in items:
        for _, expression in type_expressions(item):
            needed.update((item.home, name) for name in names_in_expression(expression))
        if item.used is not None:
            source = _home_of_path(item, homes, unit)
            needed.update((source, used.name.text) for used in item.used.names if source is not None)
    return needed


def _home_of_path(item: Item, homes: dict[str, int], unit: Unit) -> int | None:
    """The number of the interface that a `use` takes from; None where it is another package's."""
    path = item.used.path if item.used is not None else None
    if path is None or path.package is not None:
        return None
    bound = item.scope.names.get(path.name.text)
    if bound is None:
        return homes.get(path.name.text)
    return homes.get(bound.name.text) if bound.scope.unit is unit else None
