"""Makes the cases that follow from the types alone: one for each parameter of each function, and the life of each
resource.

They need a call that works to start from: the first positive call of the function in the case file, with the steps
before it. They assert no particular outcome, only a value or error of the declared type, no trap, and that the first
call still works afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import CallStep, DropStep, Neutral, Step, SuiteCase
from elastic_hal.codegen.targets.suite.reach import functions_by_label
from elastic_hal.codegen.targets.suite.types import resource_of, returned_type
from elastic_hal.conformance.boundary_values import NoValue, edges, ordinary
from elastic_hal.conformance.cases import CaseFile
from elastic_hal.conformance.groups import members

TYPED = ("typed",)
SHORTEST_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class _Start:
    """A call that works: what goes before it, and the call."""

    before: tuple[Step, ...]
    call: CallStep


def boundary_cases(file: CaseFile) -> list[SuiteCase]:
    """The cases that the types of the file's interface give."""
    starts = _starts(file)
    cases: list[SuiteCase] = []
    for label, function in functions_by_label(file.interface).items():
        if label not in starts:
            continue
        cases.extend(_function_cases(file, label, function, starts[label]))
    for name, definition in file.interface.types.items():
        if isinstance(definition.kind, model.Resource):
            cases.extend(_life(file, name, definition, starts))
    return cases


def _starts(file: CaseFile) -> dict[str, _Start]:
    """For each function its first call that is expected to work, the shortest preparation first."""
    found: dict[str, _Start] = {}
    grouped = members(file.cases)
    alone = [case.steps for case in file.cases if case.id not in grouped]
    for steps in [*(fixture.steps for fixture in file.fixtures.values()), *alone]:
        for index, step in enumerate(steps):
            if not isinstance(step, CallStep) or step.interface != file.interface.id:
                continue
            if step.expect is not None and step.expect[0] != "ok":
                continue
            if step.function not in found or len(found[step.function].before) > index:
                found[step.function] = _Start(steps[:index], step)
    return found


def _function_cases(file: CaseFile, label: str, function: model.Function, start: _Start) -> Iterator[SuiteCase]:
    again = replace(start.call, expect=TYPED, bind=None, repeat=None)
    if not function.parameters:
        yield _case(file, f"boundary-{_slug(label)}", f"{label} keeps answering", label, (*start.before, again, again))
        return
    for index, parameter in enumerate(function.parameters):
        if f"{label}.{parameter.name}" in file.excluded:
            continue
        steps: list[Step] = []
        base = start.call.arguments
        for prepared, value in _values(file, parameter.type, base[index]):
            arguments = (*base[:index], value, *base[index + 1 :])
            steps += [*start.before, *prepared, replace(again, arguments=arguments)]
        if steps:
            steps += [*start.before, again]
            title = f"{label} answers every edge of {parameter.name}"
            yield _case(file, f"boundary-{_slug(label)}-{parameter.name}", title, label, tuple(steps))


def _values(file: CaseFile, wit_type: model.Type, base: Neutral) -> Iterator[tuple[tuple[Step, ...], Neutral]]:
    """Steps to prepare and the value that they make possible."""
    resource = _handled(wit_type)
    if resource is None:
        yield from (((), value) for value in edges(wit_type, base))
        return
    for fixture in file.fixtures.values():
        for name, bound in fixture.bound.items():
            if resource_of(bound) is resource:
                yield _renamed(fixture.steps, fixture.name), ("ref", f"{fixture.name}/{name}")


def _handled(wit_type: model.Type) -> model.TypeDef | None:
    """The resource that a parameter takes, also as an option."""
    if isinstance(wit_type, model.TypeDef) and isinstance(wit_type.kind, model.Option):
        return resource_of(wit_type.kind.type)
    return resource_of(wit_type)


def _renamed(steps: tuple[Step, ...], prefix: str) -> tuple[Step, ...]:
    """The steps with every bound name prefixed, so that they can't meet those of another preparation."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, CallStep):
            arguments = tuple(_rename(value, prefix) for value in step.arguments)
            bind = None if step.bind is None else f"{prefix}/{step.bind}"
            expect = None if step.expect is None else tuple(_rename(part, prefix) for part in step.expect)
            found.append(replace(step, arguments=arguments, bind=bind, expect=expect))
        elif isinstance(step, DropStep):
            found.append(replace(step, value=_rename(step.value, prefix)))
        else:
            found.append(replace(step, value=_rename(step.value, prefix), matcher=_rename(step.matcher, prefix)))
    return tuple(found)


def _rename(value: Neutral, prefix: str) -> Neutral:
    if isinstance(value, tuple):
        if value and value[0] == "ref":
            return ("ref", f"{prefix}/{value[1]}", *value[2:])
        return tuple(_rename(part, prefix) for part in value)
    if isinstance(value, list):
        return [_rename(part, prefix) for part in value]
    if isinstance(value, dict):
        return {name: _rename(part, prefix) for name, part in value.items()}
    return value


def _life(file: CaseFile, name: str, resource: model.TypeDef, starts: dict[str, _Start]) -> Iterator[SuiteCase]:
    """A resource is created, used, dropped, created again; and it is used after what it was made from is dropped."""
    functions = functions_by_label(file.interface)
    makers = [
        label
        for label, function in functions.items()
        if label in starts and (made := returned_type(function)) is not None and resource_of(made) is resource
    ]
    uses = list(_uses(functions, name, resource, starts))
    for maker in makers:
        start = starts[maker]
        make = replace(start.call, expect=None, bind="made", repeat=None)
        round_trip: tuple[Step, ...] = (*start.before, make, *uses, DropStep(("ref", "made")))
        slug = _slug(maker)
        yield _case(
            file, f"life-{name}-by-{slug}", f"{name} by {maker}: made, used, dropped, twice", maker, round_trip * 2
        )
        parents = [
            value
            for value, parameter in zip(start.call.arguments, functions[maker].parameters, strict=True)
            if isinstance(value, tuple) and value[0] == "ref" and resource_of(parameter.type) is not None
        ]
        if parents:
            drops = tuple(DropStep(value) for value in parents)
            steps = (*start.before, make, *drops, *uses, DropStep(("ref", "made")))
            title = f"{name} by {maker} is used after what it was made from is dropped"
            yield _case(file, f"life-{name}-by-{slug}-without-parent", title, maker, steps)


def _uses(
    functions: dict[str, model.Function], name: str, resource: model.TypeDef, starts: dict[str, _Start]
) -> Iterator[CallStep]:
    """A call of every method on what was made, with ordinary arguments where they can be written down."""
    for label, function in functions.items():
        if function.kind is not model.FunctionKind.METHOD or function.resource is not resource or label not in starts:
            continue
        try:
            rest = tuple(ordinary(parameter.type) for parameter in function.parameters[1:])
        except NoValue:
            continue
        arguments = (("ref", "made"), *rest)
        yield replace(starts[label].call, arguments=arguments, expect=TYPED, bind=None, repeat=None)


def _case(file: CaseFile, identifier: str, title: str, label: str, steps: tuple[Step, ...]) -> SuiteCase:
    catalogue = file.catalogue_of(label)
    return SuiteCase(
        id=identifier,
        title=title,
        origin="types",
        steps=steps,
        catalogue=catalogue,
        needs=catalogue,
        boundary=(label,),
        timeout=SHORTEST_TIMEOUT,
        place=f"{file.path}:1",
    )


def _slug(label: str) -> str:
    return label.replace(".", "-")
