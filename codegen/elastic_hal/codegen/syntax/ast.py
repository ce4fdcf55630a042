"""The syntax tree of a WIT file: what was written, where, with the doc comments, before any name is looked up.

Nodes are named tuples because a big file has very many of them. Places are character offsets into the file's text.
"""

from __future__ import annotations

from typing import NamedTuple


class Token(NamedTuple):
    """One token. Of an identifier the text is the name without `%`."""

    type: str
    text: str
    start: int
    end: int


class PackageId(NamedTuple):
    """`namespace:name@version`."""

    namespace: Token
    name: Token
    version: Token | None

    @property
    def end(self) -> int:
        """Where the id ends in the text."""
        return (self.version or self.name).end


class UsePath(NamedTuple):
    """`name`, or `namespace:package/name@version`."""

    package: PackageId | None
    name: Token
    start: int
    end: int


class Attribute(NamedTuple):
    """`@name`, `@name(value)` or `@name(key = value)`."""

    name: Token
    key: Token | None
    value: Token | None
    has_parentheses: bool
    start: int
    end: int


class Lead(NamedTuple):
    """What may stand before any item: doc comments and attributes."""

    docs: str | None
    attributes: list[Attribute]


class TypeExpression(NamedTuple):
    """A type where it is used. `kind` is `name` or the keyword; `depth` counts the levels of nesting.

    `token` is the name, the keyword, or the resource's name in a handle type. The arguments of a `result` are ok and
    error, None where absent; `future` and `stream` have one or none.
    """

    kind: str
    token: Token
    arguments: tuple[TypeExpression | None, ...]
    length: int | None
    start: int
    end: int
    depth: int


class Member(NamedTuple):
    """A field, case, flag or parameter."""

    name: Token
    type: TypeExpression | None
    docs: str | None


class FunctionType(NamedTuple):
    """What follows the colon of a function. `accessor` is the token `get` or `set` that stands in place of `func`."""

    is_async: bool
    parameters: list[Member]
    result: TypeExpression | None
    accessor: Token | None = None


class FunctionDeclaration(NamedTuple):
    """A function of an interface, world or resource. `kind` is `freestanding`, `method`, `static` or `constructor`."""

    kind: str
    name: Token
    type: FunctionType
    lead: Lead


class TypeDeclaration(NamedTuple):
    """A named type. `kind` is the keyword; the other parts hold what that kind has."""

    kind: str
    name: Token
    lead: Lead
    members: list[Member]
    functions: list[FunctionDeclaration | Broken]
    target: TypeExpression | None


class UsedName(NamedTuple):
    """One type of a `use`, perhaps under another name."""

    name: Token
    alias: Token | None

    @property
    def local(self) -> Token:
        """The name that the type has here."""
        return self.alias or self.name


class UseItem(NamedTuple):
    """`use path.{names};`."""

    path: UsePath
    names: list[UsedName]
    lead: Lead


class Extern(NamedTuple):
    """An import or export of a world.

    By path alone (`name` is None), or under a name: a function, an inline interface (`items`), or an interface by path.
    """

    direction: str
    name: Token | None
    path: UsePath | None
    function: FunctionType | None
    items: list[InterfaceItem] | None
    lead: Lead
    start: int
    end: int


class Rename(NamedTuple):
    """`old as new` of an `include`."""

    old: Token
    new: Token


class Include(NamedTuple):
    """`include path with { renames }`."""

    path: UsePath
    renames: list[Rename]
    lead: Lead


class Broken(NamedTuple):
    """A passage that could not be parsed, with every name in it: what it would have declared is among them."""

    names: frozenset[str]


class InterfaceDeclaration(NamedTuple):
    """`interface name { … }`."""

    name: Token
    items: list[InterfaceItem]
    lead: Lead


class WorldDeclaration(NamedTuple):
    """`world name { … }`."""

    name: Token
    items: list[WorldItem]
    lead: Lead


class TopUse(NamedTuple):
    """`use path as alias;` outside of interfaces and worlds."""

    path: UsePath
    alias: Token | None
    lead: Lead


class PackageDeclaration(NamedTuple):
    """`package id;`."""

    id: PackageId
    lead: Lead
    keyword: Token


class NestedPackage(NamedTuple):
    """`package id { … }`."""

    id: PackageId
    items: list[TopItem]
    lead: Lead
    keyword: Token


InterfaceItem = TypeDeclaration | UseItem | FunctionDeclaration | Broken
WorldItem = TypeDeclaration | UseItem | Extern | Include | Broken
TopItem = PackageDeclaration | NestedPackage | InterfaceDeclaration | WorldDeclaration | TopUse | Broken
