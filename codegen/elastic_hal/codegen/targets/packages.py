"""The files of a generated tree that hold no interface: package markers and `py.typed`."""

from __future__ import annotations

from elastic_hal.codegen.targets.layout import docstring
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.plan import TreePlan


def package_files(plan: TreePlan) -> dict[str, str]:
    """`py.typed`, and an `__init__.py` for each package's folder."""
    marker = marker_line(str(plan.world.package.name))
    files = {"py.typed": f"{marker}\n"}
    for module in plan.modules:
        text = docstring(f"Bindings of the interfaces of {module.package}.")
        files[f"{module.folder}/__init__.py"] = f"{marker_line(str(module.package))}\n{text}\n"
    return files
