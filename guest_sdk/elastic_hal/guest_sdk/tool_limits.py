"""What componentize-py cannot carry: said before it runs, with the construct and the place, because it says neither."""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.guest.limits import beyond_limits

from .tool_errors import BuildFailedError


def check_world(world: model.World) -> None:
    """Raises BuildFailedError where the world imports or exports something that a guest in Python cannot have."""
    found = beyond_limits(world)
    if found is not None:
        raise BuildFailedError(
            f"{found.limit.construct} in {found.whole_place} cannot be in a guest in Python", found.hint
        )
