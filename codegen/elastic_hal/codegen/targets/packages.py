"""The files of a generated tree that hold no interface: package markers and `py.typed`."""

from __future__ import annotations

from elastic_hal.codegen.targets.layout import docstring
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan


def package_files(plan: TreePlan) -> dict[str, str]:
    """`py.typed`, and an `__init__.py` for each package's folder."""
    marker = marker_line(str(plan.world.package.name))
    files = {"py.typed": f"{marker}\n"}
    for module in plan.modules:
        files[f"{module.folder}/__init__.py"] = package_file(module)
    return files


def package_file(module: ModulePlan) -> str:
    """The `__init__.py` of the folder that a module lies in."""
    text = docstring(f"Bindings of the interfaces of {module.package}.")
    return f"{marker_line(str(module.package))}\n{text}\n"
