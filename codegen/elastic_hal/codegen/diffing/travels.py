"""Finds out in which positions a world has an interface, and which way values of each type go in calls."""

from __future__ import annotations

from collections.abc import Iterator

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.changes import Travel
from elastic_hal.codegen.diffing.owners import Key, Owners
from elastic_hal.codegen.diffing.rules import Role
from elastic_hal.codegen.kinds import parts_of

Roles = dict[str, set[Role]]
Travels = dict[Key, set[Travel]]

_IMPORTED = frozenset({Role.IMPORT})


def collect_roles(package: model.Package, roles: Roles) -> None:
    """Adds the positions in which the worlds of a package have its own interfaces."""
    for world in package.worlds.values():
        for role, items in ((Role.IMPORT, world.imports), (Role.EXPORT, world.exports)):
            for item in items.values():
                if isinstance(item, model.InterfaceItem) and item.interface.package is package and item.interface.name:
                    roles.setdefault(item.interface.name, set()).add(role)


def roles_of(name: str, roles: Roles) -> frozenset[Role]:
    """The positions of an interface. One that no world of its package has is there for other packages to import."""
    return frozenset(roles.get(name) or _IMPORTED)


def collect_travels(package: model.Package, owners: Owners, roles: Roles, travels: Travels) -> None:
    """Adds which way values of the package's types go: into hosts, into guests or both."""
    waiting = [
        (type, travel)
        for function, role in _functions(package, roles)
        for type, travel in _values(function, role)
        if isinstance(type, model.TypeDef)
    ]
    seen: set[tuple[model.TypeDef, Travel]] = set()
    while waiting:
        type, travel = waiting.pop()
        if (type, travel) in seen:
            continue
        seen.add((type, travel))
        key = owners.key(type)
        if key is not None:
            travels.setdefault(key, set()).add(travel)
        waiting += [(part, travel) for part in parts_of(type.kind) if isinstance(part, model.TypeDef)]


def _functions(package: model.Package, roles: Roles) -> Iterator[tuple[model.Function, Role]]:
    for name, interface in package.interfaces.items():
        for role in roles_of(name, roles):
            yield from ((function, role) for function in interface.functions.values())
    for world in package.worlds.values():
        for role, items in ((Role.IMPORT, world.imports), (Role.EXPORT, world.exports)):
            for item in items.values():
                if isinstance(item, model.FunctionItem):
                    yield item.function, role
                elif isinstance(item, model.InterfaceItem) and item.interface.name is None:
                    yield from ((function, role) for function in item.interface.functions.values())


def _values(function: model.Function, role: Role) -> Iterator[tuple[model.Type | None, Travel]]:
    into, back = Travel.TO_HOSTS, Travel.TO_GUESTS
    if role is Role.EXPORT:
        into, back = back, into
    yield from ((parameter.type, into) for parameter in function.parameters)
    yield function.result, back
