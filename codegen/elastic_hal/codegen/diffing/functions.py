"""Compares the functions of an interface or world, those of resources included."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_attributes
from elastic_hal.codegen.diffing.changes import Subject
from elastic_hal.codegen.diffing.members import PARAMETERS, Member, compare_members
from elastic_hal.codegen.diffing.rules import Rule
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.diffing.writing import function_text, own_parameters, written

Functions = Mapping[str, model.Function]


@dataclass(frozen=True, slots=True)
class FunctionRules:
    """What it is called when a function comes or goes."""

    added: Rule
    removed: Rule


OF_INTERFACE = FunctionRules(Rule.FUNCTION_ADDED, Rule.FUNCTION_REMOVED)


def compare_functions(
    run: Run,
    location: Location,
    olds: Functions,
    news: Functions,
    resources: tuple[Set[str], Set[str]],
    rules: FunctionRules = OF_INTERFACE,
) -> None:
    """Reports functions that were added, removed or changed.

    `resources` are the names of the resources in both versions: functions of one that is new or gone go without saying.
    """
    before, after = _by_step(olds), _by_step(news)
    for step, old in before.items():
        if step in after:
            _compare_function(run, location, step[-1], old, after[step])
        elif _has_resource(old, resources[1]):
            here = _outer(location, old, None).behind(step[-1], old.stability, None)
            run.report(rules.removed, here, function_subject(old), None)
    for step, new in after.items():
        if step not in before and _has_resource(new, resources[0]):
            here = _outer(location, None, new).behind(step[-1], None, new.stability)
            run.report(rules.added, here, None, function_subject(new))


def _compare_function(run: Run, location: Location, step: str, old: model.Function, new: model.Function) -> None:
    outer = _outer(location, old, new)
    here = outer.behind(step, old.stability, new.stability)
    before, after = function_subject(old), function_subject(new)
    compare_attributes(run, outer, here, old, new, obliges=True)
    if old.kind is not new.kind:
        run.report(Rule.FUNCTION_KIND_CHANGED, here, before, after)
    if old.is_async != new.is_async:
        run.report(Rule.ASYNC_CHANGED, here, before, after)
    compare_members(run, here, PARAMETERS, _parameters(old), _parameters(new))
    if not run.equality.same(old.result, new.result):
        result = here.at("result")
        run.report(Rule.RESULT_CHANGED, result, _result_subject(old), _result_subject(new))


def function_subject(function: model.Function) -> Subject:
    """A function as a change shows it."""
    return Subject(function_text(function), function.span)


def _by_step(functions: Functions) -> dict[tuple[str, ...], model.Function]:
    """Functions by the end of their path, where a method and a static function of one name are the same."""
    return {_step(function): function for function in functions.values()}


def _step(function: model.Function) -> tuple[str, ...]:
    if function.kind is model.FunctionKind.CONSTRUCTOR:
        step = "constructor"
    else:
        word = "function" if function.accessor is None else function.accessor.value
        step = f"{word} {function.short_name}"
    return (step,) if function.resource is None else (f"resource {function.resource.name}", step)


def _outer(location: Location, old: model.Function | None, new: model.Function | None) -> Location:
    """What a function stands in: its resource where it has one, with the gates of that."""
    before = None if old is None else old.resource
    after = None if new is None else new.resource
    resource = before or after
    if resource is None:
        return location
    return location.behind(
        f"resource {resource.name}", before.stability if before else None, after.stability if after else None
    )


def _has_resource(function: model.Function, resources: Set[str]) -> bool:
    return function.resource is None or function.resource.name in resources


def _parameters(function: model.Function) -> list[Member]:
    return [
        Member(one.name, one.type, None, f"{one.name}: {written(one.type)}", function.span)
        for one in own_parameters(function)
    ]


def _result_subject(function: model.Function) -> Subject:
    return Subject("" if function.result is None else written(function.result), function.span)
