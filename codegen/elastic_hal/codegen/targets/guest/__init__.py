"""Guest bindings: typed Python for the interfaces that a guest's world imports, over the modules that componentize-py
makes.
"""

from elastic_hal.codegen.targets.guest.tree import generate_guest

__all__ = ["generate_guest"]
