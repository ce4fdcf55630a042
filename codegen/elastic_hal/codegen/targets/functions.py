"""What host and guest bindings have in common about functions: Python signatures, docs, members of resources and
errors.
"""

from __future__ import annotations

from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import Identifier, Scope, SnakeName, snake
from elastic_hal.codegen.targets.facts import definition, function_result, kind_of
from elastic_hal.codegen.targets.layout import definition_statement, docstring, string
from elastic_hal.codegen.targets.module_context import ModuleContext
from elastic_hal.codegen.targets.plan import ModulePlan
from elastic_hal.codegen.targets.type_names import Names, parameter_names


def freestanding(functions: tuple[model.Function, ...]) -> tuple[model.Function, ...]:
    """The functions that belong to no resource."""
    return tuple(function for function in functions if function.kind is model.FunctionKind.FREESTANDING)


def functions_of(
    functions: tuple[model.Function, ...], resource: model.TypeDef, *kinds: model.FunctionKind
) -> tuple[model.Function, ...]:
    """The functions of a resource that are of the given kinds."""
    return tuple(function for function in functions if function.resource is resource and function.kind in kinds)


def claim_names(functions: tuple[model.Function, ...], scope: Scope) -> dict[model.Function, SnakeName]:
    """A name in `scope` for each function."""
    return {function: scope.claim(snake(function.short_name)) for function in functions}


def own_parameters(function: model.Function) -> tuple[model.Parameter, ...]:
    """The parameters without the `self` of a method."""
    return function.parameters[1:] if function.kind is model.FunctionKind.METHOD else function.parameters


def returned(context: ModuleContext, function: model.Function) -> str:
    """The type that a call returns: the `ok` of a result, whose `err` is raised."""
    result = function_result(function)
    return context.annotation(function.result if result is None else result.ok)


def signature(
    context: ModuleContext,
    name: Identifier | str,
    function: model.Function,
    *,
    first: str = "",
    returns: str,
    depth: int,
) -> str:
    """`def name(first, parameters) -> returns:`."""
    named = zip(parameter_names(function), own_parameters(function), strict=True)
    parameters = tuple(f"{parameter}: {context.annotation(wit.type)}" for parameter, wit in named)
    return definition_statement(name, (first, *parameters) if first else parameters, returns, depth)


def module_docs(context: ModuleContext) -> str:
    """The docs of an interface as the docstring of its module."""
    return docstring(context.module.docs or f"Bindings of {context.module.label}.")


def module_constant(context: ModuleContext) -> str:
    """The constant in which a module keeps the name of what it is made from."""
    if context.module.import_name is None:
        return f'WORLD = {string(context.plan.world_id)}\n"""The world that imports it without an interface."""'
    return f'INTERFACE = {string(context.module.import_name)}\n"""The name under which a component imports it."""'


@dataclass(frozen=True, slots=True)
class Failure:
    """How a function's `err` looks in Python.

    `definition` is its variant or enum, None for every other type. `raised` is the class whose instances stand for
    it. `internal` is the class of the variant's case `internal(string)`, if it has one.
    """

    definition: model.TypeDef | None
    raised: str
    internal: str | None


def failure(context: ModuleContext, result: model.Result) -> Failure:
    """The Python form of the `err` of a function's result."""
    kind = None if result.err is None else kind_of(result.err)
    if result.err is None or not isinstance(kind, model.Variant | model.Enum):
        return Failure(None, f"{context.support}.ResultError", None)
    error = definition(result.err)
    names = context.names.types[error]
    if isinstance(kind, model.Enum):
        return Failure(error, context.qualified(error, names.exception or names.name), None)
    internal = None
    for name, case in zip(names.cases, kind.cases, strict=True):
        if case.name == "internal" and case.type is not None and kind_of(case.type) is model.Primitive.STRING:
            internal = context.qualified(error, name)
    return Failure(error, context.qualified(error, names.name), internal)


def hidden_names(module: ModulePlan, names: Names) -> set[str]:
    """Every name that the contract puts into a module or a class of it. A builtin of such a name is hidden there."""
    found = {str(names.titles[module])}
    found |= {str(snake(function.short_name)) for function in module.functions}
    for wit_type in module.types:
        own = names.types[wit_type]
        found |= {own.name, *own.members, *own.cases} | ({own.exception} if own.exception else set())
    return found
