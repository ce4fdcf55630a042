"""The whole tree of a suite: WIT packages and worlds, and for each interface a guest with bindings, table, cases and
interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from elastic_hal.codegen import model
from elastic_hal.codegen.printer import print_package
from elastic_hal.codegen.targets.guest import generate_guest
from elastic_hal.codegen.targets.output import MARKER, marker_line
from elastic_hal.codegen.targets.plan import plan_tree
from elastic_hal.codegen.targets.printing import print_template
from elastic_hal.codegen.targets.suite.cases import SuiteGuest
from elastic_hal.codegen.targets.suite.packing import cases_module
from elastic_hal.codegen.targets.suite.reach import used_interfaces
from elastic_hal.codegen.targets.suite.table import table_module
from elastic_hal.codegen.targets.suite.worlds import cli_interface, suite_wit, suite_world
from elastic_hal.codegen.targets.type_names import name_types

WIT_FOLDER = "wit"
INTERPRETER = "elastic_hal.codegen.targets.suite.interpreter"


def generate_suite(resolve: model.Resolve, guests: Sequence[SuiteGuest]) -> dict[str, str]:
    """The files of the suite, as relative path and text.

    Raises:
        GenerationError: the contract uses a construct that guests cannot carry, or comes without wasi:cli.
    """
    marker = marker_line(str(resolve.main.name))
    files = {f"{WIT_FOLDER}/suite.wit": suite_wit(resolve, guests)}
    for package in resolve.packages:
        folder = str(package.name).replace(":", "-").replace("/", "-")
        files[f"{WIT_FOLDER}/deps/{folder}/package.wit"] = (
            f"// {MARKER} from {package.name}. Do not edit.\n{print_package(package)}"
        )
    for guest in guests:
        for path, text in _guest_files(resolve, guest, marker).items():
            files[f"{guest.name}/{path}"] = text
    return files


def _guest_files(resolve: model.Resolve, guest: SuiteGuest, marker: str) -> dict[str, str]:
    world = suite_world(resolve, guest)
    plan = plan_tree(resolve, world)
    files = {f"bindings/{path}": text for path, text in generate_guest(resolve, world).items()}
    environment = next(
        module for module in plan.modules if module.import_name == cli_interface(resolve, "environment").id
    )
    files["app.py"] = print_template(
        "suite_app.py.jinja", marker=marker, interface=guest.interface.id, environment=environment
    )
    files["cases.py"] = cases_module(marker, guest.cases)
    files["table.py"] = table_module(marker, plan, name_types(plan), used_interfaces(guest.interface))
    for name, text in _interpreter().items():
        files[f"interpreter/{name}"] = f"{marker}\n{text}"
    return files


def _interpreter() -> dict[str, str]:
    """The interpreter's modules, which every guest has a copy of."""
    folder = resources.files(INTERPRETER)
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    }
