"""Everything that a package declares, in the order of the text, in one form for all lints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.context import Part, Scope, Unit
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token


@dataclass(frozen=True, slots=True)
class Item:
    """One declaration. `label` says what it is; `home` numbers the interface or world that it stands in."""

    label: str
    name: Token
    lead: ast.Lead
    scope: Scope
    home: int
    type: ast.TypeDeclaration | None = None
    function: ast.FunctionType | None = None
    used: ast.UseItem | None = None
    resource: str | None = None
    """The resource that a function belongs to."""

    def warn(self, code: Code, message: str, part: Part, notes: Sequence[Note] = ()) -> None:
        """Adds a warning about a part of the item."""
        self.scope.context.diagnostics.warning(code, message, self.scope.span(part), notes)


def items_of(unit: Unit) -> Iterator[Item]:
    """The interfaces and worlds of a package, each followed by what stands in it."""
    home = 0
    for scope in unit.scopes:
        for node in scope.items:
            if isinstance(node, ast.InterfaceDeclaration | ast.WorldDeclaration):
                home += 1
                label = "interface" if isinstance(node, ast.InterfaceDeclaration) else "world"
                yield Item(label, node.name, node.lead, scope, home)
                yield from _items_in(node.items, scope, home)


def type_expressions(item: Item) -> Iterator[tuple[Token, ast.TypeExpression]]:
    """Each type expression of an item with the name that it belongs to: field, case, parameter, or the item itself."""
    if item.type is not None:
        if item.type.target is not None:
            yield item.name, item.type.target
        for member in item.type.members:
            if member.type is not None:
                yield member.name, member.type
    if item.function is not None:
        for member in item.function.parameters:
            if member.type is not None:
                yield member.name, member.type
        if item.function.result is not None:
            yield item.name, item.function.result


def _items_in(nodes: Sequence[ast.InterfaceItem | ast.WorldItem], scope: Scope, home: int) -> Iterator[Item]:
    for node in nodes:
        match node:
            case ast.TypeDeclaration():
                label = "type" if node.kind == "type" else node.kind
                yield Item(label, node.name, node.lead, scope, home, type=node)
                for function in node.functions:
                    if isinstance(function, ast.FunctionDeclaration):
                        yield _function(function, scope, home, node.name.text)
            case ast.FunctionDeclaration():
                yield _function(node, scope, home, None)
            case ast.UseItem():
                yield Item("use", node.path.name, node.lead, scope, home, used=node)
            case ast.Extern(name=Token() as name, function=ast.FunctionType() as function):
                yield Item(f"{node.direction}ed function", name, node.lead, scope, home, function=function)
            case ast.Extern(name=Token() as name, items=list() as inner):
                yield Item(f"{node.direction}ed interface", name, node.lead, scope, home)
                yield from _items_in(inner, scope, home)
            case _:
                pass


def _function(node: ast.FunctionDeclaration, scope: Scope, home: int, resource: str | None) -> Item:
    label = {"freestanding": "function", "static": "static function"}.get(node.kind, node.kind)
    return Item(label, node.name, node.lead, scope, home, function=node.type, resource=resource)
