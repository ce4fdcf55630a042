"""Compares two versions of a package: the entrance."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.attributes import compare_docs
from elastic_hal.codegen.diffing.interfaces import compare_interfaces
from elastic_hal.codegen.diffing.report import Report
from elastic_hal.codegen.diffing.rules import Role
from elastic_hal.codegen.diffing.run import Location, Run
from elastic_hal.codegen.diffing.worlds import compare_worlds


class DifferentPackagesError(ValueError):
    """Two packages of different names were given, which are no versions of one another."""

    def __init__(self, old: model.PackageName, new: model.PackageName) -> None:
        super().__init__(
            f"`{old}` and `{new}` are different packages; a package that gets another name is a new one, "
            "which has no earlier version to be compared with"
        )
        self.old = old
        self.new = new
        self.hint = "give two versions of one package, the earlier one first"


def compare_packages(old: model.Package, new: model.Package) -> Report:
    """Everything that differs between two versions of a package, and what it means for hosts and guests.

    Raises DifferentPackagesError where they are not versions of one package.
    """
    if (old.name.namespace, old.name.name) != (new.name.namespace, new.name.name):
        raise DifferentPackagesError(old.name, new.name)
    run = Run(old, new)
    root = Location((), frozenset(Role))
    compare_docs(run, root.at("package"), (old.docs, None), (new.docs, None))
    compare_interfaces(run, root, old, new)
    compare_worlds(run, root, old, new)
    return Report(old.name, new.name, tuple(run.changes))
