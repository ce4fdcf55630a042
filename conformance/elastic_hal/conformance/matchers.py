"""Expectations: values to be equal to, and the matchers `{$length: 12}`, `$any` and so on, checked against the WIT
type.
"""

from __future__ import annotations

import re

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import Neutral
from elastic_hal.codegen.targets.suite.types import dealias, describe, error_type, is_bytes, returned_type
from elastic_hal.conformance.document import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    as_mapping,
    as_sequence,
    as_text,
    as_whole_number,
    suggestion,
)
from elastic_hal.conformance.scope import Scope
from elastic_hal.conformance.values import INTEGER_BOUNDS, structure, value

LARGEST_LENGTH = 2**40
MATCHERS = (
    "$length",
    "$not",
    "$zero",
    "$distinct",
    "$contains",
    "$each",
    "$one-of",
    "$all",
    "$at-least",
    "$at-most",
    "$starts-with",
    "$matches",
)
NUMBERS = {*INTEGER_BOUNDS, model.Primitive.F32, model.Primitive.F64}


def matcher(node: Node, wit_type: model.Type, scope: Scope) -> Neutral:
    """What a value of this type must be like; raises CaseFileError."""
    if isinstance(node, Scalar) and node.text == "$any":
        return ("any",)
    if isinstance(node, Mapping) and len(node.entries) == 1 and next(iter(node.entries)).startswith("$"):
        ((name, operand),) = node.entries.items()
        if name not in MATCHERS:
            raise node.place.problem(f"there is no matcher {name}", suggestion(name, MATCHERS))
        return _matcher(name, operand, wit_type, scope)
    return structure(node, wit_type, scope, matcher, partial=True)


def expectation(node: Node, function: model.Function, scope: Scope) -> tuple[Neutral, ...]:
    """The `expect` of a call."""
    if isinstance(node, Scalar):
        match node.text:
            case "ok":
                return ("ok", ("any",))
            case "err":
                _declared_error(node, function)
                return ("err", None)
            case "trap":
                return ("trap",)
        raise node.place.problem(f"{node.text!r} is no expectation", "ok, {ok: …}, err, {err: …} or trap")
    entry = as_mapping(node, "expect", ("ok", "err"))
    if len(entry.entries) != 1:
        raise node.place.problem("expect has either ok or err")
    if "ok" in entry.entries:
        returned = returned_type(function)
        if returned is None:
            raise node.place.problem("the function returns no value", "write just ok")
        return ("ok", matcher(entry.entries["ok"], returned, scope))
    return ("err", _error_alternatives(entry.entries["err"], _declared_error(node, function), scope))


def _declared_error(node: Node, function: model.Function) -> model.Type:
    wit_type = error_type(function)
    if wit_type is None:
        raise node.place.problem(f"{function.short_name} returns no error", "its type has no result<…, error>")
    return wit_type


def _error_alternatives(node: Node, wit_type: model.Type, scope: Scope) -> list[Neutral]:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return [_error(item, wit_type, scope) for item in nodes]


def _error(node: Node, wit_type: model.Type, scope: Scope) -> Neutral:
    plain = dealias(wit_type)
    if isinstance(node, Scalar) and isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.Variant):
        names = [case.name for case in plain.kind.cases]
        if node.text not in names:
            raise node.place.problem(f"{describe(wit_type)} has no case {node.text!r}", suggestion(node.text, names))
        return {node.text: ("any",)}
    return matcher(node, wit_type, scope)


def _matcher(name: str, operand: Node, wit_type: model.Type, scope: Scope) -> Neutral:
    plain = dealias(wit_type)
    kind = plain.kind if isinstance(plain, model.TypeDef) else None
    is_text = plain is model.Primitive.STRING
    is_list = isinstance(kind, model.List | model.FixedLengthList)
    applies = {
        "$length": is_text or is_list,
        "$zero": is_bytes(plain) or plain in NUMBERS,
        "$distinct": is_list,
        "$contains": is_text or is_list or isinstance(kind, model.Flags),
        "$each": is_list,
        "$at-least": plain in NUMBERS,
        "$at-most": plain in NUMBERS,
        "$starts-with": is_text or is_bytes(plain),
        "$matches": is_text,
    }
    if not applies.get(name, True):
        raise operand.place.problem(f"{name} does not apply to a {describe(wit_type)}")
    match name:
        case "$length":
            return ("length", *_bounds(operand))
        case "$not":
            return ("not", matcher(operand, wit_type, scope))
        case "$zero":
            return ("is-zero",) if value(operand, model.Primitive.BOOL, scope) else ("not", ("is-zero",))
        case "$distinct":
            return ("distinct", _distinct_field(operand, _element(plain)))
        case "$contains":
            return ("contains", _part(operand, plain, scope))
        case "$each":
            return ("each", matcher(operand, _element(plain), scope))
        case "$one-of" | "$all":
            return (name[1:], [matcher(item, wit_type, scope) for item in as_sequence(operand, name)])
        case "$matches":
            return ("matches", _regular_expression(operand))
        case _:
            return (name[1:], value(operand, wit_type, scope))


def _bounds(node: Node) -> tuple[int, int]:
    if isinstance(node, Sequence):
        if len(node.items) != 2:
            raise node.place.problem("$length has one number, or [least, most]")
        low, high = (as_whole_number(item, "$length", 0, LARGEST_LENGTH) for item in node.items)
        return low, high
    exact = as_whole_number(node, "$length", 0, LARGEST_LENGTH)
    return exact, exact


def _element(plain: model.Type) -> model.Type:
    """The element of a list type."""
    kind = plain.kind if isinstance(plain, model.TypeDef) else None
    if not isinstance(kind, model.List | model.FixedLengthList):
        raise TypeError(f"{describe(plain)} is no list")
    return kind.type


def _distinct_field(node: Node, element: model.Type) -> str | None:
    text = as_text(node, "$distinct")
    if text == "true":
        return None
    plain = dealias(element)
    fields = plain.kind.fields if isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.Record) else ()
    if text not in {field.name for field in fields}:
        raise node.place.problem(
            f"{describe(element)} has no field {text!r}", suggestion(text, [f.name for f in fields])
        )
    return text


def _part(node: Node, plain: model.Type, scope: Scope) -> Neutral:
    if isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.Flags):
        (flag,) = value(Sequence((node,), node.place), plain, scope)
        return flag
    if plain is model.Primitive.STRING or is_bytes(plain):
        return value(node, plain, scope)
    return matcher(node, _element(plain), scope)


def _regular_expression(node: Node) -> str:
    text = as_text(node, "$matches")
    try:
        re.compile(text)
    except re.error as error:
        raise node.place.problem(f"{text!r} is not a regular expression: {error}") from error
    return text
