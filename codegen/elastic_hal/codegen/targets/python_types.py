"""The types of one module as views that a template prints: dataclasses, enums, flags, variants, exceptions and
aliases.

Host and guest bindings share it. Resources have functions, so each target makes its own view of them, and puts it
among these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import ClassName
from elastic_hal.codegen.targets.documentation import case_docs, member_docs, type_docs
from elastic_hal.codegen.targets.facts import parts
from elastic_hal.codegen.targets.layout import (
    annotated_statement,
    annotation,
    class_header,
    definition_statement,
    docstring,
    right_side,
    string,
)
from elastic_hal.codegen.targets.module_context import ModuleContext


@dataclass(frozen=True, slots=True)
class MemberView:
    """A field, enum member or flag. `statement` is `name: int` or `NAME = "sha-256"`."""

    statement: str
    docs: str | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record as a dataclass."""

    macro: ClassVar[str] = "record"
    name: ClassName
    docs: str
    decorator: str
    members: tuple[MemberView, ...]


@dataclass(frozen=True, slots=True)
class EnumView:
    """An enum or flags: `base` tells which."""

    macro: ClassVar[str] = "enum"
    name: ClassName
    docs: str
    base: str
    members: tuple[MemberView, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case of a variant or of an error. `header` begins its class, `value` is the field of its payload, `label` says
    in an error which case it is, and `init` begins the function that makes one.
    """

    name: ClassName
    header: str
    docs: str
    literal: str
    label: str = ""
    value: str | None = None
    init: str = ""


@dataclass(frozen=True, slots=True)
class VariantView:
    """A variant: a dataclass for each case, and their union."""

    macro: ClassVar[str] = "variant"
    docs: str
    decorator: str
    cases: tuple[CaseView, ...]
    union: str


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A variant that functions fail with: a base class and an exception for each case."""

    macro: ClassVar[str] = "error"
    name: ClassName
    docs: str
    class_variable: str
    builtins: dict[str, str]
    cases: tuple[CaseView, ...]


@dataclass(frozen=True, slots=True)
class CodeErrorView:
    """The exceptions that stand for the cases of an enum that functions fail with."""

    macro: ClassVar[str] = "code_error"
    name: ClassName
    docs: str
    class_variable: str
    builtins: dict[str, str]
    table: str
    table_opening: str
    of: str
    cases: tuple[CaseView, ...]


@dataclass(frozen=True, slots=True)
class AliasView:
    """Another name for a type."""

    macro: ClassVar[str] = "alias"
    statement: str
    docs: str


TypeView = RecordView | EnumView | VariantView | ErrorView | CodeErrorView | AliasView


def type_views(context: ModuleContext, resource_view: Callable[[model.TypeDef], object]) -> tuple[object, ...]:
    """The views of a module's types, each after the types that it is made of. `resource_view` makes those of
    resources.
    """
    views: list[object] = []
    for wit_type in in_order_of_use(context.module.types):
        if isinstance(wit_type.kind, model.Resource):
            views.append(resource_view(wit_type))
        else:
            views += _views_of(context, wit_type)
    return tuple(views)


def in_order_of_use(types: tuple[model.TypeDef, ...]) -> tuple[model.TypeDef, ...]:
    """The types in declared order, except that a type comes after those it is made of."""
    own = set(types)
    ordered: dict[model.TypeDef, None] = {}
    visited: set[model.TypeDef] = set()
    pending = [(wit_type, False) for wit_type in reversed(types)]
    while pending:
        wit_type, parts_are_done = pending.pop()
        if parts_are_done:
            ordered[wit_type] = None
        elif wit_type not in visited:
            visited.add(wit_type)
            pending.append((wit_type, True))
            inner = [part for part in parts(wit_type.kind) if isinstance(part, model.TypeDef)]
            pending += [(part, False) for part in reversed(inner) if part.name is None or part in own]
    return tuple(wit_type for wit_type in ordered if wit_type in own)


def _views_of(context: ModuleContext, wit_type: model.TypeDef) -> Iterator[TypeView]:
    names = context.names.types[wit_type]
    docs = type_docs(context, wit_type, 1)
    match wit_type.kind:
        case model.Record(fields):
            members = tuple(
                MemberView(
                    right_side(f"{name}: ", annotation(context.annotation(field.type)), 1), member_docs(field.docs)
                )
                for name, field in zip(names.members, fields, strict=True)
            )
            yield RecordView(names.name, docs, _dataclass(context), members)
        case model.Flags(flags):
            members = tuple(
                MemberView(right_side(f"{name} = ", str(1 << bit), 1), member_docs(flag.docs))
                for bit, (name, flag) in enumerate(zip(names.members, flags, strict=True))
            )
            yield EnumView(names.name, docs, context.standard("enum", "Flag"), members)
        case model.Enum(cases):
            members = tuple(
                MemberView(right_side(f"{name} = ", string(case.name), 1), member_docs(case.docs))
                for name, case in zip(names.members, cases, strict=True)
            )
            yield EnumView(names.name, docs, context.standard("enum", "Enum"), members)
            if names.is_error:
                yield _code_error(context, wit_type, cases)
        case model.Variant(variant_cases):
            views = tuple(
                _case(context, wit_type, name, case, names.name if names.is_error else "")
                for name, case in zip(names.cases, variant_cases, strict=True)
            )
            if names.is_error:
                yield ErrorView(
                    names.name,
                    docs,
                    f"{context.standard('typing', 'ClassVar')}[{context.builtin('str')}]",
                    _error_builtins(context),
                    views,
                )
            else:
                prefix = f"{names.name}: {context.standard('typing', 'TypeAlias')} = "
                union = right_side(prefix, annotation(" | ".join(names.cases)))
                yield VariantView(type_docs(context, wit_type, 0), _dataclass(context), views, union)
        case kind:
            prefix = f"{names.name}: {context.standard('typing', 'TypeAlias')} = "
            alias = right_side(prefix, annotation(context.structure(kind)))
            yield AliasView(alias, type_docs(context, wit_type, 0))


def _case(context: ModuleContext, owner: model.TypeDef, name: ClassName, case: model.Case, base: str) -> CaseView:
    payload = None if case.type is None else context.annotation(case.type)
    literal = string(case.name)
    return CaseView(
        name,
        class_header(name, base),
        case_docs(owner, case, 1),
        literal,
        right_side("case = ", literal, 1),
        None if payload is None else right_side("value: ", annotation(payload), 1),
        definition_statement("__init__", ("self",) if payload is None else ("self", f"value: {payload}"), "None", 1),
    )


def _code_error(context: ModuleContext, wit_type: model.TypeDef, cases: tuple[model.EnumCase, ...]) -> CodeErrorView:
    names = context.names.types[wit_type]
    if names.exception is None:
        raise TypeError(f"{wit_type.name} is no error")
    views = tuple(
        CaseView(
            class_name,
            class_header(class_name, names.exception),
            case_docs(wit_type, case, 1),
            f"{names.name}.{member}",
            right_side("code = ", f"{names.name}.{member}", 1),
        )
        for class_name, member, case in zip(names.cases, names.members, cases, strict=True)
    )
    table = context.private_name("exceptions", wit_type.name or "")
    builtins = _error_builtins(context)
    kind = f"{context.builtin('dict')}[{names.name}, {builtins['type']}[{names.exception}]]"
    return CodeErrorView(
        names.exception,
        docstring(f"What a function raises that fails with `{wit_type.name}`: a class for each case.", 1),
        f"{context.standard('typing', 'ClassVar')}[{names.name}]",
        builtins,
        table,
        annotated_statement(table, kind, "{"),
        definition_statement("of", (f"code: {names.name}",), names.exception, 1),
        views,
    )


def _error_builtins(context: ModuleContext) -> dict[str, str]:
    wanted = ("Exception", "bool", "hash", "int", "isinstance", "object", "staticmethod", "str", "type")
    return {name: context.builtin(name) for name in wanted}


def _dataclass(context: ModuleContext) -> str:
    return f"{context.standard('dataclasses', 'dataclass')}(frozen=True, slots=True)"
