"""Where componentize-py looks for the classes of the resources that a world exports: in a module that has the name of
the interface, beside the app. The functions of the interface it wants as methods of a class in the app.
"""

from __future__ import annotations

from collections import Counter

from elastic_hal.codegen import model
from elastic_hal.codegen.naming import pascal, snake


def exported_resources(world: model.World) -> dict[str, tuple[str, ...]]:
    """Return the classes wanted, by module. Of interfaces of one name nothing is said: the tool invents names."""
    interfaces = [item.interface for item in world.exports.values() if isinstance(item, model.InterfaceItem)]
    names = Counter(interface.name for interface in interfaces)
    found = {}
    for interface in interfaces:
        classes = tuple(
            str(pascal(name)) for name, item in interface.types.items() if isinstance(item.kind, model.Resource)
        )
        if classes and interface.name is not None and names[interface.name] == 1:
            found[str(snake(interface.name))] = classes
    return found
