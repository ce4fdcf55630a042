"""Lints about what is said of items: doc comments, and since when they are there."""

from __future__ import annotations

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.lints.items import items_of
from elastic_hal.codegen.resolve.context import Unit


def find_missing_docs(unit: Unit) -> None:
    """Warns of interfaces, worlds, types and functions without a doc comment."""
    for item in items_of(unit):
        if item.used is None and not (item.lead.docs or "").strip():
            message = f"the {item.label} `{item.name.text}` has no doc comment"
            item.warn(Code.MISSING_DOCS, message, item.name, [Note("say what it is for: `/// …` on the line before")])


def find_missing_since(unit: Unit) -> None:
    """Warns of items without a gate in a package that has a version."""
    version = unit.name.version
    if version is None:
        return
    for item in items_of(unit):
        gates = {attribute.name.text for attribute in item.lead.attributes}
        if item.used is None and not gates & {"since", "unstable"}:
            message = f"the {item.label} `{item.name.text}` does not say since which version it is there"
            advice = f"put `@since(version = {version})` before it, or `@unstable(feature = …)`"
            item.warn(Code.MISSING_SINCE, message, item.name, [Note(advice)])
