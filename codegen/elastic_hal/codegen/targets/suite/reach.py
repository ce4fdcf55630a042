"""Which interfaces an interface brings along: those whose types it uses, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.types import function_label


def find_interface(resolve: model.Resolve, identifier: str) -> model.Interface | None:
    """The interface with this id, such as `wasi:io/poll@0.2.9`."""
    return next((interface for interface in all_interfaces(resolve) if interface.id == identifier), None)


def all_interfaces(resolve: model.Resolve) -> Iterator[model.Interface]:
    """Every named interface of every package, dependencies first."""
    for package in resolve.packages:
        yield from package.interfaces.values()


def used_interfaces(interface: model.Interface) -> list[model.Interface]:
    """The interfaces that this one uses, dependencies before dependents, itself last."""
    order: list[model.Interface] = []
    _visit(interface, order, set())
    return order


def _visit(interface: model.Interface, order: list[model.Interface], seen: set[int]) -> None:
    if id(interface) in seen:
        return
    seen.add(id(interface))
    for definition in interface.types.values():
        for owner in _owners(definition):
            _visit(owner, order, seen)
    order.append(interface)


def _owners(definition: model.TypeDef) -> Iterator[model.Interface]:
    """Interfaces that own what an alias in the interface stands for. Only `use` reaches another interface."""
    target: model.Type = definition
    while isinstance(target, model.TypeDef) and isinstance(target.kind, model.Alias):
        target = target.kind.target
        if isinstance(target, model.TypeDef) and isinstance(target.owner, model.Interface):
            yield target.owner


def functions_by_label(interface: model.Interface) -> dict[str, model.Function]:
    """The interface's functions under the names that cases use."""
    return {function_label(function): function for function in interface.functions.values()}
