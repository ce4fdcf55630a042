"""The names that componentize-py gives to what it makes in `wit_world`, under the bindings here.

They follow from the contract, except for the module of an interface: componentize-py puts the package, and then the
version, into its name where the guest's world would have two modules of one name otherwise. So there are several
candidates, and the guest's world decides.
"""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import ClassName, SnakeName, case_class, pascal, snake
from elastic_hal.codegen.targets.functions import freestanding
from elastic_hal.codegen.targets.plan import ModulePlan

INLINE_PREFIX = "inline-"
"""componentize-py binds named interfaces only: the build of a guest puts this before the names of inline ones."""


def modules(module: ModulePlan) -> tuple[str, ...]:
    """The candidates for the module of an interface, the most exact name first."""
    if module.import_name is None:
        return ("wit_world",)
    if ":" not in module.import_name:
        return (f"wit_world.imports.{_module(INLINE_PREFIX + module.import_name)}",)
    package = module.package
    name = module.import_name.partition("/")[2].partition("@")[0]
    qualified = f"{package.namespace}-{package.name}-{name}"
    candidates = [qualified, name]
    if package.version is not None:
        candidates.insert(0, f"{qualified}-{str(package.version).replace('.', '-')}")
    return tuple(f"wit_world.imports.{_module(candidate)}" for candidate in candidates)


def type_class(wit_type: model.TypeDef) -> ClassName:
    """The class of a record, enum, flags or resource."""
    return pascal(wit_type.name or "")


def case(wit_type: model.TypeDef, wit_case: model.Case) -> ClassName:
    """The class of one case of a variant."""
    own = pascal(wit_case.name)
    joined = case_class(type_class(wit_type), wit_case.name)
    return ClassName(f"{joined}_") if own.endswith("_") else joined


def attribute(wit_name: str) -> SnakeName:
    """A function, method or field."""
    return snake(wit_name)


def expected(module: ModulePlan) -> tuple[str, ...]:
    """Names that the module has if it is the right one."""
    found: list[str] = []
    for wit_type in module.types:
        if isinstance(wit_type.kind, model.Variant):
            found += (case(wit_type, wit_case) for wit_case in wit_type.kind.cases)
        elif isinstance(wit_type.kind, model.Record | model.Enum | model.Flags | model.Resource):
            found.append(type_class(wit_type))
    found += (attribute(function.short_name) for function in freestanding(module.functions))
    return tuple(found)


def _module(kebab: str) -> str:
    words = (character if character.isalnum() else "-" for character in kebab)
    return snake("".join(words))
