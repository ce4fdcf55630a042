"""The values at the edges of a WIT type: empty, one, large, non-ASCII, NUL, extreme integers, every case, none and
some.
"""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import Neutral
from elastic_hal.codegen.targets.suite.types import dealias, is_bytes, is_nullable
from elastic_hal.conformance.values import INTEGER_BOUNDS

CHUNK_BYTES = 1_048_576
LONG_TEXT = 65_536
LONG_LIST = 1_000
SOME_TEXT = "naïve — 東京 😀"


class NoValue(Exception):
    """A type, such as a resource, has no value that could be written down."""


def ordinary(wit_type: model.Type) -> Neutral:
    """An unremarkable value; raises NoValue."""
    plain = dealias(wit_type)
    if isinstance(plain, model.Primitive):
        return _ordinary_primitive(plain)
    if is_bytes(plain):
        length = plain.kind.length if isinstance(plain.kind, model.FixedLengthList) else 16
        return bytes(range(1, length + 1)) if length < 256 else bytes(length)
    match plain.kind:
        case model.Record(fields):
            return {item.name: ordinary(item.type) for item in fields}
        case model.Variant(cases):
            return _case(cases[0].name, cases[0].type)
        case model.Enum(cases):
            return cases[0].name
        case model.Flags():
            return []
        case model.Option():
            return None
        case model.Result(ok, _):
            return _case("ok", ok)
        case model.List(element):
            return [ordinary(element)]
        case model.FixedLengthList(element, length):
            return [ordinary(element) for _ in range(length)]
        case model.Tuple(members):
            return [ordinary(member) for member in members]
        case model.Map(key, mapped):
            return [[ordinary(key), ordinary(mapped)]]
        case _:
            raise NoValue


def edges(wit_type: model.Type, base: Neutral) -> list[Neutral]:
    """The values at the edges of a type; records, tuples and variants vary one part of `base` at a time."""
    plain = dealias(wit_type)
    if isinstance(plain, model.Primitive):
        return _primitive_edges(plain)
    if is_bytes(plain):
        if isinstance(plain.kind, model.FixedLengthList):
            return [bytes(plain.kind.length), b"\xff" * plain.kind.length]
        return [b"", b"\x00", ("repeat", b"\x00", CHUNK_BYTES), ("repeat", b"\xff", CHUNK_BYTES + 1)]
    match plain.kind:
        case model.Record(fields):
            return _record_edges(fields, base)
        case model.Variant(cases):
            return [value for case in cases for value in _case_edges(case.name, case.type)]
        case model.Enum(cases):
            return [case.name for case in cases]
        case model.Flags(flags):
            names = [flag.name for flag in flags]
            return [[], *([name] for name in names), names]
        case model.Option(inner):
            return _option_edges(inner)
        case model.Result(ok, err):
            return [*_case_edges("ok", ok), *_case_edges("err", err)]
        case model.List(element):
            return _list_edges(element)
        case model.Tuple(members):
            return _tuple_edges(members, base)
        case model.Map(key, mapped):
            return [[], [[ordinary(key), ordinary(mapped)]]]
        case _:
            return []


def _ordinary_primitive(primitive: model.Primitive) -> Neutral:
    if primitive is model.Primitive.BOOL:
        return True
    if primitive is model.Primitive.STRING or primitive is model.Primitive.CHAR:
        return "a"
    if primitive in INTEGER_BOUNDS:
        return 1
    if primitive in {model.Primitive.F32, model.Primitive.F64}:
        return 1.0
    raise NoValue


def _primitive_edges(primitive: model.Primitive) -> list[Neutral]:
    if primitive is model.Primitive.BOOL:
        return [False, True]
    if primitive is model.Primitive.CHAR:
        return ["\x00", "a", "é", "\ud7ff", "\ue000", "\U0010ffff"]
    if primitive is model.Primitive.STRING:
        return ["", "a", "\x00", SOME_TEXT, ("repeat", "x", LONG_TEXT)]
    if primitive in INTEGER_BOUNDS:
        low, high = INTEGER_BOUNDS[primitive]
        return sorted({low, max(low, -1), 0, 1, high - 1, high})
    if primitive in {model.Primitive.F32, model.Primitive.F64}:
        return [0.0, -0.0, 1.0, ("float", "nan"), ("float", "inf"), ("float", "-inf")]
    return []


def _record_edges(fields: tuple[model.Field, ...], base: Neutral) -> list[Neutral]:
    if not isinstance(base, dict):
        try:
            base = {item.name: ordinary(item.type) for item in fields}
        except NoValue:
            return []
    found = []
    for item in fields:
        for value in edges(item.type, base[item.name]):
            found.append({**base, item.name: value})
    return found


def _tuple_edges(members: tuple[model.Type, ...], base: Neutral) -> list[Neutral]:
    if not isinstance(base, list):
        try:
            base = [ordinary(member) for member in members]
        except NoValue:
            return []
    found = []
    for index, member in enumerate(members):
        for value in edges(member, base[index]):
            found.append([*base[:index], value, *base[index + 1 :]])
    return found


def _case(name: str, payload: model.Type | None) -> Neutral:
    return {name: None if payload is None else ordinary(payload)}


def _case_edges(name: str, payload: model.Type | None) -> list[Neutral]:
    if payload is None:
        return [{name: None}]
    return [{name: value} for value in edges(payload, None)]


def _option_edges(inner: model.Type) -> list[Neutral]:
    if is_nullable(inner):
        return [None, {"some": None}]
    return [None, *edges(inner, None)]


def _list_edges(element: model.Type) -> list[Neutral]:
    try:
        one = ordinary(element)
    except NoValue:
        return [[]]
    return [[], [one], ("repeat", [one], LONG_LIST), edges(element, one)]
