"""What one comparison knows and collects. What is compared with what is left to the other modules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.changes import Change, Subject, Travel
from elastic_hal.codegen.diffing.equality import Equality
from elastic_hal.codegen.diffing.owners import Key, Owners
from elastic_hal.codegen.diffing.reasons import reason
from elastic_hal.codegen.diffing.rules import Bump, Role, Rule, broken_sides, needed_bump
from elastic_hal.codegen.diffing.travels import Roles, Travels, collect_roles, collect_travels, roles_of


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the package: the path, the positions that it has in worlds, the features that it stands behind."""

    path: tuple[str, ...]
    roles: frozenset[Role]
    old_feature: str | None = None
    new_feature: str | None = None

    def at(self, step: str) -> Location:
        """A place in this one that has no gate of its own."""
        return replace(self, path=(*self.path, step))

    def behind(self, step: str, old: model.Stability, new: model.Stability) -> Location:
        """A place in this one, behind its own gates in the two versions."""
        return Location(
            (*self.path, step), self.roles, self.old_feature or feature_of(old), self.new_feature or feature_of(new)
        )


def feature_of(stability: model.Stability) -> str | None:
    """The feature of `@unstable`."""
    return stability.feature if isinstance(stability, model.Unstable) else None


class Run:
    """One comparison: what is known about both versions, and the changes found so far."""

    def __init__(self, old: model.Package, new: model.Package) -> None:
        old_owners, new_owners = Owners(old), Owners(new)
        self.equality = Equality(old_owners, new_owners)
        self.changes: list[Change] = []
        self._owners = new_owners, old_owners
        self._roles: Roles = {}
        self._travels: Travels = {}
        for package in (old, new):
            collect_roles(package, self._roles)
        collect_travels(old, old_owners, self._roles, self._travels)
        collect_travels(new, new_owners, self._roles, self._travels)

    def roles(self, interface: str) -> frozenset[Role]:
        """The positions that an interface of the package has in its worlds."""
        return roles_of(interface, self._roles)

    def travels(self, *types: model.TypeDef) -> frozenset[Travel]:
        """Which way values of a type go in either version; none where no function of the package uses it."""
        keys: set[Key | None] = {owners.key(type) for type in types for owners in self._owners}
        return frozenset(travel for key in keys if key is not None for travel in self._travels.get(key, ()))

    def report(
        self,
        rule: Rule,
        location: Location,
        old: Subject | None,
        new: Subject | None,
        travels: frozenset[Travel] = frozenset(),
    ) -> None:
        """Adds a change. What was unstable before, or is new and unstable, breaks no promise."""
        feature = location.new_feature if old is None else location.old_feature
        if feature is not None:
            why = f"{rule.summary}; it stands behind `@unstable(feature = {feature})`, for which nothing is promised"
            change = Change(rule, location.path, old, new, frozenset(), Bump.PATCH, why, travels, feature)
        else:
            breaks = broken_sides(rule, location.roles)
            why = reason(rule, location.roles, travels)
            change = Change(rule, location.path, old, new, breaks, needed_bump(rule, breaks), why, travels)
        self.changes.append(change)
