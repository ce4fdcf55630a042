"""What is generated from a resolved contract: host bindings, guest bindings, conformance guests.

`generate_host` and `generate_guest` give a tree of files (relative path and text); `write_tree` puts it into a
folder. Generation reads nothing but the model and writes nothing, and the same model gives the same bytes.
"""

from elastic_hal.codegen.targets.errors import GenerationError, OutputError, TargetError
from elastic_hal.codegen.targets.guest import generate_guest
from elastic_hal.codegen.targets.host import generate_host
from elastic_hal.codegen.targets.output import MARKER, write_tree

__all__ = ["MARKER", "GenerationError", "OutputError", "TargetError", "generate_guest", "generate_host", "write_tree"]
