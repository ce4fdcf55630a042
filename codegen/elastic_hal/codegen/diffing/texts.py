"""A report as text, for people: the worst first, then whether the declared version is enough."""

from __future__ import annotations

from collections.abc import Iterator

from elastic_hal.codegen.diffing.changes import Change, Subject
from elastic_hal.codegen.diffing.reasons import LINKING
from elastic_hal.codegen.diffing.report import Report
from elastic_hal.codegen.diffing.rules import Bump, Rule
from elastic_hal.common.text import MAX_MESSAGE, shown

_GROUPS = (
    ("breaking-for-both", "Breaking for hosts and guests", "31;1"),
    ("breaking-for-guests", "Breaking for guests", "31;1"),
    ("breaking-for-hosts", "Breaking for hosts", "33;1"),
    ("compatible", "Compatible", "32;1"),
    ("exempt", "Unstable, so that nothing is promised", "36;1"),
    ("docs", "Documentation only", "36;1"),
)
_MAX_TEXT = 200
"""Characters of a declaration that are shown; a signature can be as long as the text allows."""


def to_text(report: Report, colour: bool) -> str:
    """The report in lines, without a line break at the end."""
    lines = [f"{shown(report.package, MAX_MESSAGE)} {_version(report.old.version)} → {_version(report.new.version)}"]
    for group, title, style in _GROUPS:
        changes = [change for change in report.changes if _group(change) == group]
        if changes:
            lines += ["", _styled(f"{title} ({len(changes)})", style, colour)]
            if any(change.why.endswith(LINKING) for change in changes):
                lines.append(f"  {LINKING}")
            for change in changes:
                lines += _change(change, colour)
    style = "32;1" if report.is_sufficient else "31;1"
    return "\n".join([*lines, "", _styled(verdict(report), style, colour)])


def verdict(report: Report) -> str:
    """Whether the declared version is enough, in one sentence."""
    old, new = report.old.version, report.new.version
    if report.bump is Bump.NONE:
        if old is None or report.is_sufficient:
            return "nothing changed"
        return f"nothing changed, but {f'{new} comes before' if new else 'the new version is not declared after'} {old}"
    bump = report.bump.name.lower()
    if old is None:
        return (
            f"these changes need a {bump} bump, but the old version declares no version, so that nothing was promised"
        )
    what = f"these changes need a {bump} bump: after {old} comes {report.needed} or later"
    if new is None:
        return f"{what}, and the new version declares none"
    return f"{what}; {new} is {'enough' if report.is_sufficient else 'too small'}"


def _group(change: Change) -> str:
    if change.exempt is not None:
        return "exempt"
    return "docs" if change.rule is Rule.DOCS_CHANGED else change.verdict


def _change(change: Change, colour: bool) -> Iterator[str]:
    path = _styled(shown(" / ".join(change.path), MAX_MESSAGE), "1", colour)
    yield f"  {path}  [{change.rule.code}]"
    if change.rule is Rule.DOCS_CHANGED:
        yield from (f"    {name}: {shown(one.place, MAX_MESSAGE)}" for name, one in _sides(change) if one.place)
        return
    for name, subject in _sides(change):
        text = subject.text if len(subject.text) <= _MAX_TEXT else subject.text[:_MAX_TEXT] + "…"
        place = f"  ({subject.place})" if subject.place else ""
        yield f"    {name}: {shown(text or 'nothing', MAX_MESSAGE)}{shown(place, MAX_MESSAGE)}"
    yield f"    {shown(change.why.removesuffix(f'; {LINKING}'), MAX_MESSAGE)}"


def _sides(change: Change) -> Iterator[tuple[str, Subject]]:
    if change.old is not None:
        yield "old", change.old
    if change.new is not None:
        yield "new", change.new


def _version(version: object) -> str:
    return "(no version)" if version is None else str(version)


def _styled(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour else text
