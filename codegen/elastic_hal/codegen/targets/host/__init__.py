"""Host bindings: what a host implements for the imports of a world, and how that is linked."""

from elastic_hal.codegen.targets.host.tree import generate_host

__all__ = ["generate_host"]
