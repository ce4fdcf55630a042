"""Builds the syntax tree: one method for each name to the right of an arrow in `grammar.lark`.

Each gets the parts of the rule in order, punctuation included, and returns the node. Numbers are positions in the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token

Parts = list[Any]


def builder_for(docs: Mapping[int, str]) -> Any:
    """An object with a method for each alternative of the grammar. The lexer fills `docs` while the parser goes on."""
    return _Builder(docs)


class _Builder:
    def __init__(self, docs: Mapping[int, str]) -> None:
        self._docs = docs

    # Lists

    def start(self, parts: Parts) -> Any:
        return parts[0]

    def first(self, parts: Parts) -> Any:
        return parts[0]

    def new_list(self, _parts: Parts) -> list[Any]:
        return []

    def list_of_one(self, parts: Parts) -> list[Any]:
        return [parts[0]]

    def append(self, parts: Parts) -> list[Any]:
        items: list[Any] = parts[0]
        items.append(parts[1])
        return items

    def append_after_comma(self, parts: Parts) -> list[Any]:
        items: list[Any] = parts[0]
        items.append(parts[2])
        return items

    def broken(self, parts: Parts) -> ast.Broken:
        return ast.Broken(frozenset(parts[0].text.split()))

    # Top level

    def package_id(self, parts: Parts) -> ast.PackageId:
        return ast.PackageId(parts[0], parts[2], parts[4] if len(parts) > 4 else None)

    def package_declaration(self, parts: Parts) -> ast.PackageDeclaration:
        return ast.PackageDeclaration(parts[2], self._lead(parts[0], parts[1]), parts[1])

    def nested_package(self, parts: Parts) -> ast.NestedPackage:
        return ast.NestedPackage(parts[2], parts[4], self._lead(parts[0], parts[1]), parts[1])

    def interface(self, parts: Parts) -> ast.InterfaceDeclaration:
        return ast.InterfaceDeclaration(parts[2], parts[4], self._lead(parts[0], parts[1]))

    def world(self, parts: Parts) -> ast.WorldDeclaration:
        return ast.WorldDeclaration(parts[2], parts[4], self._lead(parts[0], parts[1]))

    def top_use(self, parts: Parts) -> ast.TopUse:
        return ast.TopUse(parts[2], None, self._lead(parts[0], parts[1]))

    def top_use_as(self, parts: Parts) -> ast.TopUse:
        return ast.TopUse(parts[2], parts[4], self._lead(parts[0], parts[1]))

    def local_path(self, parts: Parts) -> ast.UsePath:
        return ast.UsePath(None, parts[0], parts[0].start, parts[0].end)

    def foreign_path(self, parts: Parts) -> ast.UsePath:
        version = parts[6] if len(parts) > 6 else None
        package = ast.PackageId(parts[0], parts[2], version)
        return ast.UsePath(package, parts[4], parts[0].start, (version or parts[4]).end)

    # Attributes

    def attribute(self, parts: Parts) -> ast.Attribute:
        name: Token = parts[1]
        key, value = parts[3] if len(parts) == 5 else (None, None)
        return ast.Attribute(
            name, key, value, len(parts) > 2, parts[0].start, name.end if len(parts) == 2 else parts[-1].end
        )

    def attribute_value(self, parts: Parts) -> tuple[Token | None, Token]:
        return (None, parts[0]) if len(parts) == 1 else (parts[0], parts[2])

    # Items

    def use_item(self, parts: Parts) -> ast.UseItem:
        names = parts[5] if isinstance(parts[5], list) else []
        return ast.UseItem(parts[2], names, self._lead(parts[0], parts[1]))

    def used_name(self, parts: Parts) -> ast.UsedName:
        return ast.UsedName(parts[0], parts[2] if len(parts) > 1 else None)

    def function(self, parts: Parts) -> ast.FunctionDeclaration:
        return ast.FunctionDeclaration("freestanding", parts[1], parts[3], self._lead(parts[0], parts[1]))

    def include(self, parts: Parts) -> ast.Include:
        renames = parts[5] if len(parts) > 6 else []
        return ast.Include(parts[2], renames, self._lead(parts[0], parts[1]))

    def rename(self, parts: Parts) -> ast.Rename:
        return ast.Rename(parts[0], parts[2])

    def extern_path(self, parts: Parts) -> ast.Extern:
        return self._extern(parts, path=parts[2])

    def extern_implements(self, parts: Parts) -> ast.Extern:
        return self._extern(parts, name=parts[2], path=parts[4])

    def extern_function(self, parts: Parts) -> ast.Extern:
        return self._extern(parts, name=parts[2], function=parts[4])

    def extern_interface(self, parts: Parts) -> ast.Extern:
        return self._extern(parts, name=parts[2], items=parts[6])

    def _extern(
        self,
        parts: Parts,
        name: Token | None = None,
        path: ast.UsePath | None = None,
        function: ast.FunctionType | None = None,
        items: list[ast.InterfaceItem] | None = None,
    ) -> ast.Extern:
        lead = self._lead(parts[0], parts[1])
        direction: Token = parts[1]
        return ast.Extern(direction.text, name, path, function, items, lead, direction.start, parts[-1].end)

    # Types

    def alias(self, parts: Parts) -> ast.TypeDeclaration:
        return ast.TypeDeclaration("type", parts[2], self._lead(parts[0], parts[1]), [], [], parts[4])

    def record(self, parts: Parts) -> ast.TypeDeclaration:
        return self._with_members(parts)

    def variant(self, parts: Parts) -> ast.TypeDeclaration:
        return self._with_members(parts)

    def enum(self, parts: Parts) -> ast.TypeDeclaration:
        return self._with_labels(parts)

    def flags(self, parts: Parts) -> ast.TypeDeclaration:
        return self._with_labels(parts)

    def _with_members(self, parts: Parts) -> ast.TypeDeclaration:
        members = parts[4] if isinstance(parts[4], list) else []
        return ast.TypeDeclaration(parts[1].text, parts[2], self._lead(parts[0], parts[1]), members, [], None)

    def _with_labels(self, parts: Parts) -> ast.TypeDeclaration:
        labels = parts[4] if isinstance(parts[4], list) else []
        members = [ast.Member(label, None, self._docs.get(label.start)) for label in labels]
        return ast.TypeDeclaration(parts[1].text, parts[2], self._lead(parts[0], parts[1]), members, [], None)

    def field(self, parts: Parts) -> ast.Member:
        return ast.Member(parts[0], parts[2], self._docs.get(parts[0].start))

    def case(self, parts: Parts) -> ast.Member:
        return ast.Member(parts[0], parts[2] if len(parts) > 1 else None, self._docs.get(parts[0].start))

    def empty_resource(self, parts: Parts) -> ast.TypeDeclaration:
        return ast.TypeDeclaration("resource", parts[2], self._lead(parts[0], parts[1]), [], [], None)

    def resource(self, parts: Parts) -> ast.TypeDeclaration:
        return ast.TypeDeclaration("resource", parts[2], self._lead(parts[0], parts[1]), [], parts[4], None)

    # Functions

    def method(self, parts: Parts) -> ast.FunctionDeclaration:
        return ast.FunctionDeclaration("method", parts[1], parts[3], self._lead(parts[0], parts[1]))

    def static(self, parts: Parts) -> ast.FunctionDeclaration:
        return ast.FunctionDeclaration("static", parts[1], parts[4], self._lead(parts[0], parts[1]))

    def constructor(self, parts: Parts) -> ast.FunctionDeclaration:
        signature = ast.FunctionType(False, parts[2], parts[4] if len(parts) > 4 else None)
        return ast.FunctionDeclaration("constructor", parts[1], signature, self._lead(parts[0], parts[1]))

    def function_type(self, parts: Parts) -> ast.FunctionType:
        return ast.FunctionType(False, parts[1], parts[3] if len(parts) > 2 else None)

    def async_function_type(self, parts: Parts) -> ast.FunctionType:
        return ast.FunctionType(True, parts[2], parts[4] if len(parts) > 3 else None)

    def accessor_type(self, parts: Parts) -> ast.FunctionType:
        return ast.FunctionType(False, parts[1], parts[3] if len(parts) > 2 else None, parts[0])

    def parameter_list(self, parts: Parts) -> list[ast.Member]:
        return parts[1] if isinstance(parts[1], list) else []

    # Type expressions

    def named_type(self, parts: Parts) -> ast.TypeExpression:
        token: Token = parts[0]
        return ast.TypeExpression("name", token, (), None, token.start, token.end, 1)

    def primitive_type(self, parts: Parts) -> ast.TypeExpression:
        token: Token = parts[0]
        return ast.TypeExpression(token.text, token, (), None, token.start, token.end, 1)

    def bare_type(self, parts: Parts) -> ast.TypeExpression:
        token: Token = parts[0]
        arguments = (None, None) if token.text == "result" else ()
        return ast.TypeExpression(token.text, token, arguments, None, token.start, token.end, 1)

    def generic_type(self, parts: Parts) -> ast.TypeExpression:
        keyword: Token = parts[0]
        arguments = tuple(parts[2:-1:2])
        depth = 1 + max(argument.depth for argument in arguments)
        if keyword.text == "result" and len(arguments) == 1:
            arguments = (arguments[0], None)
        return ast.TypeExpression(keyword.text, keyword, arguments, None, keyword.start, parts[-1].end, depth)

    def error_only_result(self, parts: Parts) -> ast.TypeExpression:
        keyword: Token = parts[0]
        arguments = (None, parts[4])
        return ast.TypeExpression("result", keyword, arguments, None, keyword.start, parts[-1].end, 1 + parts[4].depth)

    def fixed_length_list(self, parts: Parts) -> ast.TypeExpression:
        keyword: Token = parts[0]
        element: ast.TypeExpression = parts[2]
        # A number too long for any list is kept as one that is too large, without the cost of converting it.
        digits = parts[4].text.lstrip("0") or "0"
        length = int(digits) if len(digits) <= 10 else 1 << 64
        return ast.TypeExpression("list", keyword, (element,), length, keyword.start, parts[-1].end, 1 + element.depth)

    def tuple_type(self, parts: Parts) -> ast.TypeExpression:
        keyword: Token = parts[0]
        arguments = tuple(parts[2]) if isinstance(parts[2], list) else ()
        depth = 1 + max((argument.depth for argument in arguments), default=0)
        return ast.TypeExpression("tuple", keyword, arguments, None, keyword.start, parts[-1].end, depth)

    def handle_type(self, parts: Parts) -> ast.TypeExpression:
        keyword, resource = parts[0], parts[2]
        return ast.TypeExpression(keyword.text, resource, (), None, keyword.start, parts[-1].end, 1)

    def _lead(self, attributes: list[ast.Attribute], first: Token) -> ast.Lead:
        start = attributes[0].start if attributes else first.start
        return ast.Lead(self._docs.get(start), attributes)
