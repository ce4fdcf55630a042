"""Resolves the types of one interface or world: their names, what they consist of, and what may be where.

A type behind a closed gate is resolved like any other, so that its mistakes are found; who refers to it from outside
the gate is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Fix, Note
from elastic_hal.codegen.kinds import parts_of
from elastic_hal.codegen.resolve.context import BROKEN, Scope
from elastic_hal.codegen.resolve.gates import Gate
from elastic_hal.codegen.resolve.names import close_names, comparable
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token, TypeExpression

_NEARBY = 200
"""Characters before a function's result among which its arrow is looked for."""
MAX_FLAGS = 32
MAX_DEPTH = 100
"""Levels of types within types in one place."""

_PRIMITIVES = {primitive.value: primitive for primitive in model.Primitive}
_MAP_KEYS = frozenset(_PRIMITIVES) - {"f32", "f64", "error-context"}
_OLD_NAMES = {"float32": "f32", "float64": "f64"}
"""Names that WIT had once, and what it calls the same types now."""
_FOREIGN_NAMES = {
    **{
        "unit": "no type at all, or `_` in a `result`",
        "void": "no type at all",
        "any": "a `variant` of what it may be",
    },
    **{"int": "`s32` or `s64`", "uint": "`u32` or `u64`", "float": "`f32`", "double": "`f64`", "boolean": "`bool`"},
    **{"str": "`string`", "String": "`string`", "byte": "`u8`", "bytes": "`list<u8>`", "usize": "`u64`"},
    **{"i8": "`s8`", "i16": "`s16`", "i32": "`s32`", "i64": "`s64`", "vec": "`list<…>`", "array": "`list<…>`"},
}
"""Names of other languages, and what stands for them in WIT."""


class TypeScope:
    """The types that names mean in one interface or world."""

    def __init__(self, owner: model.Interface | model.World, scope: Scope) -> None:
        self.types: dict[str, model.TypeDef] = {}
        self.functions: set[str] = set()
        self.broken: set[str] = set()
        self.scope = scope
        self._owner = owner
        self._context = scope.context

    @property
    def is_of_world(self) -> bool:
        """Whether the names belong to a world rather than an interface."""
        return isinstance(self._owner, model.World)

    def declare(self, node: ast.TypeDeclaration, gate: Gate) -> None:
        """Adds the type that `node` declares. What it refers to must have been added before."""
        self._add(node.name, self._kind_of_declaration(node, gate.included), gate)

    def bring_in(self, used: ast.UsedName, target: model.TypeDef, gate: Gate) -> None:
        """Adds the alias that `use` makes. It has no documentation of its own."""
        self._add(used.local, model.Alias(target), gate._replace(docs=None))

    def add_broken(self, name: str) -> None:
        """Notes a name whose declaration is at fault, so that its uses are not reported."""
        self.types[name] = BROKEN

    def put_in_order(self, names: Iterable[str]) -> None:
        """Puts the types of these names last, in this order."""
        for name in names:
            if name in self.types:
                self.types[name] = self.types.pop(name)

    def resolve(self, expression: TypeExpression, included: bool) -> model.Type:
        """The type that stands somewhere. A resource's name means an owned handle."""
        if expression.kind == "name":
            found = self.find(expression.token, included)
            return self._anonymous(model.Own(found)) if found in self._context.resources else found
        primitive = _PRIMITIVES.get(expression.kind)
        if primitive is not None:
            return primitive
        if self._is_too_deep(expression):
            return BROKEN
        return self._anonymous(self._kind(expression, included))

    def resolve_optional(self, expression: TypeExpression | None, included: bool) -> model.Type | None:
        """Like `resolve`, for a place that may be empty."""
        return None if expression is None else self.resolve(expression, included)

    def resolve_function_result(self, expression: TypeExpression | None, included: bool) -> model.Type | None:
        """Like `resolve_optional`, for what follows the arrow of a function."""
        if expression is None or not self._is_unit(expression):
            return self.resolve_optional(expression, included)
        message = "there is no type `unit`; a function that returns nothing has no `->`"
        self.scope.error(Code.UNKNOWN_NAME, message, expression, fix=self.without_result(expression))
        return None

    def without_result(self, expression: TypeExpression) -> Fix | None:
        """The fix that removes a function's result with its arrow, unless a comment stands between the two."""
        nearby = max(0, expression.start - _NEARBY)
        before = self.scope.file.text[nearby : expression.start].rstrip()
        start = nearby + len(before.removesuffix("->").rstrip())
        return Fix(Span(self.scope.file, start, expression.end), "") if before.endswith("->") else None

    def find(self, token: Token, included: bool) -> model.TypeDef:
        """The type of that name, BROKEN where there is none, which is then reported."""
        found = self.types.get(token.text)
        if found is None:
            self._report_unknown(token)
            return BROKEN
        if included and found in self._context.excluded:
            message = f"`{token.text}` is behind a feature that is not enabled, but what uses it here is not"
            notes = [] if found.span is None else [Note("it is declared here", found.span)]
            self.scope.error(Code.EXCLUDED_BY_GATE, message, token, notes)
        return found

    def is_borrowing(self, type: model.Type | None) -> bool:
        """Whether values of the type can contain a borrowed handle."""
        return isinstance(type, model.TypeDef) and type in self._context.borrowing

    def _add(self, name: Token, kind: model.TypeKind, gate: Gate) -> None:
        span = self.scope.span(name)
        definition = model.TypeDef(name.text, kind, self._owner, gate.docs, gate.stability, span, gate.external_id)
        self.types[name.text] = definition
        if not gate.included:
            self._context.excluded.add(definition)
        self._note_facts(definition)

    def _anonymous(self, kind: model.TypeKind) -> model.TypeDef:
        definition = model.TypeDef(None, kind)
        self._note_facts(definition)
        return definition

    def _note_facts(self, definition: model.TypeDef) -> None:
        kind, context = definition.kind, self._context
        if isinstance(kind, model.Resource) or (isinstance(kind, model.Alias) and kind.target in context.resources):
            context.resources.add(definition)
        if isinstance(kind, model.Borrow) or any(part in context.borrowing for part in parts_of(kind)):
            context.borrowing.add(definition)

    def _kind_of_declaration(self, node: ast.TypeDeclaration, included: bool) -> model.TypeKind:
        if node.kind == "type" and node.target is not None:
            return self._kind_of_alias(node.target, included)
        if node.kind == "resource":
            return model.Resource()
        if not node.members:
            message = f"the {node.kind} `{node.name.text}` is empty; it needs at least one {_part_name(node.kind)}"
            self.scope.error(Code.EMPTY_TYPE, message, node.name)
        self._check_members(node.members, _part_name(node.kind))
        members = node.members
        if node.kind == "record":
            return model.Record(
                tuple(
                    model.Field(member.name.text, self.resolve(member.type, included), member.docs)
                    for member in members
                    if member.type is not None
                )
            )
        if node.kind == "variant":
            return model.Variant(
                tuple(
                    model.Case(member.name.text, self.resolve_optional(member.type, included), member.docs)
                    for member in members
                )
            )
        if node.kind == "enum":
            return model.Enum(tuple(model.EnumCase(member.name.text, member.docs) for member in members))
        if len(members) > MAX_FLAGS:
            message = f"the flags `{node.name.text}` has {len(members)} flags; at most {MAX_FLAGS} fit"
            note = self.scope.note("this is the first one too many", members[MAX_FLAGS].name)
            self.scope.error(Code.TOO_MANY_FLAGS, message, node.name, [note])
        return model.Flags(tuple(model.Flag(member.name.text, member.docs) for member in members))

    def _kind_of_alias(self, target: TypeExpression, included: bool) -> model.TypeKind:
        if target.kind == "name":
            return model.Alias(self.find(target.token, included))
        primitive = _PRIMITIVES.get(target.kind)
        if primitive is not None:
            return model.Alias(primitive)
        if self._is_too_deep(target):
            return model.Alias(BROKEN)
        return self._kind(target, included)

    def _kind(self, expression: TypeExpression, included: bool) -> model.TypeKind:
        kind = expression.kind
        if kind in {"own", "borrow"}:
            resource = self._resource(expression.token, included)
            return model.Own(resource) if kind == "own" else model.Borrow(resource)
        if kind == "result":
            expression = self._without_unit(expression)
            ok, error = (self.resolve_optional(argument, included) for argument in expression.arguments)
            return model.Result(ok, error)
        arguments = tuple(self.resolve(argument, included) for argument in expression.arguments if argument is not None)
        if kind == "list" and expression.length is not None:
            return model.FixedLengthList(arguments[0], self._checked_length(expression))
        if kind == "list":
            return model.List(arguments[0])
        if kind == "option":
            return model.Option(arguments[0])
        if kind == "map":
            self._check_map_key(expression.arguments[0])
            return model.Map(arguments[0], arguments[1])
        if kind == "tuple":
            if not arguments:
                message = "a tuple needs at least one type"
                self.scope.error(Code.EMPTY_TYPE, message, expression)
            return model.Tuple(arguments)
        item = arguments[0] if arguments else None
        return model.Future(item) if kind == "future" else model.Stream(item)

    def _is_too_deep(self, expression: TypeExpression) -> bool:
        if expression.depth <= MAX_DEPTH:
            return False
        message = f"types are nested {expression.depth} levels deep here; at most {MAX_DEPTH} are allowed"
        span = Span(self.scope.file, expression.start, expression.token.end)
        self._context.diagnostics.error(Code.NESTING_TOO_DEEP, message, span)
        return True

    def _resource(self, token: Token, included: bool) -> model.TypeDef:
        found = self.find(token, included)
        if found is not BROKEN and found not in self._context.resources:
            message = f"`{token.text}` is not a resource, so there is no handle of it"
            notes = [] if found.span is None else [Note("it is declared here", found.span)]
            self.scope.error(Code.NOT_A_RESOURCE, message, token, notes)
        return found

    def _checked_length(self, expression: TypeExpression) -> int:
        length = expression.length or 0
        if length >= 1 << 32:
            message = "the length of a list must fit 32 bits"
            self.scope.error(Code.SYNTAX, message, expression)
        return length

    def _check_map_key(self, key: TypeExpression | None) -> None:
        if key is None or key.kind in _MAP_KEYS:
            return
        message = "the key of a map must be bool, char, string or an integer type, written as such"
        self.scope.error(Code.INVALID_MAP_KEY, message, key)

    def _check_members(self, members: list[ast.Member], what: str) -> None:
        seen: dict[str, Token] = {}
        for member in members:
            earlier = seen.setdefault(comparable(member.name.text), member.name)
            if earlier is not member.name:
                message = f"there are two {what}s named `{member.name.text}`"
                if earlier.text != member.name.text:
                    message = (
                        f"the {what}s `{earlier.text}` and `{member.name.text}` differ in letter case or hyphens only"
                    )
                note = self.scope.note("the first one is here", earlier)
                if earlier is members[0].name and earlier.text == "self" and members[0].type is None:
                    message = "a method has its parameter `self` already; leave it out"
                    note = self.scope.note("this is a method", earlier)
                self.scope.error(Code.DUPLICATE_NAME, message, member.name, [note])

    def check_parameters(self, members: list[ast.Member]) -> None:
        """Reports parameters of one name."""
        self._check_members(members, "parameter")

    def _report_unknown(self, token: Token) -> None:
        name = token.text
        if name in self.broken or self._context.diagnostics.is_full:
            return  # looking for similar names takes time
        if name in self.functions:
            message = f"`{name}` is a function, not a type"
            self.scope.error(Code.WRONG_KIND, message, token)
            return
        new = _OLD_NAMES.get(name)
        if new is not None:
            message = f"there is no type `{name}`; WIT writes it `{new}`"
            self.scope.error(Code.UNKNOWN_NAME, message, token, fix=Fix(self.scope.span(token), new))
            return
        if name in _FOREIGN_NAMES:
            message = f"there is no type `{name}`; write {_FOREIGN_NAMES[name]}"
            self.scope.error(Code.UNKNOWN_NAME, message, token)
            return
        elsewhere = list(self._declared_elsewhere(name))
        close = "" if elsewhere else close_names(name, chain(_PRIMITIVES, self.types))
        self.scope.error(Code.UNKNOWN_NAME, f"there is no type `{name}` here{close}", token, elsewhere)

    def _declared_elsewhere(self, name: str) -> Iterator[Note]:
        """Notes on the interfaces of the package that declare a type of that name; one is enough to see the point."""
        for declaration in self.scope.unit.declarations.values():
            for item in () if declaration.is_world else declaration.node.items:
                if isinstance(item, ast.TypeDeclaration) and item.name.text == name:
                    message = f"another interface has it; bring it in: `use {declaration.name.text}.{{{name}}};`"
                    yield declaration.scope.note(message, item.name)
                    return

    def _without_unit(self, expression: TypeExpression) -> TypeExpression:
        """A `result` without the type `unit`, which WIT had once; where it stands it is reported."""
        arguments = [None if self._is_unit(argument) else argument for argument in expression.arguments]
        if arguments == list(expression.arguments):
            return expression
        ok, error = arguments
        text = self.scope.file.text
        if error is not None:
            written = f"result<_, {text[error.start : error.end]}>"
        else:
            written = "result" if ok is None else f"result<{text[ok.start : ok.end]}>"
        for argument in expression.arguments:
            if argument is not None and self._is_unit(argument):
                message = f"there is no type `unit`; a side of a `result` that carries nothing is left out: `{written}`"
                is_first = argument is expression.arguments[0]
                whole = Fix(self.scope.span(expression), written)
                fix = Fix(self.scope.span(argument), "_") if is_first and error is not None else whole
                self.scope.error(Code.UNKNOWN_NAME, message, argument, fix=fix)
        return expression._replace(arguments=(ok, error))

    def _is_unit(self, expression: TypeExpression | None) -> bool:
        if expression is None or expression.kind != "name" or expression.token.text != "unit":
            return False
        return not any("unit" in names for names in (self.types, self.broken, self.functions))


def names_in(node: ast.TypeDeclaration) -> Iterator[str]:
    """The names of types that a declaration refers to directly; a resource's functions are not part of it."""
    for expression in (node.target, *(member.type for member in node.members)):
        if expression is not None:
            yield from names_in_expression(expression)


def names_in_expression(expression: TypeExpression) -> Iterator[str]:
    """The names in a type expression, however deep."""
    pending = [expression]
    while pending:
        current = pending.pop()
        if current.kind in {"name", "own", "borrow"}:
            yield current.token.text
        pending.extend(argument for argument in current.arguments if argument is not None)


def _part_name(kind: str) -> str:
    return {"record": "field", "flags": "flag"}.get(kind, "case")
