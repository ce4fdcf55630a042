"""Says why a change breaks someone, in sentences for the person who made it."""

from __future__ import annotations

from collections.abc import Set

from elastic_hal.codegen.diffing.changes import Travel
from elastic_hal.codegen.diffing.rules import Effect, Role, Rule, Side

_OBLIGES = {
    Role.IMPORT: "guests made for the new version ask for it, and hosts made for the old one do not provide it",
    Role.EXPORT: "hosts made for the new version call it, and guests made for the old one do not export it",
}
_TAKES = {
    Role.IMPORT: "guests made for the old version ask for it, and hosts made for the new one do not provide it",
    Role.EXPORT: "hosts made for the old version call it, and guests made for the new one do not export it",
}
LINKING = "types are compared exactly when a component is linked, so that old and new do not fit in either direction"
"""Why any change of a type breaks both sides."""

_APART = {
    Rule.WORLD_REMOVED: "what was made for the world has nothing to be built against or loaded as",
    Rule.IMPORT_CHANGED: "old and new mean different things by the name, so that they do not fit in either direction",
    Rule.EXPORT_CHANGED: "old and new mean different things by the name, so that they do not fit in either direction",
    Rule.FUNCTION_KIND_CHANGED: "its name in a component says which kind it is, so that neither side finds the other's",
    Rule.EXTERNAL_ID_CHANGED: "linking ignores the id, but who picks what to provide by it picks something else",
}
_APPEARS = {Rule.CASE_ADDED: "old", Rule.FLAG_ADDED: "old", Rule.CASE_REMOVED: "new", Rule.FLAG_REMOVED: "new"}
"""Where values can be met that one side does not know: the version of the side that does not."""


def reason(rule: Rule, roles: Set[Role], travels: Set[Travel]) -> str:
    """Why the change breaks whom it breaks; for one that breaks nobody, why it does not."""
    match rule.value.effect:
        case Effect.NOTHING:
            return rule.summary
        case Effect.OBLIGES:
            return _joined(rule.summary, [_OBLIGES[role] for role in Role if role in roles])
        case Effect.TAKES:
            return _joined(rule.summary, [_TAKES[role] for role in Role if role in roles])
        case Effect.MISMATCH:
            return _joined(rule.summary, [*_unknown_values(rule, travels), _APART.get(rule, LINKING)])


def _unknown_values(rule: Rule, travels: Set[Travel]) -> list[str]:
    version = _APPEARS.get(rule)
    if version is None:
        return []
    readers = [
        side.value
        for side, travel in ((Side.HOSTS, Travel.TO_HOSTS), (Side.GUESTS, Travel.TO_GUESTS))
        if travel in travels
    ]
    if not readers:
        return []
    return [f"{' and '.join(readers)} made for the {version} version may be given it and do not know it"]


def _joined(summary: str, sentences: list[str]) -> str:
    return "; ".join([summary, *sentences])
