"""Resolves what interfaces and worlds both have between their braces: `use`, types, and functions of resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.accessors import getters_first
from elastic_hal.codegen.resolve.context import BROKEN, Declaration, Scope
from elastic_hal.codegen.resolve.functions import resolve_function, resolve_resource_function
from elastic_hal.codegen.resolve.gates import Gate, read_gate
from elastic_hal.codegen.resolve.lookup import Lookup
from elastic_hal.codegen.resolve.names import NameTable, close_names, cycle_path
from elastic_hal.codegen.resolve.order import in_dependency_order
from elastic_hal.codegen.resolve.types import TypeScope, names_in
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token


def resolve_interface(declaration: Declaration, lookup: Lookup) -> None:
    """Fills the model of a declared interface."""
    if declaration.interface is None or not isinstance(declaration.node, ast.InterfaceDeclaration):
        return
    body = Body(declaration.interface, declaration.included, declaration.scope, lookup)
    fill_interface(declaration.interface, declaration.node.items, body)
    declaration.types = body.types.types
    declaration.functions = body.types.functions


def fill_interface(interface: model.Interface, items: Sequence[ast.InterfaceItem], body: Body) -> None:
    """Fills an interface from its items."""
    body.types.functions.update(item.name.text for item in items if isinstance(item, ast.FunctionDeclaration))
    body.resolve_types(items)
    interface.types.update(body.included_types())
    functions = {function.name: function for function in body.functions(items)}
    interface.functions.update((name, functions[name]) for name in getters_first(list(functions)))
    if not body.types.broken:
        body.names.check_setters()


class Body:
    """The names and types of one interface or world; `included` tells whether the gates around it are open."""

    def __init__(self, owner: model.Interface | model.World, included: bool, scope: Scope, lookup: Lookup) -> None:
        self.types = TypeScope(owner, scope)
        self.names = NameTable(scope)
        self._included = included
        self._scope = scope
        self._lookup = lookup

    def resolve_types(self, items: Sequence[ast.InterfaceItem | ast.WorldItem]) -> None:
        """Resolves every `use` and type declaration; types keep the order of the text, whatever order they need."""
        declared: dict[str, ast.TypeDeclaration] = {}
        for item in items:
            if isinstance(item, ast.Broken):
                self.types.broken |= item.names
            elif isinstance(item, ast.UseItem):
                self._bring_in(item)
            elif isinstance(item, ast.TypeDeclaration) and self.names.add(item.name.text, item.name, item.kind):
                declared[item.name.text] = item
        for name in self._in_order(declared):
            if self.types.types.get(name) is BROKEN:
                continue
            gate = read_gate(declared[name].lead, self._scope, self._included)
            self._check_gate(declared[name].name, gate)
            self.types.declare(declared[name], gate)
        self.types.put_in_order(declared)

    def included_types(self) -> Iterator[tuple[str, model.TypeDef]]:
        """The types that are really there: neither at fault nor behind a closed gate."""
        excluded = self._scope.context.excluded
        for name, definition in self.types.types.items():
            if definition is not BROKEN and definition not in excluded:
                yield name, definition

    def functions(self, items: Sequence[ast.InterfaceItem | ast.WorldItem]) -> Iterator[model.Function]:
        """The functions behind open gates: those of the resources, and freestanding ones of an interface."""
        for item in items:
            if isinstance(item, ast.FunctionDeclaration):
                gate = read_gate(item.lead, self._scope, self._included)
                function = resolve_function(item.name, item.type, gate, self.types)
                if self.names.add(function.name, item.name, "function") and gate.included:
                    yield function
            elif isinstance(item, ast.TypeDeclaration):
                yield from self._functions_of_resource(item)

    def _functions_of_resource(self, item: ast.TypeDeclaration) -> Iterator[model.Function]:
        for node in item.functions:
            if isinstance(node, ast.Broken):
                continue
            gate = read_gate(node.lead, self._scope, self._included)
            function = resolve_resource_function(node, item.name, gate, self.types)
            if self.names.add(function.name, node.name, _label(node.kind)) and gate.included:
                yield function

    def _in_order(self, declared: dict[str, ast.TypeDeclaration]) -> list[str]:
        order, cycles = in_dependency_order(
            declared, lambda name: (other for other in names_in(declared[name]) if other in declared)
        )
        for cycle in cycles:
            message = f"the type `{cycle[0]}` contains itself: {cycle_path(cycle)}"
            notes = [self._scope.note(f"`{name}` is declared here", declared[name].name) for name in cycle[1:6]]
            self._scope.error(Code.CYCLE, message, declared[cycle[0]].name, notes)
            for name in cycle:
                self.types.add_broken(name)
        return order

    def _bring_in(self, item: ast.UseItem) -> None:
        gate = read_gate(item.lead, self._scope, self._included)
        is_checked = gate.included or item.path.package is None
        source = self._lookup.find_gated_interface(item.path, self._scope, gate.included)
        if source is not None and gate.included and not source.included:
            message = (
                f"the interface `{source.name.text}` is behind a feature that is not enabled, "
                "but what uses it here is not"
            )
            note = source.scope.note("it is declared here", source.name)
            self._scope.error(Code.EXCLUDED_BY_GATE, message, item.path, [note])
            gate = gate._replace(included=False)
        if source is not None and not source.is_resolved:
            source = None  # part of a cycle, which is reported
        for used in item.names:
            self._check_gate(used.local, gate)
            if not self.names.add(used.local.text, used.local, "used type"):
                continue
            target = None if source is None else source.types.get(used.name.text)
            if source is not None and is_checked:
                self._check_used_type(used.name, source, target, gate)
            if target is None or target is BROKEN:
                self.types.add_broken(used.local.text)
            else:
                self.types.bring_in(used, target, gate)

    def _check_gate(self, name: Token, gate: Gate) -> None:
        """Types follow what they stand in: no type of a gated interface is ungated, no type of an open world gated."""
        if gate.is_open and not self._included:
            message = (
                f"the type `{name.text}` has no gate, but what it stands in is behind a feature that is not enabled"
            )
            note = Note("repeat the gate before the type")
        elif self.types.is_of_world and self._included and not gate.is_open:
            message = f"the type `{name.text}` is behind a feature that is not enabled, but its world is not"
            note = Note("put the gate before the world, or the type into an interface")
        else:
            return
        self._scope.error(Code.EXCLUDED_BY_GATE, message, name, [note])

    def _check_used_type(self, name: Token, source: Declaration, found: model.TypeDef | None, gate: Gate) -> None:
        declared = source.scope.note("the interface is declared here", source.name)
        if found is not None:
            if gate.included and found in self._scope.context.excluded:
                message = f"the type `{name.text}` is behind a feature that is not enabled, but this `use` is not"
                self._scope.error(Code.EXCLUDED_BY_GATE, message, name, [declared])
        elif any(isinstance(item, ast.Broken) and name.text in item.names for item in source.node.items):
            return
        elif name.text in source.functions:
            message = f"`{name.text}` is a function of `{source.name.text}`; `use` brings in types only"
            self._scope.error(Code.WRONG_KIND, message, name, [declared])
        else:
            close = close_names(name.text, source.types)
            message = f"the interface `{source.name.text}` has no type `{name.text}`{close}"
            self._scope.error(Code.UNKNOWN_NAME, message, name, [declared])


def _label(kind: str) -> str:
    return kind if kind in {"method", "constructor"} else f"{kind} function"
