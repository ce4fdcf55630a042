"""The worlds of the suite: one for each guest, which imports the interface under test and exports `wasi:cli/run`."""

from __future__ import annotations

from collections.abc import Sequence

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.errors import GenerationError
from elastic_hal.codegen.targets.output import MARKER
from elastic_hal.codegen.targets.suite.cases import SuiteGuest
from elastic_hal.codegen.targets.suite.reach import all_interfaces

SUITE_PACKAGE = model.PackageName("elastic", "conformance-suite", None)


def suite_wit(resolve: model.Resolve, guests: Sequence[SuiteGuest]) -> str:
    """The text of the package of worlds; raises GenerationError where the contract comes without wasi:cli."""
    lines = [f"// {MARKER} from {resolve.main.name}. Do not edit.", f"package {SUITE_PACKAGE};"]
    for guest in guests:
        world = suite_world(resolve, guest)
        lines += ["", f"/// Tests `{guest.interface.id}`.", f"world {world.name} {{"]
        lines += [f"  import {name};" for name in world.imports]
        lines += [f"  export {name};" for name in world.exports]
        lines += ["}"]
    return "\n".join(lines) + "\n"


def suite_world(resolve: model.Resolve, guest: SuiteGuest) -> model.World:
    """The same world as a model. `environment` is imported too, because the arguments select the cases."""
    run, environment = (cli_interface(resolve, name) for name in ("run", "environment"))
    imported = dict.fromkeys((guest.interface, environment))
    return model.World(
        name=guest.name,
        package=model.Package(SUITE_PACKAGE),
        imports={interface.id or "": model.InterfaceItem(interface) for interface in imported},
        exports={run.id or "": model.InterfaceItem(run)},
        docs=f"Tests `{guest.interface.id}`.",
    )


def cli_interface(resolve: model.Resolve, name: str) -> model.Interface:
    """An interface of wasi:cli in the version that the contract uses."""
    for interface in all_interfaces(resolve):
        package = interface.package.name
        if (package.namespace, package.name, interface.name) == ("wasi", "cli", name):
            return interface
    place = f"the suite of {resolve.main.name}"
    raise GenerationError(f"a guest without wasi:cli/{name}", place, "put wasi:cli into the deps of the contract")
