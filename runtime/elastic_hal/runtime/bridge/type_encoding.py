"""Writes types into a component or into the type of an instance, each once per place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from elastic_hal.runtime.bridge.component_writer import ComponentWriter, extern_name, sort_code
from elastic_hal.runtime.bridge.encoding import name, signed, unsigned, vector
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.types import (
    NOMINAL,
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    RecordOf,
    ResultOf,
    Scalar,
    TupleOf,
    Type,
    VariantOf,
)

FindResource = Callable[[int], int]
FindNamed = Callable[[Type], int | None]
NameType = Callable[[int, Type], int]


def _none(_type: Type) -> int | None:
    return None


def _unnamed(index: int, _type: Type) -> int:
    return index


class TypeScope(ABC):
    """A place where types are defined. References to a type are numbers of definitions, or codes of scalars."""

    def __init__(self) -> None:
        self._known: dict[Type | Function, int] = {}

    def function(self, function: Function) -> int:
        """The index of a function type."""
        if function not in self._known:
            parameters = vector(name(label) + self.reference(type_) for label, type_ in function.parameters)
            result = b"\x01\x00" if function.result is None else b"\x00" + self.reference(function.result)
            self._known[function] = self._define(b"\x40" + parameters + result)
        return self._known[function]

    def reference(self, type_: Type) -> bytes:
        """How another type mentions this one."""
        return bytes([type_.value]) if isinstance(type_, Scalar) else signed(self.index(type_))

    def index(self, type_: Type) -> int:
        """The index of a type, which is defined if it is not there yet."""
        if type_ not in self._known:
            self._known[type_] = self._defined(type_)
        return self._known[type_]

    def _defined(self, type_: Type) -> int:
        if not isinstance(type_, NOMINAL):
            return self._define(self._definition(type_))
        named = self._named(type_)
        return self._name(self._define(self._definition(type_)), type_) if named is None else named

    def _definition(self, type_: Type) -> bytes:
        match type_:
            case Scalar():
                return bytes([type_.value])
            case ListOf(element):
                return b"\x70" + self.reference(element)
            case MapOf(key, value):
                return b"\x63" + self.reference(key) + self.reference(value)
            case TupleOf(elements):
                return b"\x6f" + vector(map(self.reference, elements))
            case RecordOf(fields):
                return b"\x72" + vector(name(label) + self.reference(field) for label, field in fields)
            case VariantOf(cases):
                return b"\x71" + vector(name(label) + self._payload(carried) + b"\x00" for label, carried in cases)
            case EnumOf(names):
                return b"\x6d" + vector(map(name, names))
            case FlagsOf(names):
                return b"\x6e" + vector(map(name, names))
            case OptionOf(payload):
                return b"\x6b" + self.reference(payload)
            case ResultOf(ok, error):
                return b"\x6a" + self._payload(ok) + self._payload(error)
            case Own(resource):
                return b"\x69" + unsigned(self._resource(resource))
            case Borrow(resource):
                return b"\x68" + unsigned(self._resource(resource))

    def _payload(self, type_: Type | None) -> bytes:
        return b"\x00" if type_ is None else b"\x01" + self.reference(type_)

    @abstractmethod
    def _define(self, definition: bytes) -> int: ...

    @abstractmethod
    def _named(self, type_: Type) -> int | None:
        """The index of a type that has a name already."""

    @abstractmethod
    def _name(self, index: int, type_: Type) -> int:
        """Names a type that was just defined, where that is necessary."""

    @abstractmethod
    def _resource(self, number: int) -> int: ...


class ComponentScope(TypeScope):
    """Types of a component itself; those that imports have named are taken from there."""

    def __init__(
        self, writer: ComponentWriter, resource: FindResource, named: FindNamed = _none, name: NameType = _unnamed
    ) -> None:
        super().__init__()
        self._writer = writer
        self._find_resource = resource
        self._find_named = named
        self._give_name = name

    def _define(self, definition: bytes) -> int:
        return self._writer.define_type(definition)

    def _named(self, type_: Type) -> int | None:
        return self._find_named(type_)

    def _name(self, index: int, type_: Type) -> int:
        return self._give_name(index, type_)

    def _resource(self, number: int) -> int:
        return self._find_resource(number)


class InstanceScope(TypeScope, ABC):
    """The type of an instance with functions. Records and their like are exported under names of our own, because a
    component must have them named.
    """

    def __init__(self) -> None:
        super().__init__()
        self._declarations: list[bytes] = []
        self._types = 0
        self.named: dict[Type, str] = {}

    def export_function(self, label: str, function: Function) -> None:
        """Adds a function."""
        description = bytes([Sort.FUNCTION]) + unsigned(self.function(function))
        self._declarations.append(b"\x04" + extern_name(label) + description)

    def finish(self) -> bytes:
        """The definition of the instance's type."""
        return b"\x42" + vector(self._declarations)

    def _define(self, definition: bytes) -> int:
        return self._declare_type(b"\x01" + definition)

    def _named(self, type_: Type) -> int | None:
        return None

    def _name(self, index: int, type_: Type) -> int:
        self.named[type_] = f"type{len(self.named)}"
        return self._export_type(self.named[type_], b"\x00" + unsigned(index))

    def _export_type(self, label: str, bound: bytes) -> int:
        return self._declare_type(b"\x04" + extern_name(label) + bytes([Sort.TYPE]) + bound)

    def _alias_outer(self, index: int) -> int:
        """Takes a type from the component around the instance type."""
        return self._declare_type(b"\x02" + sort_code(Sort.TYPE) + b"\x02" + unsigned(1) + unsigned(index))

    def _declare_type(self, declaration: bytes) -> int:
        self._declarations.append(declaration)
        self._types += 1
        return self._types - 1


class BridgeScope(InstanceScope):
    """The type of a bridge instance: resources are those of the component around it."""

    def __init__(self, outer_resource: FindResource) -> None:
        super().__init__()
        self._outer_resource = outer_resource
        self._resources: dict[int, int] = {}

    def _resource(self, number: int) -> int:
        if number not in self._resources:
            self._resources[number] = self._alias_outer(self._outer_resource(number))
        return self._resources[number]


class GivenScope(InstanceScope):
    """The type of an instance that brings its resources with it, under names of our own: `resources`."""

    def __init__(self) -> None:
        super().__init__()
        self.resources: dict[int, str] = {}
        self._indices: dict[int, int] = {}

    def resource(self, number: int) -> None:
        """Adds a resource."""
        self._resource(number)

    def give(self, type_: Type) -> None:
        """Adds a type under a name, also one that others could mention without."""
        index = self.index(type_)
        if type_ not in self.named:
            self._name(index, type_)

    def _resource(self, number: int) -> int:
        if number not in self._indices:
            self.resources[number] = f"resource{number}"
            self._indices[number] = self._export_type(self.resources[number], b"\x01")
        return self._indices[number]
