"""Compares what stands before an item: its gate, its external id and its documentation."""

from __future__ import annotations

from dataclasses import replace

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.changes import Subject
from elastic_hal.codegen.diffing.rules import Rule
from elastic_hal.codegen.diffing.run import Location, Run, feature_of
from elastic_hal.codegen.source import Span
from elastic_hal.codegen.syntax.strings import write_string

Documented = model.Interface | model.World | model.TypeDef | model.Function


def compare_attributes(
    run: Run, outer: Location, location: Location, old: Documented, new: Documented, obliges: bool
) -> None:
    """Reports changes before an item at `location`, which stands in `outer`.

    `obliges` says whether somebody has to provide the item where it is promised.
    """
    compare_gates(run, outer, location, (old.stability, old.span), (new.stability, new.span), obliges)
    if not isinstance(old, model.Interface | model.World) and not isinstance(new, model.Interface | model.World):
        compare_external_ids(run, location, (old.external_id, old.span), (new.external_id, new.span))
    compare_docs(run, location, (old.docs, old.span), (new.docs, new.span))


def compare_gates(
    run: Run,
    outer: Location,
    location: Location,
    old: tuple[model.Stability, Span | None],
    new: tuple[model.Stability, Span | None],
    obliges: bool = True,
) -> None:
    """Reports a changed `@since`, `@unstable` or `@deprecated`."""
    before, after = Subject(_gate_text(old[0]), old[1]), Subject(_gate_text(new[0]), new[1])
    old_feature, new_feature = feature_of(old[0]), feature_of(new[0])
    is_promised = outer.old_feature is None and outer.new_feature is None
    if old_feature is not None and new_feature is not None:
        if old_feature != new_feature:
            run.report(Rule.FEATURE_RENAMED, location, before, after)
    elif old_feature is not None and is_promised:
        roles = outer.roles if obliges else frozenset()
        run.report(Rule.STABILISED, replace(outer, path=location.path, roles=roles), before, after)
    elif new_feature is not None and is_promised:
        run.report(Rule.WITHDRAWN, replace(outer, path=location.path), before, after)
    elif _since(old[0]) != _since(new[0]):
        run.report(Rule.SINCE_CHANGED, location, before, after)
    old_deprecated = None if old[0] is None else old[0].deprecated
    new_deprecated = None if new[0] is None else new[0].deprecated
    if old_deprecated is None and new_deprecated is not None:
        run.report(Rule.DEPRECATED, location, before, after)
    elif old_deprecated != new_deprecated:
        run.report(Rule.DEPRECATION_CHANGED, location, before, after)


def compare_external_ids(
    run: Run, location: Location, old: tuple[str | None, Span | None], new: tuple[str | None, Span | None]
) -> None:
    """Reports a changed `@external-id`."""
    if old[0] != new[0]:
        before, after = (
            Subject("" if text is None else f"@external-id({write_string(text)})", span) for text, span in (old, new)
        )
        run.report(Rule.EXTERNAL_ID_CHANGED, location, before, after)


def compare_docs(
    run: Run, location: Location, old: tuple[str | None, Span | None], new: tuple[str | None, Span | None]
) -> None:
    """Reports changed documentation; a comment that says nothing is none."""
    before, after = (old[0] or "").strip(), (new[0] or "").strip()
    if before != after:
        run.report(Rule.DOCS_CHANGED, location, Subject(before, old[1]), Subject(after, new[1]))


def _since(stability: model.Stability) -> model.Version | None:
    return stability.version if isinstance(stability, model.Since) else None


def _gate_text(stability: model.Stability) -> str:
    if stability is None:
        return ""
    if isinstance(stability, model.Since):
        text = f"@since(version = {stability.version})"
    else:
        text = f"@unstable(feature = {stability.feature})"
    return text if stability.deprecated is None else f"{text} @deprecated(version = {stability.deprecated})"
