"""The table of functions of one guest: Python source that gives the interpreter each function of the bindings with
its types.
"""

from __future__ import annotations

from collections.abc import Iterable

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import snake
from elastic_hal.codegen.targets.facts import definition, function_result, kind_of, may_be_none
from elastic_hal.codegen.targets.layout import Expression, call, statement, string, tuple_of
from elastic_hal.codegen.targets.plan import TreePlan
from elastic_hal.codegen.targets.suite.types import (
    dealias,
    error_type,
    function_label,
    is_bytes,
    returned_type,
)
from elastic_hal.codegen.targets.type_names import Names

SUPPORT = "_support"


def table_module(header: str, plan: TreePlan, names: Names, interfaces: Iterable[model.Interface]) -> str:
    """The text of the guest's `table.py`, with every function of the interfaces."""
    builder = _Builder(plan, names)
    entries: list[str] = []
    for interface in interfaces:
        for function in interface.functions.values():
            label = string(f"{interface.id}#{function_label(function)}")
            entries.append(statement(f"{label}: ", builder.function(interface, function), ",", 1))
    lines = [
        header,
        '"""The functions that this guest can call, with the types that the contract gives them."""',
        "",
        "from __future__ import annotations",
        "",
        *builder.imports(),
        "",
        *builder.definitions,
        *([""] if builder.definitions else []),
        "FUNCTIONS: dict[str, table.Function] = {",
        *entries,
        "}",
    ]
    return "\n".join(lines) + "\n"


class _Builder:
    """Collects the descriptors of named types, each once, before those that use them."""

    def __init__(self, plan: TreePlan, names: Names) -> None:
        self._plan = plan
        self._names = names
        self._named: dict[model.TypeDef, str] = {}
        self._modules: dict[tuple[str, str], str] = {}
        self._support = False
        self.definitions: list[str] = []

    def imports(self) -> list[str]:
        """The import statements, sorted as a linter wants them."""
        lines = [
            f"from bindings.{folder} import {module} as {alias}" for (folder, module), alias in self._modules.items()
        ]
        support = [f"from bindings import {SUPPORT}"] if self._support else []
        return [*support, *sorted(lines), "from interpreter import table", "from interpreter import wit_types as t"]

    def function(self, interface: model.Interface, function: model.Function) -> Expression:
        """The entry of one function."""
        result = function_result(function)
        returned = returned_type(function)
        return call(
            "table.Function",
            self._callable(interface, function),
            tuple_of(*(self.type(parameter.type) for parameter in function.parameters)),
            "None" if returned is None else self.type(returned),
            "None" if result is None else self._errors(error_type(function)),
        )

    def type(self, wit_type: model.Type) -> Expression:
        """The descriptor of a type: a name for named types, else written out."""
        plain = dealias(wit_type)
        if isinstance(plain, model.Primitive):
            return f"t.{plain.value.upper()}"
        if plain.name is None:
            return self._anonymous(plain)
        if plain not in self._named:
            expression = self._definition(plain)
            name = f"_{snake(self._owner(plain))}_{snake(plain.name)}"
            self._named[plain] = name
            self.definitions.append(statement(f"{name} = ", expression))
        return self._named[plain]

    def _callable(self, interface: model.Interface, function: model.Function) -> str:
        module = next(module for module in self._plan.modules if module.import_name == interface.id)
        alias = self._module(module.folder, module.module)
        if function.resource is None:
            return f"{alias}.{snake(function.short_name)}"
        resource = f"{alias}.{self._names.types[function.resource].name}"
        if function.kind is model.FunctionKind.CONSTRUCTOR:
            return resource
        return f"{resource}.{snake(function.short_name)}"

    def _errors(self, wit_type: model.Type | None) -> Expression:
        if wit_type is not None:
            kind = kind_of(wit_type)
            if isinstance(kind, model.Variant):
                return call("table.Errors", self._class(definition(wit_type)), self.type(wit_type), "table.itself")
            if isinstance(kind, model.Enum):
                plain = definition(wit_type)
                exception = self._names.types[plain].exception
                return call("table.Errors", f"{self._alias(plain)}.{exception}", self.type(wit_type), "table.code_of")
        self._support = True
        content = "None" if wit_type is None else self.type(wit_type)
        return call("table.Errors", f"{SUPPORT}.ResultError", content, "table.value_of")

    def _definition(self, plain: model.TypeDef) -> Expression:
        match plain.kind:
            case model.Record(fields):
                names = self._names.types[plain]
                described = [
                    tuple_of(string(item.name), string(member), self.type(item.type))
                    for item, member in zip(fields, names.members, strict=True)
                ]
                return call("t.RecordOf", self._class(plain), tuple_of(*described))
            case model.Variant(cases):
                names = self._names.types[plain]
                alias = self._alias(plain)
                described = [
                    tuple_of(
                        string(case.name), f"{alias}.{name}", "None" if case.type is None else self.type(case.type)
                    )
                    for case, name in zip(cases, names.cases, strict=True)
                ]
                return call("t.VariantOf", tuple_of(*described))
            case model.Enum():
                return call("t.EnumOf", self._class(plain))
            case model.Flags(flags):
                names = self._names.types[plain]
                described = [
                    tuple_of(string(flag.name), string(member))
                    for flag, member in zip(flags, names.members, strict=True)
                ]
                return call("t.FlagsOf", self._class(plain), tuple_of(*described))
            case model.Resource():
                return call("t.HandleOf", self._class(plain))
            case _:
                return self._anonymous(plain)

    def _anonymous(self, plain: model.TypeDef) -> Expression:
        if is_bytes(plain):
            return (
                call("t.Bytes", str(plain.kind.length)) if isinstance(plain.kind, model.FixedLengthList) else "t.BYTES"
            )
        match plain.kind:
            case model.List(element):
                return call("t.ListOf", self.type(element))
            case model.FixedLengthList(element, length):
                return call("t.ListOf", self.type(element), str(length))
            case model.Tuple(members):
                return call("t.TupleOf", tuple_of(*(self.type(member) for member in members)))
            case model.Map(key, value):
                return call("t.MapOf", self.type(key), self.type(value))
            case model.Option(inner):
                if may_be_none(inner):
                    self._support = True
                    return call("t.OptionOf", self.type(inner), f"{SUPPORT}.Some")
                return call("t.OptionOf", self.type(inner))
            case model.Result(ok, err):
                self._support = True
                content = ["None" if part is None else self.type(part) for part in (ok, err)]
                return call("t.ResultOf", f"{SUPPORT}.Ok", f"{SUPPORT}.Err", *content)
            case model.Own(resource) | model.Borrow(resource):
                return self.type(resource)
            case kind:
                raise TypeError(f"{type(kind).__name__} is refused when the tree is planned")

    def _class(self, plain: model.TypeDef) -> str:
        return f"{self._alias(plain)}.{self._names.types[plain].name}"

    def _alias(self, plain: model.TypeDef) -> str:
        owner = self._plan.owners[plain]
        return self._module(owner.folder, owner.module)

    def _owner(self, plain: model.TypeDef) -> str:
        owner = self._plan.owners.get(plain)
        return "type" if owner is None else f"{owner.folder}-{owner.module}".replace("_", "-")

    def _module(self, folder: str, module: str) -> str:
        return self._modules.setdefault((folder, module), f"{folder}_{module}")
