"""Runs the steps of the resolution one after the other, from paths to the model."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.resolve.bodies import resolve_interface
from elastic_hal.codegen.resolve.context import Context, Unit
from elastic_hal.codegen.resolve.files import Group, dependency_folders, read_groups
from elastic_hal.codegen.resolve.lookup import Lookup
from elastic_hal.codegen.resolve.packages import gather_packages
from elastic_hal.codegen.resolve.worlds import resolve_world


def resolve_paths(paths: Sequence[Path], context: Context) -> model.Resolve | None:
    """The model of the packages at the paths; None where anything is wrong, which `context.diagnostics` then says."""
    with _without_garbage_collection():
        return resolve_groups(read_groups(paths, context.diagnostics), dependency_folders(paths), context)


def resolve_groups(groups: Sequence[Group], folders: list[Path], context: Context) -> model.Resolve | None:
    """The model of groups of files. `folders` are named in messages about packages that are not there."""
    context.is_complete = all(group.is_complete for group in groups)
    units, main = gather_packages(groups, context)
    context.main = main
    lookup = Lookup(units, folders, context)
    lookup.bring_in_top_level_uses()
    packages = lookup.packages_in_order()
    for unit in packages:
        _resolve_unit(unit, lookup)
    if main is None or context.diagnostics.has_errors:
        return None
    return model.Resolve([unit.package for unit in packages], main.package)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Syntax trees and models make very many objects and next to no cycles; looking for some would double the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _resolve_unit(unit: Unit, lookup: Lookup) -> None:
    order = lookup.declarations_in_order(unit)
    for declaration in order:
        if declaration.is_world:
            resolve_world(declaration, lookup)
        else:
            resolve_interface(declaration, lookup)
        declaration.is_resolved = True
    for declaration in unit.declarations.values():
        if not declaration.included:
            continue
        if declaration.interface is not None:
            unit.package.interfaces[declaration.name.text] = declaration.interface
        elif declaration.world is not None:
            unit.package.worlds[declaration.name.text] = declaration.world
