"""Loads WIT packages: the entrance of the front end.

Parsing is in `syntax`, names and types are in `resolve`, messages in `diagnostics`; what comes out is `model.Resolve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Diagnostic, Diagnostics, Note, WitError
from elastic_hal.codegen.model import Resolve, World
from elastic_hal.codegen.resolve.context import Context
from elastic_hal.codegen.resolve.resolver import resolve_paths
from elastic_hal.codegen.similarity import closest

__all__ = ["LoadResult", "WitError", "load", "load_or_raise", "select_world"]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading gave. `resolve` is None where the diagnostics contain an error."""

    resolve: Resolve | None
    diagnostics: tuple[Diagnostic, ...]


def load(paths: Sequence[Path], features: frozenset[str] = frozenset(), all_features: bool = False) -> LoadResult:
    """Loads the packages at the paths: `.wit` files, or folders of them with their dependencies in `deps`.

    Later paths may refer to packages of earlier ones; the last path's package is the main one. Unstable items are there
    only where `features` names their feature or `all_features` is set. Nothing in the text makes this raise.
    """
    context = Context(features, all_features, Diagnostics())
    return LoadResult(_resolved(paths, context), context.diagnostics.sorted())


def load_and_lint(
    paths: Sequence[Path], features: frozenset[str] = frozenset(), all_features: bool = False, *, style: bool = True
) -> LoadResult:
    """Like `load`, and where there is a model, what in the main package is valid but doubtful, as warnings. Without
    `style` these are only what is likely a mistake.
    """
    # Every other command reads WIT without the lints, and need not wait for them to be imported.
    from elastic_hal.codegen.lints import lint

    context = Context(features, all_features, Diagnostics())
    resolve = _resolved(paths, context)
    if resolve is not None and context.main is not None:
        lint(context.main, style=style)
    return LoadResult(resolve, context.diagnostics.sorted())


def _resolved(paths: Sequence[Path], context: Context) -> Resolve | None:
    if not paths:
        context.diagnostics.error(Code.CANNOT_READ, "no path is given; give a .wit file or a folder of them", None)
    return resolve_paths([Path(path) for path in paths], context)


def load_or_raise(paths: Sequence[Path], features: frozenset[str] = frozenset(), all_features: bool = False) -> Resolve:
    """Like `load`, but raises WitError with the diagnostics where there is no model."""
    result = load(paths, features, all_features)
    if result.resolve is None:
        raise WitError(result.diagnostics)
    return result.resolve


def select_world(resolve: Resolve, name: str | None) -> World:
    """The world of that name: `command` in the main package, `elastic:hal/command@0.2.0` in any, None for the only one.

    Raises WitError that lists the choices where there is no such world or None leaves a choice.
    """
    if name is None:
        worlds = list(resolve.main.worlds.values())
        if len(worlds) == 1:
            return worlds[0]
        reason = "has several worlds; name one" if worlds else "has no world"
        raise _no_world(f"the package `{resolve.main.name}` {reason}", resolve)
    for package in [resolve.main, *resolve.packages]:
        for world in package.worlds.values():
            if name in _names_of(world) or (package is resolve.main and name == world.name):
                return world
    found = closest(name, resolve.main.worlds)
    raise _no_world(f"there is no world `{name}`" + (f"; did you mean `{found}`?" if found else ""), resolve)


def _names_of(world: World) -> set[str]:
    package = world.package.name
    name = f"{package.namespace}:{package.name}/{world.name}"
    return {name if package.version is None else f"{name}@{package.version}"}


def _no_world(message: str, resolve: Resolve) -> WitError:
    diagnostics = Diagnostics()
    names = ", ".join(f"`{name}`" for name in resolve.main.worlds)
    notes = [Note(f"the worlds of `{resolve.main.name}` are {names}")] if names else []
    diagnostics.error(Code.UNKNOWN_WORLD, message, None, notes)
    return WitError(diagnostics.sorted())
