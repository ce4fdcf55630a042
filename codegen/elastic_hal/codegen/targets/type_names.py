"""The Python names of every type in a generated tree. Host and guest bindings of one world have the same ones."""

from __future__ import annotations

from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import (
    ClassName,
    Identifier,
    PrivateName,
    Scope,
    SnakeName,
    case_class,
    pascal,
    private,
    snake,
    upper,
)
from elastic_hal.codegen.targets.facts import error_types
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan

MODULE_CONSTANTS = ("INTERFACE", "WORLD")
FUTURE_IMPORTS = ("annotations",)
"""What `from __future__` leaves in a module: functions of a guest's module may not be called so."""
HELPERS = ("_typing", "_enum", "_abc", "_dataclasses", "_builtins", "_abi", "_support", "_raw", "_error", "_result")
"""Private names that the templates write in generated modules."""


@dataclass(frozen=True, slots=True)
class TypeNames:
    """The names that one WIT type gives rise to.

    `members` are fields, enum members or flags, `cases` the classes of a variant's cases or of an error enum's
    exceptions, `exception` the base of the latter. `codec` converts values of the type.
    """

    name: ClassName
    codec: PrivateName
    members: tuple[Identifier, ...] = ()
    cases: tuple[ClassName, ...] = ()
    exception: ClassName | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """Names of all types of a tree, and of each module's title class (the Protocol of its functions)."""

    types: dict[model.TypeDef, TypeNames]
    titles: dict[ModulePlan, ClassName]


def name_types(plan: TreePlan) -> Names:
    """Names every type of the tree, in the order of the contract."""
    errors = error_types(plan.resolve, plan.world)
    types: dict[model.TypeDef, TypeNames] = {}
    titles: dict[ModulePlan, ClassName] = {}
    for module in plan.modules:
        scope = Scope(MODULE_CONSTANTS)
        own = {wit_type: scope.claim(pascal(wit_type.name or "")) for wit_type in module.types}
        helpers = Scope(HELPERS)
        for wit_type, name in own.items():
            codec = helpers.claim(private("codec", wit_type.name or ""))
            types[wit_type] = _names_of(wit_type, name, codec, scope, wit_type in errors)
        wanted = module.title if module.title not in scope else ClassName(f"{module.title}Interface")
        titles[module] = scope.claim(wanted)
    return Names(types, titles)


def _names_of(wit_type: model.TypeDef, name: ClassName, codec: PrivateName, scope: Scope, is_error: bool) -> TypeNames:
    members = Scope()
    match wit_type.kind:
        case model.Record(fields):
            return TypeNames(name, codec, tuple(members.claim(snake(field.name)) for field in fields))
        case model.Flags(flags):
            return TypeNames(name, codec, tuple(members.claim(upper(flag.name)) for flag in flags))
        case model.Variant(variant_cases):
            classes = tuple(scope.claim(case_class(name, case.name)) for case in variant_cases)
            return TypeNames(name, codec, (), classes, None, is_error)
        case model.Enum(enum_cases):
            labels = tuple(members.claim(upper(case.name)) for case in enum_cases)
            if not is_error:
                return TypeNames(name, codec, labels)
            exception = scope.claim(ClassName(f"{name}Exception"))
            classes = tuple(scope.claim(case_class(name, case.name)) for case in enum_cases)
            return TypeNames(name, codec, labels, classes, exception, True)
        case _:
            return TypeNames(name, codec)


def parameter_names(function: model.Function) -> tuple[SnakeName, ...]:
    """The parameters' names. `self` and `cls` belong to Python, except for the `self` of a method."""
    method = function.kind is model.FunctionKind.METHOD
    scope = Scope(("self", "cls"))
    own = function.parameters[1:] if method else function.parameters
    return tuple(scope.claim(snake(parameter.name)) for parameter in own)
