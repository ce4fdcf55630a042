"""What generated code of one module may write to mean a type, a builtin or another module, and the imports that this
takes.

Modules are imported under private names, and builtins that a WIT name hides are reached through the module
`builtins`. So a WIT name never has to give way to a name that the generator needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import Identifier, PrivateName, Scope, private
from elastic_hal.codegen.targets.facts import is_bytes, may_be_none, resource_of
from elastic_hal.codegen.targets.layout import import_statement
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan
from elastic_hal.codegen.targets.type_names import HELPERS, Names

_PRIMITIVES = {
    model.Primitive.BOOL: "bool",
    model.Primitive.F32: "float",
    model.Primitive.F64: "float",
    model.Primitive.CHAR: "str",
    model.Primitive.STRING: "str",
}


class ModuleContext:
    """The names that are seen in one module, with the imports collected so far.

    `support` is the private module name under which `Ok`, `Err`, `Some`, `ResultError` and the codecs are had.
    """

    def __init__(self, plan: TreePlan, module: ModulePlan, names: Names, support: str, hidden: Iterable[str]) -> None:
        self.plan = plan
        self.module = module
        self.names = names
        self.support = support
        self._hidden = frozenset(hidden)
        self._standard: set[str] = set()
        self._siblings: dict[ModulePlan, Identifier] = {}
        self._private = Scope((*HELPERS, *(names.types[wit_type].codec for wit_type in module.types)))

    def standard(self, module: str, name: str) -> str:
        """A name of the standard library: `enum.Enum` → `_enum.Enum`."""
        self._standard.add(module)
        return f"_{module}.{name}"

    def builtin(self, name: str) -> str:
        """A builtin, however the contract names things."""
        return self.standard("builtins", name) if name in self._hidden else name

    def sibling(self, other: ModulePlan) -> str:
        """The private name under which another generated module is imported."""
        if other not in self._siblings:
            self._siblings[other] = self._private.claim(private(other.folder, other.module))
        return self._siblings[other]

    def owner(self, wit_type: model.TypeDef) -> ModulePlan:
        """The module that a named type stands in."""
        return self.plan.owners[wit_type]

    def qualified(self, wit_type: model.TypeDef, name: str) -> str:
        """`name`, which stands in the module of `wit_type`, as this module may write it."""
        owner = self.owner(wit_type)
        return name if owner is self.module else f"{self.sibling(owner)}.{name}"

    def class_name(self, wit_type: model.TypeDef) -> str:
        """The class or alias of a named type."""
        return self.qualified(wit_type, self.names.types[wit_type].name)

    def annotation(self, wit_type: model.Type | None) -> str:
        """The Python type of a WIT type; None is the type that carries nothing."""
        if wit_type is None:
            return "None"
        if isinstance(wit_type, model.Primitive):
            return self.builtin(_PRIMITIVES.get(wit_type, "int"))
        if wit_type.name is not None and wit_type in self.plan.owners:
            return self.class_name(wit_type)
        return self.structure(wit_type.kind)

    def structure(self, kind: model.TypeKind) -> str:
        """The Python type that a type without a name stands for."""
        match kind:
            case model.Alias(target):
                return self.annotation(target)
            case model.Own(resource) | model.Borrow(resource):
                return self.class_name(self.seen_resource(resource))
            case model.Option(inner):
                if may_be_none(inner):
                    return f"{self.support}.Some[{self.annotation(inner)}] | None"
                return f"{self.annotation(inner)} | None"
            case model.Result(ok, err):
                return f"{self.support}.Ok[{self.annotation(ok)}] | {self.support}.Err[{self.annotation(err)}]"
            case model.List(element) | model.FixedLengthList(element):
                if is_bytes(element):
                    return self.builtin("bytes")
                return f"{self.builtin('list')}[{self.annotation(element)}]"
            case model.Tuple(types):
                return f"{self.builtin('tuple')}[{', '.join(map(self.annotation, types)) or '()'}]"
            case model.Map(key, value):
                return f"{self.builtin('dict')}[{self.annotation(key)}, {self.annotation(value)}]"
            case _:
                raise TypeError(f"{type(kind).__name__} is a named type")

    def seen_resource(self, resource: model.TypeDef) -> model.TypeDef:
        """The resource, or the alias by which this module has it."""
        return resource if resource in self.plan.owners else resource_of(resource)

    def handle_builder(self, kind: str, resource: model.TypeDef) -> str:
        """What makes the codec of `own` or `borrow` handles to a resource."""
        return f"{self.support}.{kind}"

    def codec_name(self, wit_type: model.TypeDef) -> str:
        """The private codec of a named type that is no alias."""
        return self.qualified(wit_type, self.names.types[wit_type].codec)

    def private_name(self, *parts: str) -> PrivateName:
        """A private name of this module for what the generator adds to it."""
        return self._private.claim(private(*parts))

    def standard_lines(self) -> list[str]:
        """The imports of the standard library, under private names."""
        return [f"import {module} as _{module}" for module in sorted(self._standard)]

    def sibling_lines(self) -> list[str]:
        """The imports of other generated modules, those from further away first."""
        found = []
        for other, alias in self._siblings.items():
            near = other.folder == self.module.folder
            origin = "." if near else f"..{other.folder}"
            line = import_statement(origin, other.module, alias)
            found.append((near, natural_key(other.folder), natural_key(other.module), line))
        return [line for *_, line in sorted(found)]


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts numbers inside names by their value, as import sorters do."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))


def used_from(wit_type: model.TypeDef) -> model.TypeDef | None:
    """The type of another interface that this one is by `use`."""
    kind = wit_type.kind
    if isinstance(kind, model.Alias) and isinstance(kind.target, model.TypeDef):
        target = kind.target
        if target.name is not None and target.owner is not None and target.owner is not wit_type.owner:
            return target
    return None
