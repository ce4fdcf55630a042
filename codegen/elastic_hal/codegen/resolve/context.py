"""What every step of the resolution shares: findings, features, and facts about types that the model does not state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostics, Fix, Note
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.ast import Token

BROKEN = model.TypeDef("broken", model.Alias(model.Primitive.BOOL))
"""Stands for a type whose fault was reported already, so that it causes no second report."""


@dataclass(eq=False, slots=True)
class Context:
    """One run of the resolution."""

    features: frozenset[str]
    all_features: bool
    diagnostics: Diagnostics
    excluded: set[model.TypeDef] = field(default_factory=set)
    """Types behind gates that are closed."""
    resources: set[model.TypeDef] = field(default_factory=set)
    """Resources and their aliases."""
    borrowing: set[model.TypeDef] = field(default_factory=set)
    """Types that contain a borrowed handle somewhere."""
    dependencies: dict[model.Interface, list[model.Interface]] = field(default_factory=dict)
    """The interfaces whose types an interface uses, for those that were asked about."""
    is_complete: bool = True
    """False where a file could not be read: then names that are not found may be declared there."""
    main: Unit | None = None
    """The package that the run is for, as soon as it is known."""


class Part(Protocol):
    """Anything with a place in the text."""

    @property
    def start(self) -> int:
        """Offset of the first character."""

    @property
    def end(self) -> int:
        """Offset after the last character."""


@dataclass(eq=False, slots=True)
class Scope:
    """One file, or one nested package in it: where names of interfaces and worlds are looked up."""

    file: SourceFile
    unit: Unit
    items: list[ast.TopItem]
    context: Context
    names: dict[str, Declaration] = field(default_factory=dict)
    """What top-level `use` brings in."""
    broken: set[str] = field(default_factory=set)
    """Names in passages that could not be parsed; they may be declared there."""

    def span(self, part: Part) -> Span:
        """The place of a part of the syntax tree."""
        return Span(self.file, part.start, part.end)

    def note(self, message: str, part: Part) -> Note:
        """A note about a part of the syntax tree."""
        return Note(message, self.span(part))

    def error(self, code: Code, message: str, part: Part, notes: Sequence[Note] = (), fix: Fix | None = None) -> None:
        """Reports an error at a part of the syntax tree."""
        self.context.diagnostics.error(code, message, self.span(part), notes, fix)


@dataclass(eq=False, slots=True)
class Declaration:
    """An interface or world as it is written. `model` is there as soon as it is resolved."""

    name: Token
    node: ast.InterfaceDeclaration | ast.WorldDeclaration
    scope: Scope
    interface: model.Interface | None = None
    world: model.World | None = None
    included: bool = True
    """False where its gate is closed."""
    is_resolved: bool = False
    types: dict[str, model.TypeDef] = field(default_factory=dict)
    """Every type by name, those behind closed gates too."""
    functions: set[str] = field(default_factory=set)
    world_items: list[ResolvedItem] = field(default_factory=list)

    @property
    def is_world(self) -> bool:
        """Whether this is a world rather than an interface."""
        return isinstance(self.node, ast.WorldDeclaration)

    @property
    def label(self) -> str:
        """`world` or `interface`, with its article."""
        return "a world" if self.is_world else "an interface"


@dataclass(frozen=True, slots=True)
class ResolvedItem:
    """An import or export of a world before transitive imports are added."""

    direction: str
    key: str
    item: model.WorldItem
    is_name: bool
    span: Span


@dataclass(eq=False, slots=True)
class Unit:
    """A package while it is resolved."""

    name: model.PackageName
    span: Span
    package: model.Package
    is_dependency: bool
    folder: Path
    """Where the file or folder of the package lies."""
    scopes: list[Scope] = field(default_factory=list)
    declarations: dict[str, Declaration] = field(default_factory=dict)
