"""The resolved model of WIT: what every target, printer and check reads.

The resolver builds it; nobody changes it afterwards. Objects refer to each other directly and compare by identity, so a
type that is used in two places is the same object, and an alias made by `use` is a `TypeDef` of its own whose kind is
`Alias`. Terms are those of the component model's WIT.md.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from elastic_hal.codegen.kinds import (
    Alias,
    Borrow,
    Case,
    Enum,
    EnumCase,
    Field,
    FixedLengthList,
    Flag,
    Flags,
    Future,
    List,
    Map,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Stream,
    Tuple,
    TypeKind,
    Variant,
)
from elastic_hal.codegen.source import Span

__all__ = [
    "Accessor",
    "Alias",
    "Borrow",
    "Case",
    "Enum",
    "EnumCase",
    "Field",
    "FixedLengthList",
    "Flag",
    "Flags",
    "Function",
    "FunctionItem",
    "FunctionKind",
    "Future",
    "Interface",
    "InterfaceItem",
    "List",
    "Map",
    "Option",
    "Own",
    "Package",
    "PackageName",
    "Parameter",
    "Primitive",
    "Record",
    "Resolve",
    "Resource",
    "Result",
    "Since",
    "Stability",
    "Stream",
    "Tuple",
    "Type",
    "TypeDef",
    "TypeItem",
    "TypeKind",
    "Unstable",
    "Variant",
    "Version",
    "World",
    "WorldItem",
]


class Primitive(enum.Enum):
    """The built-in types that take no parameters; the value is the WIT keyword."""

    BOOL = "bool"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    S8 = "s8"
    S16 = "s16"
    S32 = "s32"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    CHAR = "char"
    STRING = "string"
    ERROR_CONTEXT = "error-context"


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version as written, such as `0.2.0-rc.1+b7`."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class PackageName:
    """`namespace:name@version`; the version is None where the package has none."""

    namespace: str
    name: str
    version: Version | None

    def __str__(self) -> str:
        suffix = "" if self.version is None else f"@{self.version}"
        return f"{self.namespace}:{self.name}{suffix}"


@dataclass(frozen=True, slots=True)
class Since:
    """`@since(version = …)`, with `@deprecated(version = …)` where given."""

    version: Version
    deprecated: Version | None = None


@dataclass(frozen=True, slots=True)
class Unstable:
    """`@unstable(feature = …)`, with `@deprecated(version = …)` where given."""

    feature: str
    deprecated: Version | None = None


Stability = Since | Unstable | None


@dataclass(eq=False, slots=True, repr=False)
class TypeDef:
    """A named type, or an anonymous one such as `list<u8>` (then `name` and `owner` are None)."""

    name: str | None
    kind: TypeKind
    owner: Interface | World | None = None
    docs: str | None = None
    stability: Stability = None
    span: Span | None = None
    external_id: str | None = None

    def __repr__(self) -> str:
        return _short(self, self.name or type(self.kind).__name__)


Type = Primitive | TypeDef


class FunctionKind(enum.Enum):
    """What a function belongs to."""

    FREESTANDING = "freestanding"
    METHOD = "method"
    STATIC = "static"
    CONSTRUCTOR = "constructor"


class Accessor(enum.Enum):
    """Which half of a property a function is."""

    GETTER = "getter"
    SETTER = "setter"

    @property
    def mark(self) -> str:
        """What stands before the property's name in the canonical ABI."""
        return "[get]" if self is Accessor.GETTER else "[set]"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function."""

    name: str
    type: Type


@dataclass(eq=False, slots=True, repr=False)
class Function:
    """A function. `name` is the canonical ABI's (`[method]key.sign`); `short_name` is what the source says (`sign`).

    A method's first parameter is `self: borrow<resource>`; a constructor's result is `own<resource>` or a `result` of
    it. `accessor` is set for functions that get or set a property (`[method][get]key.size`).
    """

    name: str
    short_name: str
    kind: FunctionKind
    resource: TypeDef | None
    parameters: tuple[Parameter, ...]
    result: Type | None
    is_async: bool = False
    docs: str | None = None
    stability: Stability = None
    span: Span | None = None
    external_id: str | None = None
    accessor: Accessor | None = None

    def __repr__(self) -> str:
        return _short(self, self.name)


@dataclass(eq=False, slots=True, repr=False)
class Interface:
    """An interface of a package, or one written inline in a world (then `name` is None)."""

    name: str | None
    package: Package
    types: dict[str, TypeDef] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    docs: str | None = None
    stability: Stability = None
    span: Span | None = None

    @property
    def id(self) -> str | None:
        """The name under which a component imports it, such as `wasi:io/poll@0.2.9`; None for an inline interface."""
        if self.name is None:
            return None
        package = self.package.name
        suffix = "" if package.version is None else f"@{package.version}"
        return f"{package.namespace}:{package.name}/{self.name}{suffix}"

    def __repr__(self) -> str:
        return _short(self, self.id or "inline")


@dataclass(frozen=True, slots=True)
class InterfaceItem:
    """An interface as it is, or one under a name of its own (`import primary: store;`)."""

    interface: Interface
    stability: Stability = None
    external_id: str | None = None
    docs: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionItem:
    """A function that a world imports or exports directly."""

    function: Function


@dataclass(frozen=True, slots=True)
class TypeItem:
    """A type that a world brings in by `use` or defines."""

    type: TypeDef


WorldItem = InterfaceItem | FunctionItem | TypeItem


@dataclass(eq=False, slots=True, repr=False)
class World:
    """A world after all `include`s. Keys are interface ids (`wasi:io/poll@0.2.9`) or plain names, as resolved."""

    name: str
    package: Package
    imports: dict[str, WorldItem] = field(default_factory=dict)
    exports: dict[str, WorldItem] = field(default_factory=dict)
    docs: str | None = None
    stability: Stability = None
    span: Span | None = None

    def __repr__(self) -> str:
        return _short(self, self.name)


@dataclass(eq=False, slots=True, repr=False)
class Package:
    """A package: its interfaces and worlds by name."""

    name: PackageName
    interfaces: dict[str, Interface] = field(default_factory=dict)
    worlds: dict[str, World] = field(default_factory=dict)
    docs: str | None = None

    def __repr__(self) -> str:
        return _short(self, str(self.name))


@dataclass(eq=False, slots=True, repr=False)
class Resolve:
    """Every package that was read, dependencies before dependents, and the one that the reading was for."""

    packages: list[Package]
    main: Package

    def __repr__(self) -> str:
        return _short(self, str(self.main.name))


def _short(item: object, name: str) -> str:
    """The model is a graph that refers to itself everywhere: a full repr of anything would be a repr of everything."""
    return f"<{type(item).__name__} {name}>"
