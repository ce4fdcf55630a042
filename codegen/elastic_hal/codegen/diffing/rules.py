"""The kinds of change, and what each means for whoever was made for the old version.

Two sides meet at a contract. For what a world imports, hosts provide and guests consume; for what it exports, guests
provide and hosts consume. What is added obliges those who provide, what is removed is missed by those who consume, and
what is changed fits neither: the component model compares the types of functions exactly when components are linked.
"""

from __future__ import annotations

import enum
from collections.abc import Set
from dataclasses import dataclass


class Side(enum.Enum):
    """Who can be broken by a change."""

    HOSTS = "hosts"
    GUESTS = "guests"


class Role(enum.Enum):
    """The position of an item in a world."""

    IMPORT = "import"
    EXPORT = "export"

    @property
    def provider(self) -> Side:
        """Who has to have the item."""
        return Side.HOSTS if self is Role.IMPORT else Side.GUESTS

    @property
    def consumer(self) -> Side:
        """Who relies on the item being there."""
        return Side.GUESTS if self is Role.IMPORT else Side.HOSTS


class Bump(enum.IntEnum):
    """The part of a semantic version that must go up, for versions from 1.0.0 on."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Effect(enum.Enum):
    """What a change does to the two sides."""

    NOTHING = "nothing"
    OBLIGES = "obliges who provides it"
    TAKES = "takes it from who consumes it"
    MISMATCH = "makes the two sides differ"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is to be known about a kind of change. `bump` holds where nobody is broken."""

    code: str
    effect: Effect
    summary: str
    bump: Bump = Bump.MINOR


def _adds(code: str, summary: str) -> Meaning:
    return Meaning(code, Effect.OBLIGES, summary)


def _takes(code: str, summary: str) -> Meaning:
    return Meaning(code, Effect.TAKES, summary)


def _alters(code: str, summary: str) -> Meaning:
    return Meaning(code, Effect.MISMATCH, summary)


def _harmless(code: str, summary: str, bump: Bump = Bump.PATCH) -> Meaning:
    return Meaning(code, Effect.NOTHING, summary, bump)


class Rule(enum.Enum):
    """Every kind of change, with its stable code."""

    INTERFACE_ADDED = _harmless("interface-added", "there is a new interface; no world asks for it by that", Bump.MINOR)
    INTERFACE_REMOVED = _takes("interface-removed", "the interface is gone")
    WORLD_ADDED = _harmless("world-added", "there is a new world; nothing was made for it yet", Bump.MINOR)
    WORLD_REMOVED = _alters("world-removed", "the world is gone")
    IMPORT_ADDED = _adds("import-added", "the world imports more")
    IMPORT_REMOVED = _takes("import-removed", "the world no longer imports it")
    IMPORT_CHANGED = _alters("import-changed", "something else is imported under the same name")
    EXPORT_ADDED = _adds("export-added", "the world asks guests for one more export")
    EXPORT_REMOVED = _takes("export-removed", "the world no longer exports it")
    EXPORT_CHANGED = _alters("export-changed", "something else is exported under the same name")
    DEPENDENCY_RAISED = _adds("dependency-raised", "a later, compatible version of another package is used")
    DEPENDENCY_LOWERED = _takes("dependency-lowered", "an earlier version of another package is used")
    TYPE_ADDED = _harmless("type-added", "there is a new type; only functions that use it would matter", Bump.MINOR)
    TYPE_REMOVED = _takes("type-removed", "the type is gone by that name")
    TYPE_CHANGED = _alters("type-changed", "the name stands for another type")
    RESOURCE_ADDED = _adds("resource-added", "there is a new resource")
    RESOURCE_REMOVED = _takes("resource-removed", "the resource is gone with its functions")
    FIELD_ADDED = _alters("field-added", "the record has one more field")
    FIELD_REMOVED = _alters("field-removed", "the record lost a field")
    FIELD_RENAMED = _alters("field-renamed", "a field has another name")
    FIELD_CHANGED = _alters("field-changed", "the field has another type")
    FIELDS_REORDERED = _alters("fields-reordered", "the fields stand in another order, and so they do in memory")
    CASE_ADDED = _alters("case-added", "there is one more case")
    CASE_REMOVED = _alters("case-removed", "a case is gone")
    CASE_RENAMED = _alters("case-renamed", "a case has another name")
    CASE_CHANGED = _alters("case-changed", "the case carries something else")
    CASES_REORDERED = _alters("cases-reordered", "the cases stand in another order, and their numbers follow it")
    FLAG_ADDED = _alters("flag-added", "there is one more flag")
    FLAG_REMOVED = _alters("flag-removed", "a flag is gone")
    FLAG_RENAMED = _alters("flag-renamed", "a flag has another name")
    FLAGS_REORDERED = _alters("flags-reordered", "the flags stand in another order, and their bits follow it")
    FUNCTION_ADDED = _adds("function-added", "there is a new function")
    FUNCTION_REMOVED = _takes("function-removed", "the function is gone")
    FUNCTION_KIND_CHANGED = _alters("function-kind-changed", "a method became static or the reverse")
    ASYNC_CHANGED = _alters("async-changed", "the function became asynchronous or the reverse")
    PARAMETER_ADDED = _alters("parameter-added", "the function takes one more parameter")
    PARAMETER_REMOVED = _alters("parameter-removed", "the function lost a parameter")
    PARAMETER_RENAMED = _alters("parameter-renamed", "a parameter has another name, which is part of the type")
    PARAMETER_CHANGED = _alters("parameter-changed", "the parameter has another type")
    PARAMETERS_REORDERED = _alters("parameters-reordered", "the parameters stand in another order")
    RESULT_CHANGED = _alters("result-changed", "the function returns something else")
    EXTERNAL_ID_CHANGED = _alters("external-id-changed", "it is known outside by another id")
    STABILISED = _adds("stabilised", "it left `@unstable` and is promised from now on")
    WITHDRAWN = _takes("withdrawn", "it went behind `@unstable`, which promises nothing")
    FEATURE_RENAMED = _harmless("feature-renamed", "it stands behind another feature")
    SINCE_CHANGED = _harmless("since-changed", "`@since` was added, removed or changed")
    DEPRECATED = _harmless("deprecated", "it is deprecated from now on", Bump.MINOR)
    DEPRECATION_CHANGED = _harmless("deprecation-changed", "`@deprecated` was removed or has another version")
    DOCS_CHANGED = _harmless("docs-changed", "only the documentation differs")

    @property
    def code(self) -> str:
        """The stable code, such as `case-added`."""
        return self.value.code

    @property
    def summary(self) -> str:
        """What happened, as a phrase."""
        return self.value.summary


def broken_sides(rule: Rule, roles: Set[Role]) -> frozenset[Side]:
    """Who is broken by a change to something that stands in these positions."""
    match rule.value.effect:
        case Effect.NOTHING:
            return frozenset()
        case Effect.OBLIGES:
            return frozenset(role.provider for role in roles)
        case Effect.TAKES:
            return frozenset(role.consumer for role in roles)
        case Effect.MISMATCH:
            return frozenset(Side)


def needed_bump(rule: Rule, breaks: Set[Side]) -> Bump:
    """Providing more is what a minor version asks of hosts; whatever else breaks someone needs a major one."""
    if Side.GUESTS in breaks or (breaks and rule.value.effect is not Effect.OBLIGES):
        return Bump.MAJOR
    return Bump.MINOR if breaks else rule.value.bump
