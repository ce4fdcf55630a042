"""Compares ordered lists of named things: fields, cases, flags and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_docs
from elastic_hal.codegen.diffing.changes import Subject, Travel
from elastic_hal.codegen.diffing.rules import Rule
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.source import Span


@dataclass(frozen=True, slots=True)
class Member:
    """One of the list, with the text that it has there."""

    name: str
    type: model.Type | None
    docs: str | None
    text: str
    span: Span | None

    @property
    def subject(self) -> Subject:
        """The member as a change shows it."""
        return Subject(self.text, self.span)


@dataclass(frozen=True, slots=True)
class MemberRules:
    """What changes of one kind of member are called; `word` is the kind's name in paths."""

    word: str
    added: Rule
    removed: Rule
    renamed: Rule
    reordered: Rule
    changed: Rule


FIELDS = MemberRules(
    "field", Rule.FIELD_ADDED, Rule.FIELD_REMOVED, Rule.FIELD_RENAMED, Rule.FIELDS_REORDERED, Rule.FIELD_CHANGED
)
CASES = MemberRules(
    "case", Rule.CASE_ADDED, Rule.CASE_REMOVED, Rule.CASE_RENAMED, Rule.CASES_REORDERED, Rule.CASE_CHANGED
)
FLAGS = MemberRules(
    "flag", Rule.FLAG_ADDED, Rule.FLAG_REMOVED, Rule.FLAG_RENAMED, Rule.FLAGS_REORDERED, Rule.TYPE_CHANGED
)
PARAMETERS = MemberRules(
    "parameter",
    Rule.PARAMETER_ADDED,
    Rule.PARAMETER_REMOVED,
    Rule.PARAMETER_RENAMED,
    Rule.PARAMETERS_REORDERED,
    Rule.PARAMETER_CHANGED,
)


def compare_members(
    run: Run,
    location: Location,
    rules: MemberRules,
    olds: Sequence[Member],
    news: Sequence[Member],
    travels: frozenset[Travel] = frozenset(),
) -> None:
    """Reports what differs between two lists. A member that left and one of its type in its place is a renamed one."""
    before = {member.name: member for member in olds}
    after = {member.name: member for member in news}
    renamed = _renamed(run, olds, news, before, after)
    for name, member in before.items():
        here = location.at(f"{rules.word} {name}")
        if name in after:
            other = after[name]
            if not run.equality.same(member.type, other.type):
                run.report(rules.changed, here, member.subject, other.subject, travels)
            compare_docs(run, here, (member.docs, member.span), (other.docs, other.span))
        elif name in renamed:
            run.report(rules.renamed, here, member.subject, renamed[name].subject, travels)
        else:
            run.report(rules.removed, here, member.subject, None, travels)
    new_names = {member.name for member in renamed.values()}
    for name, member in after.items():
        if name not in before and name not in new_names:
            run.report(rules.added, location.at(f"{rules.word} {name}"), None, member.subject, travels)
    old_order = [name for name in before if name in after]
    new_order = [name for name in after if name in before]
    if old_order != new_order:
        old_subject, new_subject = (
            Subject(", ".join(old_order), _first(olds)),
            Subject(", ".join(new_order), _first(news)),
        )
        run.report(rules.reordered, location, old_subject, new_subject, travels)


def _renamed(
    run: Run,
    olds: Sequence[Member],
    news: Sequence[Member],
    before: dict[str, Member],
    after: dict[str, Member],
) -> dict[str, Member]:
    if len(olds) != len(news):
        return {}
    return {
        old.name: new
        for old, new in zip(olds, news, strict=True)
        if old.name not in after and new.name not in before and run.equality.same(old.type, new.type)
    }


def _first(members: Sequence[Member]) -> Span | None:
    return members[0].span if members else None
