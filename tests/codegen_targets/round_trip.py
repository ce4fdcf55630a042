"""Sample values of any WIT type as Python text, and the calls that carry them between guest and host.

The text means the same under host and guest bindings, because both give a type the same name. For each function there
are several calls; the arguments of the first one with the same arguments decide what the host answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import Scope
from elastic_hal.codegen.targets.facts import dealias, function_result, may_be_none, resource_of
from elastic_hal.codegen.targets.functions import claim_names, freestanding, functions_of, own_parameters
from elastic_hal.codegen.targets.guest import views as guest_views
from elastic_hal.codegen.targets.host import views as host_views
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan
from elastic_hal.codegen.targets.type_names import FUTURE_IMPORTS, MODULE_CONSTANTS, Names, TypeNames

CALLS = 6
Kind = model.FunctionKind

_INTEGERS = {
    f"{sign}{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign == "s" else (0, 2**bits - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
_OTHERS = {
    "bool": ("True", "False"),
    "f32": ("0.5", "-1.0", "3.25"),
    "f64": ("1e300", "-0.1", "0.0"),
    "char": ("'a'", "'€'", "'\\U0001f600'"),
    "string": ("'näh\\0'", "''", "'x' * 40"),
}


@dataclass(frozen=True)
class Call:
    """One call: what the guest evaluates and expects, and what the host compares and answers."""

    label: str
    function: model.Function
    call: str
    arguments: str
    answer: str
    raises: bool


class Samples:
    """Texts for the types and functions of one tree. `alias` names a module, such as `test_values__echo`."""

    def __init__(self, plan: TreePlan, names: Names) -> None:
        self.plan = plan
        self.names = names

    def alias(self, module: ModulePlan) -> str:
        return f"{module.folder}__{module.module}"

    def value(self, wit_type: model.Type | None, seed: int, resource: str) -> str:
        """A value; `resource` is the function that gives an object of a resource's class: `new` or `like`."""
        if wit_type is None:
            return "None"
        plain = dealias(wit_type)
        if isinstance(plain, model.Primitive):
            return self._primitive(plain.value, seed)

        def inner(part: model.Type | None, offset: int = 1) -> str:
            return self.value(part, seed + offset, resource)

        match plain.kind:
            case model.Resource() | model.Own() | model.Borrow():
                return f"{resource}({self._class(resource_of(plain))})"
            case model.List(element) if dealias(element) is model.Primitive.U8:
                return ("b'\\0\\xff'", "b''", "bytes(range(256))")[seed % 3]
            case model.FixedLengthList(element, length) if dealias(element) is model.Primitive.U8:
                return f"bytes(range({seed}, {seed + length}))"
            case model.List(element):
                return f"[{', '.join(inner(element, 1 + number) for number in range((2, 0, 1)[seed % 3]))}]"
            case model.FixedLengthList(element, length):
                return f"[{', '.join(inner(element, 1 + number) for number in range(length))}]"
            case model.Option(content):
                if seed % 3 == 1:
                    return "None"
                return f"Some({inner(content)})" if may_be_none(content) else inner(content)
            case model.Result(ok, err):
                return f"Err({inner(err)})" if seed % 2 else f"Ok({inner(ok)})"
            case model.Tuple(types):
                return f"({''.join(inner(part, number) + ', ' for number, part in enumerate(types))})"
            case model.Map(key, content):
                return f"{{{', '.join(f'{inner(key, i)}: {inner(content, i)}' for i in range(seed % 2 + 1))}}}"
            case model.Record(fields):
                return f"{self._class(plain)}({', '.join(inner(field.type, i) for i, field in enumerate(fields))})"
            case model.Flags(flags):
                return f"{self._class(plain)}({(seed * 5 + 1) % 2 ** len(flags)})"
            case model.Enum(cases):
                return f"{self._class(plain)}.{self._names(plain).members[seed % len(cases)]}"
            case model.Variant(cases):
                case = cases[seed % len(cases)]
                name = f"{self._module(plain)}.{self._names(plain).cases[seed % len(cases)]}"
                return f"{name}({inner(case.type) if case.type else ''})"
            case kind:
                raise TypeError(kind)

    def calls(self, module: ModulePlan) -> Iterator[Call]:
        for function, target in self._guest_functions(module):
            texts = [self._arguments(function, seed, "like") for seed in range(CALLS)]
            for seed, text in enumerate(texts):
                decisive = seed if not function.parameters else texts.index(text)
                result = function_result(function)
                raises = result is not None and decisive % 2 == 1 and not self._makes(function)
                if result is None:
                    answer = self.value(function.result, decisive, "like")
                else:
                    answer = self._error(result.err, decisive) if raises else self.value(result.ok, decisive, "like")
                yield Call(
                    f"{module.label} {function.name} {seed}",
                    function,
                    f"{target}({self._arguments(function, seed, 'new')})",
                    f"({text})",
                    answer,
                    raises,
                )

    def makers(self) -> Iterator[tuple[str, str]]:
        """For each resource its class, and a call that makes an object of it."""
        for module in self.plan.modules:
            targets = dict(self._guest_functions(module))
            for function, target in targets.items():
                if self._makes(function):
                    arguments = self._arguments(function, 0, "new")
                    yield self._class(resource_of(self._made(function))), f"{target}({arguments})"

    def provided(self, module: ModulePlan) -> dict[str, model.Function]:
        """The names of what a host implements for the functions that no object has."""
        scope = Scope()
        found = {str(name): function for function, name in claim_names(freestanding(module.functions), scope).items()}
        for resource in self._resources(module):
            for function in functions_of(module.functions, resource, Kind.CONSTRUCTOR, Kind.STATIC):
                short = "constructor" if function.kind is Kind.CONSTRUCTOR else function.short_name.replace("-", "_")
                found[f"{self.names.types[resource].name}_{short.lower()}"] = function
        return found

    def methods(self, module: ModulePlan) -> dict[str, dict[str, model.Function]]:
        """For each resource's class the names of its methods on the host."""
        found = {}
        for resource in self._resources(module):
            functions = functions_of(module.functions, resource, Kind.METHOD)
            named = claim_names(functions, Scope(host_views.RESOURCE_MEMBERS))
            found[str(self.names.types[resource].name)] = {str(name): function for function, name in named.items()}
        return found

    def _guest_functions(self, module: ModulePlan) -> Iterator[tuple[model.Function, str]]:
        alias = self.alias(module)
        for function, name in claim_names(
            freestanding(module.functions), Scope((*MODULE_CONSTANTS, *FUTURE_IMPORTS))
        ).items():
            yield function, f"{alias}.{name}"
        for resource in self._resources(module):
            for function in functions_of(module.functions, resource, Kind.CONSTRUCTOR):
                yield function, self._class(resource)
            others = functions_of(module.functions, resource, Kind.STATIC, Kind.METHOD)
            for function, name in claim_names(others, Scope(guest_views.RESOURCE_MEMBERS)).items():
                owner = f"new({self._class(resource)})" if function.kind is Kind.METHOD else self._class(resource)
                yield function, f"{owner}.{name}"

    def _makes(self, function: model.Function) -> bool:
        """Whether it is the function by which the guest makes objects: the constructor, or else a static function."""
        if function.resource is None or function.kind is Kind.METHOD:
            return False
        if function.kind is Kind.CONSTRUCTOR:
            return True
        return function.short_name == "make"

    def _made(self, function: model.Function) -> model.Type:
        result = function_result(function)
        made = function.result if result is None else result.ok
        assert made is not None
        return made

    def _arguments(self, function: model.Function, seed: int, resource: str) -> str:
        types = [parameter.type for parameter in own_parameters(function)]
        return "".join(f"{self.value(wit_type, seed + number, resource)}, " for number, wit_type in enumerate(types))

    def _error(self, err: model.Type | None, seed: int) -> str:
        plain = None if err is None else dealias(err)
        if isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.Enum):
            return f"{self._module(plain)}.{self._names(plain).exception}.of({self.value(plain, seed, 'like')})"
        value = self.value(err, seed, "like")
        is_exception = isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.Variant)
        return value if is_exception else f"ResultError({value})"

    def _primitive(self, name: str, seed: int) -> str:
        if name in _OTHERS:
            return _OTHERS[name][seed % len(_OTHERS[name])]
        lowest, highest = _INTEGERS[name]
        return str((highest, lowest, 7 + seed)[seed % 3])

    def _resources(self, module: ModulePlan) -> list[model.TypeDef]:
        return [wit_type for wit_type in module.types if isinstance(wit_type.kind, model.Resource)]

    def _names(self, wit_type: model.TypeDef) -> TypeNames:
        return self.names.types[wit_type]

    def _module(self, wit_type: model.TypeDef) -> str:
        return self.alias(self.plan.owners[wit_type])

    def _class(self, wit_type: model.TypeDef) -> str:
        return f"{self._module(wit_type)}.{self._names(wit_type).name}"
