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
from elastic_hal.codegen.naming import ClassName, Identifier
from elastic_hal.codegen.targets.facts import parts
from elastic_hal.codegen.targets.layout import docstring, string, union_statement
from elastic_hal.codegen.targets.module_context import ModuleContext, used_from


@dataclass(frozen=True, slots=True)
class MemberView:
    """A field, enum member or flag. `text` follows its name: `: int` or ` = "sha-256"`."""

    name: Identifier
    text: str
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
    """A case of a variant or of an error: `payload` is the type of `value`, `literal` what it is called in WIT."""

    name: ClassName
    docs: str
    literal: str
    payload: str | None


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
    code: ClassName
    class_variable: str
    builtins: dict[str, str]
    table: str
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
    docs = wit_type.docs or f"The WIT type `{wit_type.name}`."
    match wit_type.kind:
        case model.Record(fields):
            members = tuple(
                MemberView(name, f": {context.annotation(field.type)}", _member_docs(field.docs))
                for name, field in zip(names.members, fields, strict=True)
            )
            yield RecordView(names.name, docstring(docs, 1), _dataclass(context), members)
        case model.Flags(flags):
            members = tuple(
                MemberView(name, f" = {1 << bit}", _member_docs(flag.docs))
                for bit, (name, flag) in enumerate(zip(names.members, flags, strict=True))
            )
            yield EnumView(names.name, docstring(docs, 1), context.standard("enum", "Flag"), members)
        case model.Enum(cases):
            members = tuple(
                MemberView(name, f" = {string(case.name)}", _member_docs(case.docs))
                for name, case in zip(names.members, cases, strict=True)
            )
            yield EnumView(names.name, docstring(docs, 1), context.standard("enum", "Enum"), members)
            if names.is_error:
                yield _code_error(context, wit_type, cases)
        case model.Variant(variant_cases):
            views = tuple(
                _case(context, wit_type, name, case) for name, case in zip(names.cases, variant_cases, strict=True)
            )
            if names.is_error:
                yield ErrorView(
                    names.name,
                    docstring(docs, 1),
                    f"{context.standard('typing', 'ClassVar')}[{context.builtin('str')}]",
                    _error_builtins(context),
                    views,
                )
            else:
                prefix = f"{names.name}: {context.standard('typing', 'TypeAlias')} = "
                union = union_statement(prefix, names.cases)
                yield VariantView(docstring(docs), _dataclass(context), views, union)
        case kind:
            alias = f"{names.name}: {context.standard('typing', 'TypeAlias')} = {context.structure(kind)}"
            yield AliasView(alias, docstring(_alias_docs(context, wit_type)))


def _alias_docs(context: ModuleContext, wit_type: model.TypeDef) -> str:
    source = used_from(wit_type)
    if wit_type.docs or source is None:
        return wit_type.docs or f"The WIT type `{wit_type.name}`."
    return f"The type `{source.name}` of {context.owner(source).label}."


def _case(context: ModuleContext, owner: model.TypeDef, name: ClassName, case: model.Case) -> CaseView:
    docs = case.docs or f"The case `{case.name}` of `{owner.name}`."
    payload = None if case.type is None else context.annotation(case.type)
    return CaseView(name, docstring(docs, 1), string(case.name), payload)


def _code_error(context: ModuleContext, wit_type: model.TypeDef, cases: tuple[model.EnumCase, ...]) -> CodeErrorView:
    names = context.names.types[wit_type]
    if names.exception is None:
        raise TypeError(f"{wit_type.name} is no error")
    views = tuple(
        CaseView(
            class_name,
            docstring(case.docs or f"The case `{case.name}` of `{wit_type.name}`.", 1),
            f"{names.name}.{member}",
            None,
        )
        for class_name, member, case in zip(names.cases, names.members, cases, strict=True)
    )
    return CodeErrorView(
        names.exception,
        docstring(f"What a function raises that fails with `{wit_type.name}`: a class for each case.", 1),
        names.name,
        f"{context.standard('typing', 'ClassVar')}[{names.name}]",
        _error_builtins(context) | {"dict": context.builtin("dict")},
        context.private_name("exceptions", wit_type.name or ""),
        views,
    )


def _error_builtins(context: ModuleContext) -> dict[str, str]:
    wanted = ("Exception", "bool", "hash", "int", "isinstance", "object", "staticmethod", "str", "type")
    return {name: context.builtin(name) for name in wanted}


def _dataclass(context: ModuleContext) -> str:
    return f"{context.standard('dataclasses', 'dataclass')}(frozen=True, slots=True)"


def _member_docs(docs: str | None) -> str | None:
    return None if docs is None else docstring(docs, 1)
