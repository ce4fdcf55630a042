"""Turns what a case file says into neutral values, directed by the WIT type that its place demands.

The result is the form of `elastic_hal.codegen.targets.suite.cases`. Expressions over bytes and strings are in
`expressions`, matchers in `matchers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import Neutral
from elastic_hal.codegen.targets.suite.types import dealias, describe, is_bytes, is_nullable, same_type
from elastic_hal.common.text import counted
from elastic_hal.conformance.document import Mapping, Node, Place, Scalar, Sequence, suggestion
from elastic_hal.conformance.expressions import byte_text, expression
from elastic_hal.conformance.scope import Scope, expect_type

INTEGER_BOUNDS = {
    model.Primitive.U8: (0, 2**8 - 1),
    model.Primitive.U16: (0, 2**16 - 1),
    model.Primitive.U32: (0, 2**32 - 1),
    model.Primitive.U64: (0, 2**64 - 1),
    model.Primitive.S8: (-(2**7), 2**7 - 1),
    model.Primitive.S16: (-(2**15), 2**15 - 1),
    model.Primitive.S32: (-(2**31), 2**31 - 1),
    model.Primitive.S64: (-(2**63), 2**63 - 1),
}

Inner = Callable[[Node, model.Type, Scope], Neutral]


def value(node: Node, wit_type: model.Type, scope: Scope) -> Neutral:
    """A value of exactly this type; raises CaseFileError."""
    return structure(node, wit_type, scope, value, partial=False)


def structure(node: Node, wit_type: model.Type, scope: Scope, inner: Inner, *, partial: bool) -> Neutral:
    """A value whose parts are read by `inner`; `partial` lets records leave fields out."""
    if isinstance(node, Scalar) and node.text.startswith("$") and not node.text.startswith("$$"):
        path, found = scope.resolve(node.text, node.place)
        expect_type(found, _content(wit_type, found), node.text, node.place)
        return ("ref", *path)
    plain = dealias(wit_type)
    if isinstance(plain, model.Primitive):
        return _primitive(node, plain, scope)
    if is_bytes(plain):
        return _bytes(node, plain, scope)
    match plain.kind:
        case model.Record(fields):
            return _record(node, plain, fields, scope, inner, partial)
        case model.Variant(cases):
            return _variant(node, plain, {case.name: case.type for case in cases}, scope, inner)
        case model.Enum(cases):
            return _enum(node, plain, [case.name for case in cases])
        case model.Flags(flags):
            return _flags(node, plain, [flag.name for flag in flags])
        case model.Option(inner_type):
            return _option(node, inner_type, scope, inner)
        case model.Result(ok, err):
            return _variant(node, plain, {"ok": ok, "err": err}, scope, inner)
        case model.List(element):
            return _list(node, plain, element, scope, inner)
        case model.FixedLengthList(element, length):
            return _tuple(node, plain, (element,) * length, scope, inner)
        case model.Tuple(members):
            return _tuple(node, plain, members, scope, inner)
        case model.Map(key, mapped):
            return _map(node, plain, key, mapped, scope, inner)
        case model.Own() | model.Borrow() | model.Resource():
            raise node.place.problem(f"a {describe(wit_type)} is written as a bound name, such as $key")
        case _:
            raise node.place.problem(f"cases cannot write values of type {describe(wit_type)}")


def _content(wit_type: model.Type, found: model.Type) -> model.Type:
    """The type that a reference must have: an option also takes its content, where that can't be mistaken."""
    plain = dealias(wit_type)
    if same_type(found, wit_type) or not isinstance(plain, model.TypeDef) or not isinstance(plain.kind, model.Option):
        return wit_type
    return wit_type if is_nullable(plain.kind.type) else plain.kind.type


def _primitive(node: Node, primitive: model.Primitive, scope: Scope) -> Neutral:
    if primitive is model.Primitive.STRING and isinstance(node, Mapping):
        return expression(node, primitive, scope, value)
    if not isinstance(node, Scalar):
        raise _mismatch(node, primitive)
    if primitive in {model.Primitive.STRING, model.Primitive.CHAR}:
        text = literal_text(node)
        if primitive is model.Primitive.CHAR and len(text) != 1:
            raise node.place.problem(f"{text!r} is not one character")
        return text
    if primitive is model.Primitive.BOOL:
        if node.quoted or node.text not in {"true", "false"}:
            raise _mismatch(node, primitive)
        return node.text == "true"
    if primitive in INTEGER_BOUNDS:
        return _integer(node, primitive)
    if primitive in {model.Primitive.F32, model.Primitive.F64}:
        return _float(node, primitive)
    raise node.place.problem(f"cases cannot write values of type {describe(primitive)}")


def literal_text(node: Scalar) -> str:
    """A string as meant: `$$` and `@@` at its beginning stand for one."""
    if node.is_null:
        raise node.place.problem("null is not a string", 'an empty string is written as ""')
    return node.text[1:] if node.text.startswith(("$$", "@@")) else node.text


def _integer(node: Scalar, primitive: model.Primitive) -> int:
    try:
        number = int(node.text, 0)
    except ValueError:
        raise _mismatch(node, primitive) from None
    low, high = INTEGER_BOUNDS[primitive]
    if not low <= number <= high:
        raise node.place.problem(f"{number} is outside {describe(primitive)}", f"{low} to {high}")
    return number


def _float(node: Scalar, primitive: model.Primitive) -> Neutral:
    try:
        number = float(node.text)
    except ValueError:
        raise _mismatch(node, primitive) from None
    return number if math.isfinite(number) else ("float", str(number))


def _bytes(node: Node, plain: model.TypeDef, scope: Scope) -> Neutral:
    if isinstance(node, Mapping):
        return expression(node, plain, scope, value)
    if isinstance(node, Sequence):
        return bytes(_integer(_scalar(item, model.Primitive.U8), model.Primitive.U8) for item in node.items)
    return byte_text(_scalar(node, plain))


def _record(
    node: Node, plain: model.TypeDef, fields: tuple[model.Field, ...], scope: Scope, inner: Inner, partial: bool
) -> Neutral:
    if not isinstance(node, Mapping):
        raise _mismatch(node, plain)
    names = [item.name for item in fields]
    for key, place in node.places.items():
        if key not in names:
            raise place.problem(f"{describe(plain)} has no field {key!r}", suggestion(key, names))
    missing = [name for name in names if name not in node.entries]
    if missing and not partial:
        raise node.place.problem(f"{describe(plain)} lacks the field {missing[0]!r}")
    return {item.name: inner(node.entries[item.name], item.type, scope) for item in fields if item.name in node.entries}


def _variant(
    node: Node, plain: model.TypeDef, cases: dict[str, model.Type | None], scope: Scope, inner: Inner
) -> Neutral:
    if isinstance(node, Scalar):
        payload_type = cases[_case_name(node.text, node.place, plain, cases)]
        if payload_type is not None:
            raise node.place.problem(
                f"the case {node.text!r} carries a {describe(payload_type)}", f"{{{node.text}: …}}"
            )
        return {node.text: None}
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        raise _mismatch(node, plain)
    ((name, payload),) = node.entries.items()
    payload_type = cases[_case_name(name, node.places[name], plain, cases)]
    if payload_type is None:
        if isinstance(payload, Scalar) and payload.is_null:
            return {name: None}
        raise payload.place.problem(f"the case {name!r} carries nothing", f"write just {name}")
    return {name: inner(payload, payload_type, scope)}


def _case_name(name: str, place: Place, plain: model.TypeDef, cases: dict[str, model.Type | None]) -> str:
    if name not in cases:
        raise place.problem(f"{describe(plain)} has no case {name!r}", suggestion(name, cases))
    return name


def _enum(node: Node, plain: model.TypeDef, names: list[str]) -> str:
    text = _scalar(node, plain).text
    if text not in names:
        raise node.place.problem(f"{describe(plain)} has no case {text!r}", suggestion(text, names))
    return text


def _flags(node: Node, plain: model.TypeDef, names: list[str]) -> list[str]:
    if not isinstance(node, Sequence):
        raise _mismatch(node, plain)
    given = [_scalar(item, plain) for item in node.items]
    for flag in given:
        if flag.text not in names:
            raise flag.place.problem(f"{describe(plain)} has no flag {flag.text!r}", suggestion(flag.text, names))
    return [name for name in names if name in {flag.text for flag in given}]


def _option(node: Node, inner_type: model.Type, scope: Scope, inner: Inner) -> Neutral:
    if isinstance(node, Scalar) and node.is_null:
        return None
    marked = isinstance(node, Mapping) and list(node.entries) == ["some"]
    content = node.entries["some"] if isinstance(node, Mapping) and marked else node
    if is_nullable(inner_type):
        if not marked:
            raise node.place.problem("an option in an option is written as null or {some: …}")
        return {"some": inner(content, inner_type, scope)}
    return inner(content, inner_type, scope)


def _list(node: Node, plain: model.TypeDef, element: model.Type, scope: Scope, inner: Inner) -> Neutral:
    if isinstance(node, Mapping):
        return expression(node, plain, scope, value)
    if not isinstance(node, Sequence):
        raise _mismatch(node, plain)
    return [inner(item, element, scope) for item in node.items]


def _tuple(node: Node, plain: model.TypeDef, members: tuple[model.Type, ...], scope: Scope, inner: Inner) -> Neutral:
    if not isinstance(node, Sequence):
        raise _mismatch(node, plain)
    if len(node.items) != len(members):
        raise node.place.problem(f"{describe(plain)} has {counted(len(members), 'element')}, not {len(node.items)}")
    return [inner(item, member, scope) for item, member in zip(node.items, members, strict=True)]


def _map(node: Node, plain: model.TypeDef, key: model.Type, mapped: model.Type, scope: Scope, inner: Inner) -> Neutral:
    if not isinstance(node, Sequence):
        raise node.place.problem(f"a {describe(plain)} is written as a list of [key, value]")
    return [_tuple(item, plain, (key, mapped), scope, inner) for item in node.items]


def _scalar(node: Node, wanted: model.Type) -> Scalar:
    if not isinstance(node, Scalar):
        raise _mismatch(node, wanted)
    return node


def _mismatch(node: Node, wanted: model.Type) -> Exception:
    found = {Scalar: "a single value", Sequence: "a list", Mapping: "a mapping"}[type(node)]
    if isinstance(node, Scalar):
        found = "null" if node.is_null else repr(node.text)
    return node.place.problem(f"{found} is not a {describe(wanted)}")
