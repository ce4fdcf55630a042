"""Compares the named types of an interface or world."""

from __future__ import annotations

from collections.abc import Mapping

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_attributes
from elastic_hal.codegen.diffing.changes import Subject
from elastic_hal.codegen.diffing.members import CASES, FIELDS, FLAGS, Member, compare_members
from elastic_hal.codegen.diffing.owners import resolved
from elastic_hal.codegen.diffing.places import member_spans
from elastic_hal.codegen.diffing.rules import Rule
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.diffing.writing import type_definition_text, type_step, written

Types = Mapping[str, model.TypeDef]


def compare_types(run: Run, location: Location, olds: Types, news: Types) -> None:
    """Reports types that were added, removed or changed. Functions of resources are left to others."""
    for name, old in olds.items():
        if name in news:
            _compare_type(run, location, old, news[name])
        else:
            rule = Rule.RESOURCE_REMOVED if isinstance(old.kind, model.Resource) else Rule.TYPE_REMOVED
            here = location.behind(type_step(old), old.stability, None)
            run.report(rule, here, _subject(old), None, run.travels(old))
    for name, new in news.items():
        if name not in olds:
            rule = Rule.RESOURCE_ADDED if isinstance(new.kind, model.Resource) else Rule.TYPE_ADDED
            here = location.behind(type_step(new), None, new.stability)
            run.report(rule, here, None, _subject(new), run.travels(new))


def _subject(type: model.TypeDef) -> Subject:
    return Subject(type_definition_text(type), type.span)


def _compare_type(run: Run, outer: Location, old: model.TypeDef, new: model.TypeDef) -> None:
    step = type_step(new) if type_step(old) == type_step(new) else f"type {new.name}"
    location = outer.behind(step, old.stability, new.stability)
    compare_attributes(run, outer, location, old, new, obliges=isinstance(new.kind, model.Resource))
    if isinstance(old.kind, model.Alias) and isinstance(new.kind, model.Alias):
        is_same = run.equality.same(old.kind.target, new.kind.target)
    else:
        is_same = run.equality.same_structure(old, new)
    before, after = resolved(old), resolved(new)
    if is_same:
        _compare_member_docs(run, location, old, new)
    elif not isinstance(before, model.TypeDef) or not isinstance(after, model.TypeDef):
        run.report(Rule.TYPE_CHANGED, location, _subject(old), _subject(new), run.travels(old, new))
    else:
        _compare_definitions(run, location, (old, before), (new, after))


def _compare_definitions(
    run: Run,
    location: Location,
    old: tuple[model.TypeDef, model.TypeDef],
    new: tuple[model.TypeDef, model.TypeDef],
) -> None:
    """Compares what two names stand for; each pair is the name and what it resolves to."""
    travels = run.travels(old[0], new[0])
    match old[1].kind, new[1].kind:
        case (model.Record(), model.Record()):
            compare_members(run, location, FIELDS, _members(old[1]), _members(new[1]), travels)
        case (model.Variant(), model.Variant()) | (model.Enum(), model.Enum()):
            compare_members(run, location, CASES, _members(old[1]), _members(new[1]), travels)
        case (model.Flags(), model.Flags()):
            compare_members(run, location, FLAGS, _members(old[1]), _members(new[1]), travels)
        case _:
            run.report(Rule.TYPE_CHANGED, location, _subject(old[0]), _subject(new[0]), travels)


def _compare_member_docs(run: Run, location: Location, old: model.TypeDef, new: model.TypeDef) -> None:
    """Types that are the same can still differ in the documentation of what they consist of."""
    rules = {model.Record: FIELDS, model.Variant: CASES, model.Enum: CASES, model.Flags: FLAGS}.get(type(new.kind))
    if rules is not None and type(old.kind) is type(new.kind):
        compare_members(run, location, rules, _members(old), _members(new))


def _members(definition: model.TypeDef) -> list[Member]:
    spans = member_spans(definition.span)

    def member(name: str, type: model.Type | None, docs: str | None, text: str) -> Member:
        return Member(name, type, docs, text, spans.get(name, definition.span))

    match definition.kind:
        case model.Record(fields):
            return [member(one.name, one.type, one.docs, f"{one.name}: {written(one.type)}") for one in fields]
        case model.Variant(cases):
            return [
                member(one.name, one.type, one.docs, f"{one.name}({written(one.type)})" if one.type else one.name)
                for one in cases
            ]
        case model.Enum(cases=labels):
            return [member(one.name, None, one.docs, one.name) for one in labels]
        case model.Flags(flags):
            return [member(one.name, None, one.docs, one.name) for one in flags]
    return []
