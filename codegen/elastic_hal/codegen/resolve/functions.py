"""Resolves functions: parameters, results, and what a resource's functions need beyond that."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.accessors import accessor_of, check_accessor
from elastic_hal.codegen.resolve.context import BROKEN
from elastic_hal.codegen.resolve.gates import Gate
from elastic_hal.codegen.resolve.types import TypeScope
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token


def resolve_function(name: Token, signature: ast.FunctionType, gate: Gate, types: TypeScope) -> model.Function:
    """A function that belongs to no resource."""
    types.check_parameters(signature.parameters)
    accessor = accessor_of(signature)
    function = model.Function(
        name=name.text if accessor is None else accessor.mark + name.text,
        short_name=name.text,
        kind=model.FunctionKind.FREESTANDING,
        resource=None,
        parameters=_parameters(signature, types, gate.included),
        result=types.resolve_function_result(signature.result, gate.included),
        is_async=signature.is_async,
        docs=gate.docs,
        stability=gate.stability,
        span=types.scope.span(name),
        external_id=gate.external_id,
        accessor=accessor,
    )
    check_accessor(signature, types.scope)
    if gate.included:
        _check_result(function, signature, types)
    return function


def resolve_resource_function(
    node: ast.FunctionDeclaration, resource_name: Token, gate: Gate, types: TypeScope
) -> model.Function:
    """A method, static function or constructor of a resource that `types` knows."""
    # A mistake about the resource itself is shown at the function, which is what refers to it.
    resource = types.find(resource_name._replace(start=node.name.start, end=node.name.end), gate.included)
    kind = model.FunctionKind(node.kind)
    parameters = _parameters(node.type, types, gate.included)
    if kind is model.FunctionKind.METHOD:
        implicit = ast.Member(node.name._replace(text="self"), None, None)
        types.check_parameters([implicit, *node.type.parameters])
        self_type = types.resolve(_handle("borrow", resource_name), included=False)
        parameters = (model.Parameter("self", self_type), *parameters)
    else:
        types.check_parameters(node.type.parameters)
    is_constructor = kind is model.FunctionKind.CONSTRUCTOR
    if is_constructor:
        result: model.Type | None = _constructor_result(node, resource, resource_name, gate.included, types)
    else:
        result = types.resolve_function_result(node.type.result, gate.included)
    accessor = accessor_of(node.type)
    mark = "" if accessor is None else accessor.mark
    function = model.Function(
        name=f"[{node.kind}]{mark}{resource_name.text}" + ("" if is_constructor else f".{node.name.text}"),
        short_name=node.name.text,
        kind=kind,
        resource=resource,
        parameters=parameters,
        result=result,
        is_async=node.type.is_async,
        docs=gate.docs,
        stability=gate.stability,
        span=types.scope.span(node.name),
        external_id=gate.external_id,
        accessor=accessor,
    )
    check_accessor(node.type, types.scope)
    if gate.included:
        _check_result(function, node.type, types)
    return function


def _parameters(signature: ast.FunctionType, types: TypeScope, included: bool) -> tuple[model.Parameter, ...]:
    return tuple(
        model.Parameter(member.name.text, types.resolve(member.type, included))
        for member in signature.parameters
        if member.type is not None
    )


def _constructor_result(
    node: ast.FunctionDeclaration, resource: model.TypeDef, name: Token, included: bool, types: TypeScope
) -> model.Type:
    written = node.type.result
    if written is None:
        return types.resolve(_handle("own", name), included=False)
    result = types.resolve(written, included)
    if not isinstance(result, model.TypeDef) or not isinstance(result.kind, model.Result):
        message = (
            f"a constructor gives its resource, so it returns nothing, or `result<{name.text}, …>` where it can fail"
        )
        is_itself = written.kind in {"name", "own"} and written.token.text == name.text
        fix = types.without_result(written) if is_itself else None
        types.scope.error(Code.CONSTRUCTOR_RESULT, message, written, fix=fix)
        return result
    ok = result.kind.ok
    is_own = isinstance(ok, model.TypeDef) and isinstance(ok.kind, model.Own) and ok.kind.resource is resource
    if not is_own and ok is not BROKEN:
        message = f"the first type of a constructor's result must be its resource, `{name.text}`"
        types.scope.error(Code.CONSTRUCTOR_RESULT, message, written)
    return result


def _handle(kind: str, name: Token) -> ast.TypeExpression:
    return ast.TypeExpression(kind, name, (), None, name.start, name.end, 1)


def _check_result(function: model.Function, signature: ast.FunctionType, types: TypeScope) -> None:
    if signature.result is None or not types.is_borrowing(function.result):
        return
    message = (
        f"`{function.short_name}` returns a borrowed handle, but a borrow ends with the call that it was passed to"
    )
    note = Note("return an owned handle, or take the borrow as parameter")
    types.scope.error(Code.BORROW_RETURNED, message, signature.result, [note])
