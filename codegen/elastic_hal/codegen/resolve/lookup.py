"""Finds the interfaces and worlds that paths name, within a package, through top-level `use`, and in other packages.

Also tells in which order packages and their declarations can be resolved, and reports those that depend on themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Fix, Note
from elastic_hal.codegen.resolve.context import Context, Declaration, Scope, Unit
from elastic_hal.codegen.resolve.names import close_names, cycle_path
from elastic_hal.codegen.resolve.order import in_dependency_order
from elastic_hal.codegen.resolve.packages import Units, name_of_package, package_name
from elastic_hal.codegen.syntax import ast


class Lookup:
    """All packages of a run, and where they were looked for."""

    def __init__(self, units: Units, folders: list[Path], context: Context) -> None:
        self._units = units
        self._folders = folders
        self._context = context

    def bring_in_top_level_uses(self) -> None:
        """Binds the names of every top-level `use`; done once, before anything is looked up."""
        for unit in self._units.values():
            for scope in unit.scopes:
                for item in scope.items:
                    if isinstance(item, ast.TopUse):
                        self._bring_in(item, scope)

    def find(self, path: ast.UsePath, scope: Scope) -> Declaration | None:
        """What a path names; None, reported, where it names nothing."""
        if path.package is not None:
            return self._find_foreign(path, path.package, scope)
        name = path.name.text
        found = scope.names.get(name) or scope.unit.declarations.get(name)
        if found is None and not self._may_be_declared(name, scope.unit):
            known = [*scope.names, *scope.unit.declarations]
            message = f"there is no interface or world `{name}` in this package{close_names(name, known)}"
            scope.error(Code.UNKNOWN_NAME, message, path)
        return found

    def find_gated_interface(self, path: ast.UsePath, scope: Scope, included: bool) -> Declaration | None:
        """Like `find_interface`; behind a closed gate another package must be there, but need not have it."""
        if included or path.package is None:
            return self.find_interface(path, scope)
        unit = self.find_package(path.package, path, scope)
        found = None if unit is None else unit.declarations.get(path.name.text)
        return None if found is None or found.is_world else found

    def find_package(self, package: ast.PackageId, path: ast.UsePath, scope: Scope) -> Unit | None:
        """The package that a path names; None, reported, where there is none."""
        name = package_name(package, scope.file, self._context)
        if name not in self._units and self._context.is_complete:
            self._report_unknown_package(name, path, scope)
        return self._units.get(name)

    def find_interface(self, path: ast.UsePath, scope: Scope) -> Declaration | None:
        """The interface that a path names; None, reported, where it names none."""
        return self._of_kind(self.find(path, scope), path, scope, world=False)

    def find_world(self, path: ast.UsePath, scope: Scope) -> Declaration | None:
        """The world that a path names; None, reported, where it names none."""
        return self._of_kind(self.find(path, scope), path, scope, world=True)

    def packages_in_order(self) -> list[Unit]:
        """Packages with dependencies first. Cycles are reported."""
        order, cycles = in_dependency_order(self._units.values(), self._needed_packages)
        for cycle in cycles:
            self._report_package_cycle(cycle)
        return order

    def declarations_in_order(self, unit: Unit) -> list[Declaration]:
        """A package's interfaces and worlds with dependencies first. Cycles are reported."""
        order, cycles = in_dependency_order(
            unit.declarations.values(), lambda declaration: _needed_declarations(declaration, unit)
        )
        for cycle in cycles:
            message = f"`{cycle[0].name.text}` depends on itself: {cycle_path([one.name.text for one in cycle])}"
            notes = [one.scope.note(f"`{one.name.text}` is declared here", one.name) for one in cycle[1:6]]
            self._context.diagnostics.error(Code.CYCLE, message, cycle[0].scope.span(cycle[0].name), notes)
        return order

    def _of_kind(self, found: Declaration | None, path: ast.UsePath, scope: Scope, world: bool) -> Declaration | None:
        if found is None or found.is_world == world:
            return found
        message = f"`{path.name.text}` is {found.label}, not {'a world' if world else 'an interface'}"
        note = found.scope.note("it is declared here", found.name)
        scope.error(Code.WRONG_KIND, message, path, [note])
        return None

    def _find_foreign(self, path: ast.UsePath, package: ast.PackageId, scope: Scope) -> Declaration | None:
        unit = self.find_package(package, path, scope)
        if unit is None:
            return None
        found = unit.declarations.get(path.name.text)
        if found is None and not self._may_be_declared(path.name.text, unit):
            close = close_names(path.name.text, unit.declarations)
            message = f"the package `{unit.name}` has no interface or world `{path.name.text}`{close}"
            note = Note("the package is declared here", unit.span)
            scope.error(Code.UNKNOWN_NAME, message, path.name, [note])
        return found

    def _may_be_declared(self, name: str, unit: Unit) -> bool:
        """Whether nothing is to be said about a name: it may stand in what could not be read, or enough was said."""
        if not self._context.is_complete or self._context.diagnostics.is_full:
            return True
        return any(name in scope.broken for scope in unit.scopes)

    def _report_unknown_package(self, name: model.PackageName, path: ast.UsePath, scope: Scope) -> None:
        notes: list[Note] = []
        others = [other for other in self._units if (other.namespace, other.name) == (name.namespace, name.name)]
        close = ""
        if others:
            known = ", ".join(f"`{other}`" for other in others)
            notes.append(Note(f"this package is there as {known}"))
        else:
            close = close_names(f"{name.namespace}:{name.name}", (f"{o.namespace}:{o.name}" for o in self._units))
        notes.append(self._searched(name, scope))
        if not others and len(self._units) > 1:
            known = ", ".join(f"`{other}`" for other in list(self._units)[:12])
            notes.append(Note(f"known packages: {known}"))
        message = f"the package `{name}` is not known{close}"
        scope.error(Code.UNKNOWN_PACKAGE, message, path, notes)

    def _searched(self, name: model.PackageName, scope: Scope) -> Note:
        """Where a package was looked for, and where it should be put."""
        if not self._folders:
            where = f"`{scope.file.path}` was given as a single file, so no folder was searched for it"
            return Note(f"{where}; give its folder, with the package in `deps/{name.name}/`")
        folder = self._folders[-1]
        names = ", ".join(str(one) if one.is_dir() else f"{one} (no such folder)" for one in self._folders)
        return Note(f"the folder searched is {names}; put its .wit files into {folder / name.name}{os.sep}")

    def _bring_in(self, item: ast.TopUse, scope: Scope) -> None:
        if item.lead.attributes:
            message = "a `use` at the top level has no attributes"
            scope.error(Code.INVALID_ATTRIBUTE, message, item.lead.attributes[0])
        if item.path.package is None:
            found = scope.unit.declarations.get(item.path.name.text)
            if found is None:
                self.find(item.path, scope)
        else:
            found = self._find_foreign(item.path, item.path.package, scope)
            found = self._usable_at_top(found, item.path, scope)
        local = item.alias or item.path.name
        earlier = scope.names.get(local.text) or scope.unit.declarations.get(local.text)
        if earlier is not None and (local.text in scope.names or earlier.scope is scope):
            message = f"the name `{local.text}` is taken in this file"
            note = earlier.scope.note("it is declared here", earlier.name)
            scope.error(Code.DUPLICATE_NAME, message, local, [note])
        elif found is not None:
            scope.names[local.text] = found
        else:
            scope.broken.add(local.text)

    def _usable_at_top(self, found: Declaration | None, path: ast.UsePath, scope: Scope) -> Declaration | None:
        """Another package's interface; a world, or one behind a closed gate, cannot be brought in."""
        found = self._of_kind(found, path, scope, world=False)
        if found is None or found.included:
            return found
        message = f"`{path.name.text}` is behind a feature that is not enabled"
        note = found.scope.note("it is declared here", found.name)
        scope.error(Code.EXCLUDED_BY_GATE, message, path, [note])
        return None

    def _needed_packages(self, unit: Unit) -> Iterator[Unit]:
        for scope in unit.scopes:
            for path in _paths_of_scope(scope):
                if path.package is not None and name_of_package(path.package) in self._units:
                    yield self._units[name_of_package(path.package)]

    def _report_package_cycle(self, cycle: list[Unit]) -> None:
        first = cycle[0]
        if len(cycle) == 1:
            message = f"the package `{first.name}` refers to itself by its full name; write the plain name"
        else:
            names = cycle_path([str(unit.name) for unit in cycle])
            message = f"the package `{first.name}` depends on itself: {names}"
        following = cycle[1 % len(cycle)]
        for scope in first.scopes:
            for path in _paths_of_scope(scope):
                if path.package is None or name_of_package(path.package) != following.name:
                    continue
                if following is not first:
                    scope.error(Code.CYCLE, message, path)
                    return
                plain = scope.file.text[path.name.start : path.name.end]
                scope.error(Code.CYCLE, message, path, fix=Fix(scope.span(path), plain))
        if following is first:
            return
        self._context.diagnostics.error(Code.CYCLE, message, first.span)


def _needed_declarations(declaration: Declaration, unit: Unit) -> Iterator[Declaration]:
    scope = declaration.scope
    for path, is_world in _references(declaration.node.items):
        if path.package is None:
            found = scope.names.get(path.name.text) or unit.declarations.get(path.name.text)
            if found is not None and found.scope.unit is unit and found.is_world == is_world:
                yield found


def _paths_of_scope(scope: Scope) -> Iterator[ast.UsePath]:
    for item in scope.items:
        if isinstance(item, ast.TopUse):
            yield item.path
        elif isinstance(item, ast.InterfaceDeclaration | ast.WorldDeclaration):
            yield from (path for path, _ in _references(item.items))


def _references(items: list[ast.InterfaceItem] | list[ast.WorldItem]) -> Iterator[tuple[ast.UsePath, bool]]:
    """The paths among items, each with whether it has to be a world."""
    for item in items:
        if isinstance(item, ast.UseItem | ast.Include):
            yield item.path, isinstance(item, ast.Include)
        elif isinstance(item, ast.Extern):
            if item.path is not None:
                yield item.path, False
            if item.items is not None:
                yield from _references(item.items)
