"""What the platform underneath can do (CAP-1), asked before it is needed."""

from __future__ import annotations

import enum

from .bindings.elastic_hal.capabilities import (
    Capability,
    Limit,
    PlatformInfo,
    PlatformType,
    get_capability,
    list_capabilities,
    platform,
)
from .errors import NotFound, Unsupported

__all__ = [
    "Capability",
    "Limit",
    "PlatformInfo",
    "PlatformType",
    "get_capability",
    "limit",
    "list_capabilities",
    "platform",
    "require",
    "supports",
]


def supports(identifier: str, algorithm: enum.Enum | str | None = None) -> bool:
    """Whether calls of a catalogue function, such as `CRY-11`, are served; with `algorithm`, for that one.

    An id that the catalogue of this host does not have is not supported.
    """
    try:
        found = get_capability(identifier)
    except NotFound:
        return False
    return found.supported and (algorithm is None or _name(algorithm) in found.algorithms)


def require(identifier: str, algorithm: enum.Enum | str | None = None) -> None:
    """Raises Unsupported where `supports` is false, so that a program ends before it has begun."""
    if not supports(identifier, algorithm):
        wanted = identifier if algorithm is None else f"{identifier} with {_name(algorithm)}"
        raise Unsupported(f"this program needs {wanted}, which the platform does not have")


def limit(identifier: str, name: str) -> int | None:
    """A bound on the calls of a catalogue function, such as `message-bytes`; None where there is none of that name.

    Raises NotFound for an id that is not in the catalogue.
    """
    return next((bound.value for bound in get_capability(identifier).limits if bound.name == name), None)


def _name(algorithm: enum.Enum | str) -> str:
    return str(algorithm.value) if isinstance(algorithm, enum.Enum) else algorithm
