"""The whole tree of guest bindings of a world: a module for each interface, and what they share."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.errors import GenerationError
from elastic_hal.codegen.targets.guest.limits import beyond_limits
from elastic_hal.codegen.targets.guest.views import guest_module
from elastic_hal.codegen.targets.layout import docstring
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.packages import package_files
from elastic_hal.codegen.targets.plan import plan_tree
from elastic_hal.codegen.targets.printing import print_template
from elastic_hal.codegen.targets.type_names import name_types


def generate_guest(resolve: model.Resolve, world: model.World) -> dict[str, str]:
    """The guest bindings for what `world` imports, as relative path and text.

    They serve every guest whose own world imports some of these interfaces. The tree needs nothing but the standard
    library and what componentize-py puts into a guest; importing a module whose interface the guest's world lacks is
    an ImportError that says so.

    Raises:
        GenerationError: the world uses a construct that guest bindings cannot carry.
    """
    plan = plan_tree(resolve, world)
    beyond = beyond_limits(plan.world)
    if beyond is not None:
        raise GenerationError(beyond.limit.construct, beyond.whole_place, beyond.hint)
    names = name_types(plan)
    marker = marker_line(str(world.package.name))
    docs = docstring(world.docs or f"Guest bindings of {plan.world_id}.")
    files = package_files(plan)
    files["__init__.py"] = print_template("guest_world.py.jinja", marker=marker, docs=docs)
    for shared in ("support", "values"):
        files[f"_{shared}.py"] = print_template(f"guest_{shared}.py.jinja", marker=marker)
    for module in plan.modules:
        files[module.path] = print_template("guest_interface.py.jinja", module=guest_module(plan, module, names))
    return files
