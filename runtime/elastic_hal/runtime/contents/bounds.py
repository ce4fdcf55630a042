"""How large a component may be in each of its parts.

Compilers, linkers and our own code go through these parts several times, some of them in time that grows with the
square of their number. Each bound is some ten times what the largest component has that toolchains make today.
"""

from __future__ import annotations

from typing import Final

MAX_COMPONENT_BYTES: Final = 256 * 1024**2
MAX_DEPTH: Final = 32
"""Components within components."""
MAX_IMPORTS: Final = 2_000
MAX_EXPORTS: Final = 2_000
"""Of one component."""
MAX_NAME_BYTES: Final = 4_096
MAX_ITEMS: Final = 50_000
"""Definitions of a component and all within it, outside of their core modules."""
MAX_TYPE_BYTES: Final = 512 * 1024
"""The type definitions of a component and all within it."""
MAX_MODULES: Final = 1_000
MAX_INSTANCES: Final = 1_000
"""Instances of core modules, and of components, after everything that is instantiated several times is counted."""
MAX_STEPS: Final = 200_000
"""Definitions that are gone through to count instances."""
MAX_MODULE_ITEMS: Final = 1_000_000
"""Imports, functions, globals, tables and the like of one core module."""
MAX_TABLES: Final = 1_000
MAX_MEMORIES: Final = 100
"""Of one core module. For each memory the host reserves gigabytes of addresses, however small it is."""
MAX_ALL_TABLES: Final = 10_000
MAX_ALL_MEMORIES: Final = 100
"""Of all instances together."""


class TooLargeError(Exception):
    """A part of a component is larger than its bound."""


def bound(what: str, count: int, most: int) -> None:
    """Refuse a number that is beyond its bound.

    Raises:
        TooLargeError: it is.
    """
    if count > most:
        raise TooLargeError(f"it has {count} {what}, and may have {most}")
