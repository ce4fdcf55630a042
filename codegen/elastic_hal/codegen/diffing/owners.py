"""Gives the types of a package names that hold in both of its versions, whatever the versions are."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.versions import track

Key = tuple[str, ...]


class Owners:
    """Where each named type of one version of the package stands."""

    def __init__(self, package: model.Package) -> None:
        self._package = package
        self._keys: dict[model.Interface | model.World, Key] = {}
        for interface in package.interfaces.values():
            self._keys[interface] = ("interface", interface.name or "")
        for world in package.worlds.values():
            self._keys[world] = ("world", world.name)
            for direction, items in (("import", world.imports), ("export", world.exports)):
                for label, item in items.items():
                    if isinstance(item, model.InterfaceItem) and item.interface.name is None:
                        self._keys[item.interface] = ("world", world.name, direction, label)

    def key(self, type: model.Type | None) -> Key | None:
        """The name of a type that this package declares or brings in; None for any other type."""
        if not isinstance(type, model.TypeDef) or type.name is None or type.owner is None:
            return None
        owner = self._keys.get(type.owner)
        return None if owner is None else (*owner, type.name)

    def identity(self, resource: model.TypeDef) -> Key:
        """What makes a resource the same as one of the other version."""
        own = self.key(resource)
        if own is not None:
            return own
        owner = resource.owner
        if owner is None:
            return (resource.name or "",)
        package = owner.package.name
        return package.namespace, package.name, track(package.version), owner.name or "", resource.name or ""


def resolved(type: model.Type | None) -> model.Type | None:
    """A type without its aliases."""
    while isinstance(type, model.TypeDef) and isinstance(type.kind, model.Alias):
        type = type.kind.target
    return type
