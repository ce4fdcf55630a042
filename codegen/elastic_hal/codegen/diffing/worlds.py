"""Compares worlds: what they import, what they export, and the types that they have themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_attributes, compare_docs, compare_external_ids, compare_gates
from elastic_hal.codegen.diffing.changes import Subject
from elastic_hal.codegen.diffing.functions import FunctionRules, compare_functions
from elastic_hal.codegen.diffing.interfaces import compare_contents
from elastic_hal.codegen.diffing.rules import Role, Rule
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.diffing.types import compare_types
from elastic_hal.codegen.diffing.versions import is_later, track
from elastic_hal.codegen.source import Span

Items = Mapping[str, model.WorldItem]

_RULES = {
    Role.IMPORT: (FunctionRules(Rule.IMPORT_ADDED, Rule.IMPORT_REMOVED), Rule.IMPORT_CHANGED),
    Role.EXPORT: (FunctionRules(Rule.EXPORT_ADDED, Rule.EXPORT_REMOVED), Rule.EXPORT_CHANGED),
}


def compare_worlds(run: Run, root: Location, old: model.Package, new: model.Package) -> None:
    """Reports what differs between the worlds of two versions of a package."""
    outer = Location(root.path, frozenset(Role))
    for name, world in old.worlds.items():
        other = new.worlds.get(name)
        location = outer.behind(f"world {name}", world.stability, other.stability if other else None)
        if other is None:
            run.report(Rule.WORLD_REMOVED, location, Subject(f"world {name}", world.span), None)
        else:
            compare_attributes(run, outer, location, world, other, obliges=False)
            _compare_world(run, location, world, other)
    for name, world in new.worlds.items():
        if name not in old.worlds:
            location = outer.behind(f"world {name}", None, world.stability)
            run.report(Rule.WORLD_ADDED, location, None, Subject(f"world {name}", world.span))


def _compare_world(run: Run, location: Location, old: model.World, new: model.World) -> None:
    old_types, new_types = _types(old), _types(new)
    resources = _resources(old_types), _resources(new_types)
    compare_types(run, replace(location, roles=frozenset({Role.IMPORT})), old_types, new_types)
    for role, olds, news in ((Role.IMPORT, old.imports, new.imports), (Role.EXPORT, old.exports, new.exports)):
        place = replace(location, roles=frozenset({role})).at(f"{role.value}s")
        compare_functions(run, place, _functions(olds), _functions(news), resources, _RULES[role][0])
        _compare_externs(run, place, role, _externs(olds, old), _externs(news, new))


def _types(world: model.World) -> dict[str, model.TypeDef]:
    return {name: item.type for name, item in world.imports.items() if isinstance(item, model.TypeItem)}


def _resources(types: Mapping[str, model.TypeDef]) -> set[str]:
    return {name for name, type in types.items() if isinstance(type.kind, model.Resource)}


def _functions(items: Items) -> dict[str, model.Function]:
    return {name: item.function for name, item in items.items() if isinstance(item, model.FunctionItem)}


@dataclass(frozen=True, slots=True)
class _Extern:
    """An interface in a world: under which name, what it means, and the version where it is another package's."""

    name: str
    is_label: bool
    item: model.InterfaceItem
    meaning: str
    version: model.Version | None
    span: Span | None

    @property
    def subject(self) -> Subject:
        """The interface as a change shows it."""
        interface = self.item.interface
        if interface.name is None:
            return Subject(f"{self.name}: interface", interface.span)
        return Subject(f"{self.name}: {interface.id}" if self.is_label else f"{interface.id}", self.span)


def _externs(items: Items, world: model.World) -> dict[str, _Extern]:
    """The interfaces of a world, by what has to be the same in two versions for them to be the same."""
    found: dict[str, _Extern] = {}
    for key, item in items.items():
        if not isinstance(item, model.InterfaceItem):
            continue
        interface = item.interface
        is_own = interface.package is world.package
        package = interface.package.name
        version = None if is_own else package.version
        base = interface.name or "" if is_own else f"{package.namespace}:{package.name}/{interface.name}"
        meaning = base if is_own else f"{base}@{track(package.version)}"
        if key != interface.id:
            found[f"label {key}"] = _Extern(key, True, item, meaning, version, world.span)
            continue
        extern = _Extern(base, False, item, meaning, version, world.span)
        # Two compatible versions of one interface can stand beside each other; then their full ids tell them apart.
        found[f"id {meaning}" if f"id {meaning}" not in found else f"id {key}"] = extern
    return found


def _compare_externs(
    run: Run, place: Location, role: Role, olds: Mapping[str, _Extern], news: Mapping[str, _Extern]
) -> None:
    rules, changed = _RULES[role]
    for key, old in olds.items():
        new = news.get(key)
        stability = None if new is None else new.item.stability
        here = place.behind(f"interface {old.name}", old.item.stability, stability)
        if new is None:
            run.report(rules.removed, here, old.subject, None)
        else:
            _compare_extern(run, place, here, old, new, changed)
    for key, new in news.items():
        if key not in olds:
            here = place.behind(f"interface {new.name}", None, new.item.stability)
            run.report(rules.added, here, None, new.subject)


def _compare_extern(run: Run, place: Location, here: Location, old: _Extern, new: _Extern, changed: Rule) -> None:
    before, after = old.item.interface, new.item.interface
    compare_gates(run, place, here, (old.item.stability, old.span), (new.item.stability, new.span))
    compare_external_ids(run, here, (old.item.external_id, old.span), (new.item.external_id, new.span))
    compare_docs(run, here, _docs(old), _docs(new))
    if before.name is None and after.name is None:
        compare_contents(run, here, before, after)
    elif before.name is None or after.name is None or old.meaning != new.meaning:
        run.report(changed, here, old.subject, new.subject)
    elif old.version != new.version:
        is_raised = is_later(old.version, new.version)
        rule = Rule.DEPENDENCY_RAISED if is_raised else Rule.DEPENDENCY_LOWERED
        run.report(rule, here, old.subject, new.subject)


def _docs(extern: _Extern) -> tuple[str | None, Span | None]:
    """What is written before the item; a named interface's own documentation is compared where it is declared."""
    interface = extern.item.interface
    return extern.item.docs or (interface.docs if interface.name is None else None), extern.span
