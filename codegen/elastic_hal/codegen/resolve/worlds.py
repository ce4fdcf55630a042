"""Resolves worlds: types, imports, exports and includes. What they import indirectly is left to `elaborate.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.accessors import check_setter, getters_first
from elastic_hal.codegen.resolve.bodies import Body, fill_interface
from elastic_hal.codegen.resolve.clone import clone_items, plain_name
from elastic_hal.codegen.resolve.context import Declaration, ResolvedItem, Scope
from elastic_hal.codegen.resolve.elaborate import elaborate
from elastic_hal.codegen.resolve.functions import resolve_function
from elastic_hal.codegen.resolve.gates import Gate, read_gate
from elastic_hal.codegen.resolve.lookup import Lookup
from elastic_hal.codegen.resolve.names import NameTable, close_names
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token

Written = dict[tuple[str, str], ResolvedItem]
"""What a world imports and exports as written, by direction and key."""


def resolve_world(declaration: Declaration, lookup: Lookup) -> None:
    """Fills the model of a declared world."""
    world = declaration.world
    if world is None or not isinstance(declaration.node, ast.WorldDeclaration):
        return
    written = _WorldResolver(declaration, world, lookup).resolve(declaration.node.items)
    elaborate(world, written.values(), declaration.scope.context)
    declaration.world_items = [
        _as_resolved(direction, key, item, written, declaration)
        for direction, items in (("import", world.imports), ("export", world.exports))
        for key, item in items.items()
    ]


def _as_resolved(
    direction: str,
    key: str,
    item: model.WorldItem,
    written: Mapping[tuple[str, str], ResolvedItem],
    declaration: Declaration,
) -> ResolvedItem:
    """An item of a finished world; what was added to the written items is placed at the world's name."""
    earlier = written.get((direction, key))
    span = declaration.scope.span(declaration.name) if earlier is None else earlier.span
    return ResolvedItem(direction, key, item, earlier is not None and earlier.is_name, span)


class _WorldResolver:
    def __init__(self, declaration: Declaration, world: model.World, lookup: Lookup) -> None:
        self._world = world
        self._lookup = lookup
        self._scope: Scope = declaration.scope
        self._included = declaration.included
        self._body = Body(world, declaration.included, declaration.scope, lookup)
        self._names = {"import": self._body.names, "export": NameTable(declaration.scope)}
        self._written: Written = {}

    def resolve(self, items: list[ast.WorldItem]) -> Written:
        self._body.resolve_types(items)
        for name, definition in self._body.included_types():
            if definition.span is not None:
                self._add(ResolvedItem("import", name, model.TypeItem(definition), True, definition.span))
        for function in self._body.functions(items):
            if function.span is not None:
                self._add(ResolvedItem("import", function.name, model.FunctionItem(function), True, function.span))
        for item in items:
            if isinstance(item, ast.Extern):
                self._resolve_extern(item)
        for item in items:
            if isinstance(item, ast.Include):
                self._include(item)
        return self._with_getters_first()

    def _with_getters_first(self) -> Written:
        ordered: Written = {}
        for direction in ("import", "export"):
            items = {key: item for (side, key), item in self._written.items() if side == direction}
            for key in getters_first(list(items)):
                item = ordered[direction, key] = items[key]
                if isinstance(item.item, model.FunctionItem) and not self._body.types.broken:
                    check_setter(key, items, item.span, self._scope.context.diagnostics)
        return ordered

    def _resolve_extern(self, item: ast.Extern) -> None:
        gate = read_gate(item.lead, self._scope, self._included)
        if item.name is None:
            if item.path is not None:
                self._resolve_path(item.direction, item.path, gate)
            return
        resolved = self._named_item(item, item.name, gate)
        key = resolved.function.name if isinstance(resolved, model.FunctionItem) else item.name.text
        is_new = self._names[item.direction].add(key, item.name, item.direction)
        if is_new and gate.included and resolved is not None:
            self._add(ResolvedItem(item.direction, key, resolved, True, self._scope.span(item.name)))

    def _named_item(self, item: ast.Extern, name: Token, gate: Gate) -> model.WorldItem | None:
        if item.function is not None:
            return model.FunctionItem(resolve_function(name, item.function, gate, self._body.types))
        if item.items is not None:
            interface = model.Interface(
                None, self._world.package, docs=gate.docs, stability=gate.stability, span=self._scope.span(name)
            )
            fill_interface(interface, item.items, Body(interface, gate.included, self._scope, self._lookup))
            return model.InterfaceItem(interface, gate.stability, gate.external_id)
        found = None if item.path is None else self._find_interface(item.path, gate)
        return None if found is None else model.InterfaceItem(found, gate.stability, gate.external_id, gate.docs)

    def _resolve_path(self, direction: str, path: ast.UsePath, gate: Gate) -> None:
        found = self._find_interface(path, gate)
        if found is None:
            return
        key = found.id or path.name.text
        earlier = self._written.get((direction, key))
        if earlier is not None:
            message = f"the interface `{key}` is {direction}ed twice"
            self._scope.error(Code.CONFLICTING_ITEM, message, path, [Note("the first one is here", earlier.span)])
        elif gate.included:
            resolved = model.InterfaceItem(found, gate.stability, gate.external_id, gate.docs)
            self._add(ResolvedItem(direction, key, resolved, False, self._scope.span(path)))

    def _find_interface(self, path: ast.UsePath, gate: Gate) -> model.Interface | None:
        found = self._lookup.find_gated_interface(path, self._scope, gate.included)
        return None if found is None or not self._is_reachable(found, path, gate) else found.interface

    def _is_reachable(self, found: Declaration, path: ast.UsePath, gate: Gate) -> bool:
        if found.included or not gate.included:
            return True
        message = f"`{found.name.text}` is behind a feature that is not enabled, but what uses it here is not"
        note = found.scope.note("it is declared here", found.name)
        self._scope.error(Code.EXCLUDED_BY_GATE, message, path, [note])
        return False

    def _include(self, item: ast.Include) -> None:
        gate = read_gate(item.lead, self._scope, self._included)
        if not gate.included and item.path.package is not None:
            self._lookup.find_package(item.path.package, item.path, self._scope)
            return
        found = self._lookup.find_world(item.path, self._scope)
        if (
            found is None
            or found.world is None
            or not found.is_resolved
            or not self._is_reachable(found, item.path, gate)
        ):
            return
        renames = self._checked_renames(item, found)
        is_foreign = found.scope.unit is not self._scope.unit
        for part in clone_items(found.world_items, renames, found.world, self._world, self._scope.context):
            if part.is_name:
                self._merge_named(part, item, gate)
            elif gate.included:
                self._merge_interface(part, item, is_foreign)

    def _checked_renames(self, item: ast.Include, found: Declaration) -> dict[str, str]:
        known = {plain_name(part.key) for part in found.world_items if part.is_name}
        renames: dict[str, str] = {}
        for rename in item.renames:
            old = rename.old.text
            if old not in known:
                message = (
                    f"the world `{found.name.text}` has nothing under the plain name `{old}`{close_names(old, known)}"
                )
                notes = [found.scope.note("the world is declared here", found.name)]
                if any(part.key.partition("@")[0].endswith(f"/{old}") for part in found.world_items):
                    notes.append(Note(f"`{old}` is an interface with an id of its own, and an id cannot be renamed"))
                self._scope.error(Code.UNKNOWN_RENAME, message, rename.old, notes)
            else:
                renames.setdefault(old, rename.new.text)
        return renames

    def _merge_named(self, part: ResolvedItem, item: ast.Include, gate: Gate) -> None:
        earlier = self._written.get((part.direction, part.key))
        if earlier is not None:
            message = (
                f"`{part.key}` is {part.direction}ed already, so the included world's `{part.key}` conflicts with it"
            )
            notes = [
                Note("the first one is here", earlier.span),
                Note("and the included one here", part.span),
                Note(f"rename it: `include … with {{ {part.key} as other-name }}`"),
            ]
            self._scope.error(Code.CONFLICTING_ITEM, message, item.path, notes)
            return
        place = item.path.name._replace(start=item.path.start, end=item.path.end)
        if self._names[part.direction].add(part.key, place, f"included {part.direction}") and gate.included:
            self._add(part)

    def _merge_interface(self, part: ResolvedItem, item: ast.Include, is_foreign: bool) -> None:
        if not isinstance(part.item, model.InterfaceItem):
            return
        added = part.item
        if is_foreign and isinstance(added.stability, model.Since):
            # The version of another package says nothing about this one.
            added = replace(added, stability=None)
        earlier = self._written.get((part.direction, part.key))
        if earlier is None or not isinstance(earlier.item, model.InterfaceItem):
            self._add(replace(part, item=added))
        elif added.stability is not None and earlier.item.stability is None:
            self._add(replace(earlier, item=replace(earlier.item, stability=added.stability)))
        elif added.stability is not None and earlier.item.stability != added.stability:
            message = f"`{part.key}` is {part.direction}ed under two different gates"
            notes = [Note("one is here", earlier.span), Note("the other one is here", part.span)]
            self._scope.error(Code.CONFLICTING_ITEM, message, item.path, notes)

    def _add(self, item: ResolvedItem) -> None:
        self._written[item.direction, item.key] = item
