"""Compares interfaces: those of the package, and those written inline in worlds."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_attributes
from elastic_hal.codegen.diffing.changes import Subject
from elastic_hal.codegen.diffing.functions import compare_functions
from elastic_hal.codegen.diffing.rules import Rule
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.diffing.types import compare_types


def compare_interfaces(run: Run, root: Location, old: model.Package, new: model.Package) -> None:
    """Reports what differs between the interfaces of two versions of a package."""
    for name, interface in old.interfaces.items():
        outer = Location(root.path, run.roles(name))
        other = new.interfaces.get(name)
        location = outer.behind(f"interface {name}", interface.stability, other.stability if other else None)
        if other is None:
            run.report(Rule.INTERFACE_REMOVED, location, _subject(interface), None)
        else:
            compare_attributes(run, outer, location, interface, other, obliges=False)
            compare_contents(run, location, interface, other)
    for name, interface in new.interfaces.items():
        if name not in old.interfaces:
            outer = Location(root.path, run.roles(name))
            location = outer.behind(f"interface {name}", None, interface.stability)
            run.report(Rule.INTERFACE_ADDED, location, None, _subject(interface))


def compare_contents(run: Run, location: Location, old: model.Interface, new: model.Interface) -> None:
    """Reports what differs between the types and functions of two interfaces."""
    compare_types(run, location, old.types, new.types)
    compare_functions(run, location, old.functions, new.functions, (_resources(old), _resources(new)))


def _resources(interface: model.Interface) -> set[str]:
    return {name for name, type in interface.types.items() if isinstance(type.kind, model.Resource)}


def _subject(interface: model.Interface) -> Subject:
    return Subject(f"interface {interface.name}", interface.span)
