"""What the suite asks of WIT types and functions beyond `facts`: equality, names in messages, what can fail."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.facts import dealias, function_result
from elastic_hal.codegen.targets.facts import may_be_none as is_nullable

__all__ = [
    "can_fail",
    "dealias",
    "describe",
    "error_type",
    "function_label",
    "is_bytes",
    "is_nullable",
    "resource_of",
    "returned_type",
    "same_type",
]


def is_bytes(wit_type: model.Type) -> bool:
    """Whether the type is `list<u8>`."""
    plain = dealias(wit_type)
    return (
        isinstance(plain, model.TypeDef)
        and isinstance(plain.kind, model.List | model.FixedLengthList)
        and dealias(plain.kind.type) is model.Primitive.U8
    )


def resource_of(wit_type: model.Type) -> model.TypeDef | None:
    """The resource behind `own<r>`, `borrow<r>` or `r`; None for every other type."""
    plain = dealias(wit_type)
    if not isinstance(plain, model.TypeDef):
        return None
    if isinstance(plain.kind, model.Resource):
        return plain
    if isinstance(plain.kind, model.Own | model.Borrow):
        return resource_of(plain.kind.resource)
    return None


def same_type(left: model.Type, right: model.Type) -> bool:
    """Whether two types are the same, aliases aside. A handle counts as its resource, owned or borrowed."""
    left, right = dealias(left), dealias(right)
    if left is right:
        return True
    if isinstance(left, model.Primitive) or isinstance(right, model.Primitive):
        return False
    resource = resource_of(left)
    if resource is not None:
        return resource is resource_of(right)
    if left.name is not None or right.name is not None:
        return False
    match left.kind, right.kind:
        case (model.List(a), model.List(b)) | (model.Option(a), model.Option(b)):
            return same_type(a, b)
        case model.FixedLengthList(a, n), model.FixedLengthList(b, m):
            return n == m and same_type(a, b)
        case model.Map(a, b), model.Map(c, d):
            return same_type(a, c) and same_type(b, d)
        case model.Tuple(first), model.Tuple(second):
            return len(first) == len(second) and all(same_type(a, b) for a, b in zip(first, second, strict=True))
        case model.Result(ok, err), model.Result(other_ok, other_err):
            return _same_optional(ok, other_ok) and _same_optional(err, other_err)
    return False


def _same_optional(left: model.Type | None, right: model.Type | None) -> bool:
    if left is None or right is None:
        return left is right
    return same_type(left, right)


def describe(wit_type: model.Type | None) -> str:
    """The type as WIT writes it."""
    if wit_type is None:
        return "_"
    if isinstance(wit_type, model.Primitive):
        return wit_type.value
    if wit_type.name is not None:
        return wit_type.name
    match wit_type.kind:
        case model.List(element):
            return f"list<{describe(element)}>"
        case model.FixedLengthList(element, length):
            return f"list<{describe(element)}, {length}>"
        case model.Option(inner):
            return f"option<{describe(inner)}>"
        case model.Result(ok, err):
            return f"result<{describe(ok)}, {describe(err)}>"
        case model.Tuple(members):
            return f"tuple<{', '.join(describe(member) for member in members)}>"
        case model.Map(key, value):
            return f"map<{describe(key)}, {describe(value)}>"
        case model.Own(resource):
            return describe(resource)
        case model.Borrow(resource):
            return f"borrow<{describe(resource)}>"
        case model.Alias(target):
            return describe(target)
        case other:
            return type(other).__name__.lower()


def function_label(function: model.Function) -> str:
    """How cases and reports call a function: `hash`, `key.sign`, `key.constructor`."""
    if function.resource is None:
        return function.short_name
    short = "constructor" if function.kind is model.FunctionKind.CONSTRUCTOR else function.short_name
    return f"{function.resource.name}.{short}"


def returned_type(function: model.Function) -> model.Type | None:
    """The type of what a successful call gives: of a `result`, its ok type."""
    result = function_result(function)
    return function.result if result is None else result.ok


def error_type(function: model.Function) -> model.Type | None:
    """The type of the function's errors; None where it has none."""
    result = function_result(function)
    return None if result is None else result.err


def can_fail(function: model.Function) -> bool:
    """Whether the function's type lets it report an error."""
    return function_result(function) is not None
